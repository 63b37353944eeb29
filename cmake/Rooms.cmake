# tidemark_room(NAME USES …): the static library of one room, from src/NAME and include/tidemark/NAME.
# Names without :: are other rooms; the rest are imported targets.

add_library(tidemark_options INTERFACE)
target_compile_options(tidemark_options INTERFACE
  $<$<BOOL:${TIDEMARK_WARNINGS}>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror>)
if(TIDEMARK_SANITIZE)
  target_compile_options(tidemark_options INTERFACE
    -fsanitize=${TIDEMARK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # g++ 12 sees uninitialised members in the checked code of std::regex that are not there.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(tidemark_options INTERFACE -fsanitize=${TIDEMARK_SANITIZE})
endif()
set(tidemark_fuzzed_rooms base model memory elf cpython heap) # the readers; what counts their branches makes code slow

function(tidemark_room name)
  cmake_parse_arguments(PARSE_ARGV 1 ROOM "" "" "USES")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
  if(sources)
    set(kind PUBLIC)
    add_library(tidemark_${name} STATIC ${sources})
  else()
    set(kind INTERFACE)
    add_library(tidemark_${name} INTERFACE)
  endif()
  target_include_directories(tidemark_${name} ${kind} "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(tidemark_${name} ${kind} tidemark_options)
  foreach(dependency IN LISTS ROOM_USES)
    if(dependency MATCHES "::")
      target_link_libraries(tidemark_${name} ${kind} ${dependency})
    else()
      target_link_libraries(tidemark_${name} ${kind} tidemark_${dependency})
    endif()
  endforeach()
  set(precompiled_by tidemark_base)
  if(TIDEMARK_FUZZ AND sources AND name IN_LIST tidemark_fuzzed_rooms)
    target_compile_options(tidemark_${name} PRIVATE -fsanitize=fuzzer-no-link)
  elseif(TIDEMARK_FUZZ AND name STREQUAL "record")
    set(precompiled_by tidemark_record) # its tests compute most of all, and keep their -O1
  elseif(TIDEMARK_FUZZ)
    set(precompiled_by tidemark_proc) # the first of the others
    if(sources)
      target_compile_options(tidemark_${name} PRIVATE -O0) # clang takes a third less for it
    endif()
  endif()
  if(sources)
    tidemark_precompile(tidemark_${name} ${precompiled_by} ${tidemark_common_headers})
  endif()
  target_compile_definitions(tidemark_${name} ${kind} TIDEMARK_VERSION="${PROJECT_VERSION}")
endfunction()
