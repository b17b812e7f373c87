# SPDX-License-Identifier: MIT
# find_package(phasebench) for stages outside of phasebench's tree:
#   phasebench::stage_abi     the folder of stage.h and tree_sitter/api.h. Nothing is linked: the
#                             program that loads a stage has the tree-sitter runtime.
#   phasebench::stage_check   for tests of a stage: stage_check.h, its library, the runtime
#   phasebench_GRAMMAR_DIR    for the environment variable PHASEBENCH_GRAMMAR_DIR of such tests
get_filename_component(phasebench_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
foreach(phasebench_file IN ITEMS include/phasebench/stage.h lib/libphasebench_stage_check.a lib/phasebench/libtree-sitter.so)
  if(NOT EXISTS "${phasebench_prefix}/${phasebench_file}")
    set(phasebench_FOUND FALSE)
    set(phasebench_NOT_FOUND_MESSAGE "${phasebench_prefix}/${phasebench_file} is missing: install phasebench again")
    return()
  endif()
endforeach()
set(phasebench_GRAMMAR_DIR "${phasebench_prefix}/lib/phasebench/grammars")
if(NOT TARGET phasebench::stage_abi)
  add_library(phasebench::stage_abi INTERFACE IMPORTED)
  set_target_properties(phasebench::stage_abi PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${phasebench_prefix}/include/phasebench")
  add_library(phasebench::tree_sitter SHARED IMPORTED)
  set_target_properties(phasebench::tree_sitter PROPERTIES
    IMPORTED_LOCATION "${phasebench_prefix}/lib/phasebench/libtree-sitter.so" IMPORTED_SONAME libtree-sitter.so)
  add_library(phasebench::stage_check STATIC IMPORTED)
  set_target_properties(phasebench::stage_check PROPERTIES
    IMPORTED_LOCATION "${phasebench_prefix}/lib/libphasebench_stage_check.a"
    INTERFACE_LINK_LIBRARIES "phasebench::stage_abi;phasebench::tree_sitter;${CMAKE_DL_LIBS}")
endif()
