// Purpose: --locate and --layout, which insist on one way to find a runtime or its layout; the same for every command
// that has them.
#pragma once

#include "command_line.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cli {

void add_locate_options(boost::program_options::options_description_easy_init& add);

/// Throws Refused for a name that is none.
[[nodiscard]] cpython::LocateOptions locate_options_of(const CommandLine& line);

}  // namespace tidemark::cli
