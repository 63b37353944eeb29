# tidemark::csv: vincentlaucsb CSV Parser, which reads every CSV that we read.
#
# It is in no Debian release and has no install rule. script/setup unpacks its source to a cache outside the tree;
# here it is compiled, once per toolchain and sanitizer, into that cache, because it takes about as long as all of
# tidemark. -DTIDEMARK_CSV_PARSER_DIR=DIR names another unpacked copy; its archive then stays in the build directory.

set(TIDEMARK_CSV_PARSER_VERSION 5.6.0)
if(DEFINED ENV{XDG_CACHE_HOME})
  set(csv_cache "$ENV{XDG_CACHE_HOME}/tidemark")
else()
  set(csv_cache "$ENV{HOME}/.cache/tidemark")
endif()
set(csv_cache "${csv_cache}/csv-parser-${TIDEMARK_CSV_PARSER_VERSION}")
set(TIDEMARK_CSV_PARSER_DIR "${csv_cache}" CACHE PATH "Unpacked source of the CSV parser (holds include/csv.hpp)")

if(NOT EXISTS "${TIDEMARK_CSV_PARSER_DIR}/include/csv.hpp")
  message(FATAL_ERROR "No CSV parser in ${TIDEMARK_CSV_PARSER_DIR}: run script/setup, "
                      "or name a copy of its source with -DTIDEMARK_CSV_PARSER_DIR=DIR.")
endif()

# csv_archive_dir(OUT): where the archive of this toolchain and sanitizer lives. Whatever changes the code that the
# compiler makes is in the name, so that an archive is never reused by a build that it does not fit.
function(csv_archive_dir out)
  file(READ "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/csv-parser/CMakeLists.txt" recipe)
  list(APPEND recipe "${TIDEMARK_CSV_DEFINITIONS}" "${TIDEMARK_CSV_PARSER_DIR}"
                     "${CMAKE_CXX_COMPILER}" "${CMAKE_CXX_FLAGS}" "${TIDEMARK_SANITIZE}")
  string(SHA256 hash "${recipe}")
  string(SUBSTRING "${hash}" 0 12 hash)
  string(REPLACE "," "+" sanitizer "-${TIDEMARK_SANITIZE}-")
  string(TOLOWER "${CMAKE_CXX_COMPILER_ID}-${CMAKE_CXX_COMPILER_VERSION}${sanitizer}${hash}" key)
  string(REPLACE "--" "-" key "${key}")
  if(TIDEMARK_CSV_PARSER_DIR STREQUAL csv_cache)
    set(${out} "${csv_cache}/lib/${key}" PARENT_SCOPE)
  else()
    set(${out} "${CMAKE_BINARY_DIR}/csv-parser/${key}" PARENT_SCOPE)
  endif()
endfunction()

# csv_run(COMMAND…): one step of the inner build; its output is shown only when it fails.
function(csv_run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "Building the CSV parser failed (${status}):\n${output}")
  endif()
endfunction()

# csv_build(DIR): makes DIR/libcsv.a unless it is there. A second configure waits at the lock and finds it; the file
# appears by rename, so an interrupted build leaves none.
function(csv_build dir)
  file(MAKE_DIRECTORY "${dir}")
  file(LOCK "${dir}.lock" GUARD FUNCTION TIMEOUT 600)
  if(EXISTS "${dir}/libcsv.a")
    return()
  endif()
  message(STATUS "Building the CSV parser once for this toolchain (about a minute): ${dir}")
  file(REMOVE_RECURSE "${dir}.tmp")
  csv_run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/csv-parser" -B "${dir}.tmp" -G "${CMAKE_GENERATOR}"
          "-DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM}" "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}"
          "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}" "-DTIDEMARK_SANITIZE=${TIDEMARK_SANITIZE}"
          "-DCSV_PARSER_DIR=${TIDEMARK_CSV_PARSER_DIR}")
  csv_run("${CMAKE_COMMAND}" --build "${dir}.tmp")
  file(RENAME "${dir}.tmp/libcsv.a" "${dir}/libcsv.a")
  file(REMOVE_RECURSE "${dir}.tmp")
endfunction()

include("${CMAKE_CURRENT_LIST_DIR}/csv-parser/definitions.cmake")
csv_archive_dir(csv_dir)
csv_build("${csv_dir}")
add_library(tidemark::csv STATIC IMPORTED GLOBAL)
set_target_properties(tidemark::csv PROPERTIES IMPORTED_LOCATION "${csv_dir}/libcsv.a")
# SYSTEM is what an imported target's include directories are by default.
target_include_directories(tidemark::csv INTERFACE "${TIDEMARK_CSV_PARSER_DIR}/include")
target_compile_definitions(tidemark::csv INTERFACE ${TIDEMARK_CSV_DEFINITIONS})
