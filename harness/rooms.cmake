# SPDX-License-Identifier: MIT
# room(name [USES room...] [LIBRARIES lib...]): the folder's sources, but main() and tests, become
# the static library room_<name>. What links it finds its headers as "<name>/FILE.h", and those of
# the rooms that it uses. Tests beside the sources are linked with the room, and may also use what
# tests share (testing/ and the kit's).
function(room name)
  cmake_parse_arguments(arg "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${name}/*.c ${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/(main|test_[^/]*)\\.c$")
  list(TRANSFORM arg_USES PREPEND room_)
  if(NOT sources)
    add_library(room_${name} INTERFACE)
    wall_around(room_${name} ${name} INTERFACE)
    target_link_libraries(room_${name} INTERFACE ${arg_USES} ${arg_LIBRARIES})
    return()
  endif()
  add_library(room_${name} STATIC ${sources})
  wall_around(room_${name} ${name} PUBLIC)
  target_link_libraries(room_${name} PUBLIC ${arg_USES} ${arg_LIBRARIES} PRIVATE phasebench_flags)
  add_tests_here(PREFIX ${name} FOLDER ${name} LIBRARIES room_${name} harness_testing kit_testing)
endfunction()
