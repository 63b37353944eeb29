// Purpose: what a person calls a process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidemark::proc {

/// Longer names are cut; a file's base name is at most this long.
inline constexpr std::size_t max_process_name_bytes = 255;

/// True for the base name of a CPython program: python, python3, python3.11, python3.13t, python3-dbg is not.
[[nodiscard]] bool is_python_name(std::string_view base_name);

/// The -m module or the script's base name when the command line is a Python interpreter's, else `comm`, else
/// `exe_name`. `raw_command_line` is /proc/PID/cmdline (NUL-separated), `exe_name` the base name or path of
/// /proc/PID/exe ("" when it was refused). The process is an interpreter when its argv[0] or its exe is named like one.
/// -c, stdin, a prompt and a command line rewritten as a title ("gunicorn: master [app]") give `comm`. Bytes are kept
/// as they are. Options as CPython 3.11 to 3.13 read them (Python/getopt.c).
[[nodiscard]] std::string process_name(std::string_view comm, std::string_view raw_command_line,
                                       std::string_view exe_name);

}  // namespace tidemark::proc
