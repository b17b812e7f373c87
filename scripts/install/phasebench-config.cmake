# SPDX-License-Identifier: MIT
# find_package(phasebench) for stages outside of phasebench's tree: the target phasebench::stage_abi
# has the folder of stage.h and tree_sitter/api.h. Nothing is linked: the program that loads a stage
# has the tree-sitter runtime.
get_filename_component(phasebench_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT EXISTS "${phasebench_prefix}/include/phasebench/stage.h")
  set(phasebench_FOUND FALSE)
  set(phasebench_NOT_FOUND_MESSAGE "${phasebench_prefix}/include/phasebench/stage.h is missing: install phasebench again")
  return()
endif()
if(NOT TARGET phasebench::stage_abi)
  add_library(phasebench::stage_abi INTERFACE IMPORTED)
  set_target_properties(phasebench::stage_abi PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${phasebench_prefix}/include/phasebench")
endif()
