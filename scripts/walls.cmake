# SPDX-License-Identifier: MIT
# wall_around(target path scope [folder]): who links the target finds the folder's headers as
# "path/FILE.h" and no other folder's, since the include path is a folder of build/rooms in which a
# link to this one is all there is. folder: CMAKE_CURRENT_SOURCE_DIR/path unless it is given.
function(wall_around target path scope)
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}/${path}")
  if(ARGC GREATER 3)
    set(folder "${ARGV3}")
  endif()
  set(door "${PROJECT_BINARY_DIR}/rooms/${target}")
  get_filename_component(parent "${door}/${path}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  file(CREATE_LINK "${folder}" "${door}/${path}" SYMBOLIC)
  target_include_directories(${target} ${scope} "${door}")
endfunction()
