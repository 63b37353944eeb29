# Every third-party library behind a name of ours, so that a room never spells a path, a flag or a package.
#
#   tidemark::json, tidemark::doctest                  headers only
#   tidemark::fmt                                      Debian's; compiled here when TIDEMARK_STATIC
#   tidemark::math                                     Boost.Math, headers only
#   tidemark::program_options, tidemark::elfutils      Debian's; archives when TIDEMARK_STATIC
#   tidemark::csv                                      vincentlaucsb CSV Parser (CsvParser.cmake)
#
# All include directories are SYSTEM: the warnings that are errors for us are not errors of theirs.

if(TIDEMARK_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(Boost_USE_STATIC_LIBS ON)
endif()

# tidemark_alias(NAME TARGETS…): tidemark::NAME stands for these imported targets.
function(tidemark_alias name)
  add_library(tidemark_dependency_${name} INTERFACE)
  target_link_libraries(tidemark_dependency_${name} INTERFACE ${ARGN})
  add_library(tidemark::${name} ALIAS tidemark_dependency_${name})
endfunction()

# tidemark_elfutils(): libdw and libelf. A static libdw also needs the decompressors of the sections it reads
# (libdw.pc: Requires.private and Libs.private); the shared one brings them itself.
function(tidemark_elfutils)
  find_path(TIDEMARK_ELFUTILS_INCLUDE elfutils/libdw.h REQUIRED)
  set(names dw elf)
  if(TIDEMARK_STATIC)
    list(APPEND names lzma bz2 z)
  endif()
  set(libraries "")
  foreach(name IN LISTS names)
    find_library(path_of_${name} ${name} NO_CACHE REQUIRED) # anew each time: TIDEMARK_STATIC may have changed
    list(APPEND libraries "${path_of_${name}}")
  endforeach()
  tidemark_alias(elfutils ${libraries})
  target_include_directories(tidemark_dependency_elfutils SYSTEM INTERFACE "${TIDEMARK_ELFUTILS_INCLUDE}")
endfunction()

find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)
if(TIDEMARK_STATIC)
  add_library(tidemark_fmt STATIC "${CMAKE_CURRENT_LIST_DIR}/fmt/format.cpp") # Debian has no archive of it
  target_include_directories(tidemark_fmt SYSTEM PUBLIC $<TARGET_PROPERTY:fmt::fmt,INTERFACE_INCLUDE_DIRECTORIES>)
  tidemark_alias(fmt tidemark_fmt)
else()
  tidemark_alias(fmt fmt::fmt)
endif()
tidemark_alias(json nlohmann_json::nlohmann_json)
tidemark_alias(program_options Boost::program_options)
tidemark_alias(math Boost::headers)
tidemark_elfutils()
if(TIDEMARK_TESTS)
  find_package(doctest REQUIRED)
  tidemark_alias(doctest doctest::doctest)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/CsvParser.cmake)
