# -DTIDEMARK_PCH=ON: the headers that most files include are compiled once for all files with the same flags. script/test
# does so, because a cold build takes half as long; a developer's build does not. Which file fails to include what it uses of
# them is found by tests/unit/architecture/includes_test.cpp. docs/contributing.md says what ccache wants for it.

option(TIDEMARK_PCH "Precompile the headers that most files include" OFF)

set(tidemark_common_headers <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <cstring> <functional> <limits> <map>
  <memory> <optional> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

# tidemark_precompile(TARGET OWNER HEADERS…): TARGET sees the headers that OWNER precompiles; they are the same target,
# or have the same flags, which the compilers check (-Winvalid-pch).
function(tidemark_precompile target owner)
  if(NOT TIDEMARK_PCH)
    return()
  endif()
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()
