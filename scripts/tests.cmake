# SPDX-License-Identifier: MIT
# Tests stand beside the code they test and are found by name, not by lists:
#   test_*.c      a cmocka program, linked with the libraries given
#   test_*.sh     a shell script that drives the built program
#   fuzz/*.c      a libFuzzer target; fuzz/corpus/<target>/ holds its inputs.
#                 Builds without libFuzzer replay those inputs (none: failure).
# Exit code 77 means skipped, and is never counted as passed.

if(PHASEBENCH_SANITIZE)
  set(phasebench_sanitized 1)
else()
  set(phasebench_sanitized 0)
endif()
# Where tests find what was built. PHASEBENCH is the program.
set(PHASEBENCH_TEST_ENV
  "PHASEBENCH=${PROJECT_BINARY_DIR}/phasebench"
  "PHASEBENCH_BUILD_DIR=${PROJECT_BINARY_DIR}"
  "PHASEBENCH_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "PHASEBENCH_SANITIZED=${phasebench_sanitized}"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1")

# add_tests_here(PREFIX prefix [FOLDER folder] LIBRARIES lib...): every test of this folder, or of
# the folder below it. Tests find the headers of their folder by their bare names.
function(add_tests_here)
  cmake_parse_arguments(arg "" "PREFIX;FOLDER" "LIBRARIES" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  set(here "${CMAKE_CURRENT_SOURCE_DIR}")
  if(arg_FOLDER)
    string(APPEND here "/${arg_FOLDER}")
  endif()
  file(GLOB programs CONFIGURE_DEPENDS "${here}/test_*.c")
  foreach(source IN LISTS programs)
    get_filename_component(stem ${source} NAME_WE)
    string(REGEX REPLACE "^test_" "" stem ${stem})
    set(target test_${arg_PREFIX}_${stem})
    add_executable(${target} ${source})
    target_include_directories(${target} PRIVATE "${here}")
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} PkgConfig::CMOCKA phasebench_flags)
    target_compile_options(${target} PRIVATE -UNDEBUG)
    add_test(NAME ${arg_PREFIX}.${stem} COMMAND ${target})
    set_tests_properties(${arg_PREFIX}.${stem} PROPERTIES
      ENVIRONMENT "${PHASEBENCH_TEST_ENV}" SKIP_RETURN_CODE 77 TIMEOUT 300)
  endforeach()
  file(GLOB scripts CONFIGURE_DEPENDS "${here}/test_*.sh")
  foreach(source IN LISTS scripts)
    get_filename_component(stem ${source} NAME_WE)
    string(REGEX REPLACE "^test_" "" stem ${stem})
    add_test(NAME ${arg_PREFIX}.${stem} COMMAND bash ${source})
    set_tests_properties(${arg_PREFIX}.${stem} PROPERTIES
      ENVIRONMENT "${PHASEBENCH_TEST_ENV}" SKIP_RETURN_CODE 77 TIMEOUT 600)
  endforeach()
  file(GLOB fuzzers CONFIGURE_DEPENDS "${here}/fuzz/*.c")
  foreach(source IN LISTS fuzzers)
    get_filename_component(stem ${source} NAME_WE)
    set(target ${stem}_${arg_PREFIX})
    add_executable(${target} ${source})
    target_include_directories(${target} PRIVATE "${here}")
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} phasebench_flags)
    target_compile_options(${target} PRIVATE -UNDEBUG)
    if(PHASEBENCH_FUZZ)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
      target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/phases/kit/testing/fuzz_replay.c")
      add_test(NAME ${arg_PREFIX}.${stem} COMMAND ${target} "${here}/fuzz/corpus/${stem}")
      set_tests_properties(${arg_PREFIX}.${stem} PROPERTIES
        ENVIRONMENT "${PHASEBENCH_TEST_ENV}" SKIP_RETURN_CODE 77 TIMEOUT 300)
    endif()
  endforeach()
endfunction()
