# SPDX-License-Identifier: MIT
# Writes build_commit.h: which commit a build is made of. Run by each build, since
# what was true when CMake configured may not be any more; the file is touched only
# when its text changes.
#   cmake -DSOURCE=folder -DOUTPUT=file -P build_commit.cmake
set(commit "")
set(dirty 0)
set(date "")
set(missing "")
find_program(GIT git)
if(NOT GIT)
  set(missing "git is not installed where this was built")
else()
  execute_process(COMMAND ${GIT} -C "${SOURCE}" rev-parse --verify HEAD
    OUTPUT_VARIABLE commit ERROR_VARIABLE said RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(status EQUAL 0)
    # What a build is made of: results and reports that lie about do not change it.
    execute_process(COMMAND ${GIT} -C "${SOURCE}" status --porcelain --
        harness phases corpora CMakeLists.txt CMakePresets.json scripts/tests.cmake
      OUTPUT_VARIABLE changes RESULT_VARIABLE status)
    if(NOT status EQUAL 0 OR NOT changes STREQUAL "")
      set(dirty 1)
    endif()
    execute_process(COMMAND ${GIT} -C "${SOURCE}" show --no-patch --format=%cs HEAD
      OUTPUT_VARIABLE date ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  else()
    set(commit "")
    string(REGEX REPLACE "\n.*" "" said "${said}")
    # It goes into a C string, and has the name of a folder in it.
    string(REGEX REPLACE "[^A-Za-z0-9 ,.:/'()_-]" "_" said "${said}")
    set(missing "built outside of a git repository (${said})")
  endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT
"/* Made by build_commit.cmake. */
#define BUILD_COMMIT \"${commit}\"
#define BUILD_COMMIT_DIRTY ${dirty}
#define BUILD_COMMIT_DATE \"${date}\"
#define BUILD_COMMIT_MISSING \"${missing}\"
" @ONLY)
