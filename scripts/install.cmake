# SPDX-License-Identifier: MIT
# What `cmake --install BUILD --prefix DIR` puts where. The installed tree may be moved: the
# program finds the rest from its own place (harness/base/paths.c), libraries from theirs ($ORIGIN).
#   bin/phasebench                    lib/phasebench/       the runtime, stages/, grammars/
#   include/phasebench/               stage.h, stage_check.h and the tree-sitter header that they include
#   lib/libphasebench_stage_check.a   what a stage's own tests put it through
#   share/phasebench/                 corpora/, reports/, results/ (schemas, gate.json), skeleton/
#   share/man, bash-completion, zsh   share/pkgconfig, lib/cmake: to write stages with
include(CMakePackageConfigHelpers)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/install")
set(private lib/phasebench)
set(shared share/phasebench)

get_property(stages GLOBAL PROPERTY PHASEBENCH_STAGE_TARGETS)
get_property(grammars GLOBAL PROPERTY PHASEBENCH_GRAMMAR_TARGETS)
set_target_properties(phasebench PROPERTIES INSTALL_RPATH "$ORIGIN/../${private}")
set_target_properties(${stages} ${grammars} PROPERTIES INSTALL_RPATH "$ORIGIN/..")
install(TARGETS phasebench RUNTIME DESTINATION bin)
install(TARGETS tree-sitter LIBRARY DESTINATION ${private})
install(TARGETS ${stages} LIBRARY DESTINATION ${private}/stages)
install(FILES "${PHASEBENCH_STAGE_DIR}/stages.list" DESTINATION ${private}/stages)
install(TARGETS ${grammars} LIBRARY DESTINATION ${private}/grammars)
install(DIRECTORY "${PHASEBENCH_GRAMMAR_DIR}/" DESTINATION ${private}/grammars FILES_MATCHING PATTERN "*.json")

# ---- what is read while it runs ----
file(GLOB manifests CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/corpora/*.json")
install(FILES ${manifests} DESTINATION ${shared}/corpora)
install(PROGRAMS corpora/fetch.sh DESTINATION ${shared}/corpora)
file(GLOB locks CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/corpora/*/package-lock.json")
list(FILTER locks EXCLUDE REGEX "^corpora/grammars/")
foreach(lock IN LISTS locks)
  get_filename_component(folder ${lock} DIRECTORY)
  install(FILES ${folder}/package.json ${lock} DESTINATION ${shared}/${folder})
endforeach()
# The corpus `quick`: the packages that the grammars are made of, less what its manifest leaves out.
set(packages "${PROJECT_SOURCE_DIR}/corpora/grammars/node_modules")
file(READ "${PROJECT_SOURCE_DIR}/corpora/quick.json" quick)
string(JSON last LENGTH "${quick}" paths)
math(EXPR last "${last} - 1")
foreach(i RANGE ${last})
  string(JSON package GET "${quick}" paths ${i})
  install(DIRECTORY "${packages}/${package}" DESTINATION ${shared}/corpora/grammars/node_modules FILES_MATCHING
    PATTERN "*.c" PATTERN "*.h" PATTERN "*.cc" PATTERN "*.js" PATTERN "*.ts" PATTERN "LICENSE*" PATTERN "package.json"
    PATTERN "parser.c" EXCLUDE PATTERN "wasm-stdlib.h" EXCLUDE
    PATTERN "${package}/node_modules" EXCLUDE PATTERN "prebuilds" EXCLUDE)
endforeach()
file(GLOB reports CONFIGURE_DEPENDS LIST_DIRECTORIES false "${PROJECT_SOURCE_DIR}/reports/*")
list(FILTER reports EXCLUDE REGEX "/README\\.md$")
install(FILES ${reports} DESTINATION ${shared}/reports)
file(GLOB schemas CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/results/*.schema.json")
install(FILES ${schemas} results/gate.json DESTINATION ${shared}/results)

# ---- the manual, and completion of command lines ----
set(configured "${PROJECT_BINARY_DIR}/install")
set(man "${configured}/phasebench.1")
add_custom_command(OUTPUT "${man}" DEPENDS phasebench VERBATIM COMMENT "phasebench(1)"
  COMMAND phasebench help --man > "${man}.new"
  COMMAND "${CMAKE_COMMAND}" -E rename "${man}.new" "${man}")
add_custom_target(man ALL DEPENDS "${man}")
install(FILES "${man}" DESTINATION share/man/man1)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/scripts/completion/phasebench.bash")
file(READ "${PROJECT_SOURCE_DIR}/scripts/completion/phasebench.bash" PHASEBENCH_BASH_COMPLETION)
configure_file(scripts/completion/_phasebench.in "${configured}/_phasebench" @ONLY)
install(FILES "${configured}/_phasebench" DESTINATION share/zsh/site-functions)
install(FILES scripts/completion/phasebench.bash DESTINATION share/bash-completion/completions RENAME phasebench)

# ---- for writing stages outside of this tree ----
install(FILES phases/stage.h phases/kit/testing/stage_check.h DESTINATION include/phasebench)
install(TARGETS phasebench_stage_check ARCHIVE DESTINATION lib)
install(FILES "${packages}/tree-sitter/vendor/tree-sitter/lib/include/tree_sitter/api.h"
  DESTINATION include/phasebench/tree_sitter)
install(DIRECTORY phases/skeleton DESTINATION ${shared})
foreach(package IN ITEMS phasebench-stage phasebench-stage-check)
  configure_file(scripts/install/${package}.pc.in "${configured}/${package}.pc" @ONLY)
  install(FILES "${configured}/${package}.pc" DESTINATION share/pkgconfig)
endforeach()
write_basic_package_version_file("${configured}/phasebench-config-version.cmake" COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES scripts/install/phasebench-config.cmake "${configured}/phasebench-config-version.cmake"
  DESTINATION lib/cmake/phasebench)
