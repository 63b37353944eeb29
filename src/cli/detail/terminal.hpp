// Purpose: what we know of the terminal.
#pragma once

#include <unistd.h>

#include <cstddef>

#include "tidemark/present/report.hpp"

namespace tidemark::cli {

[[nodiscard]] bool is_terminal(int descriptor);

/// The width, or 80 when it cannot be told.
[[nodiscard]] std::size_t terminal_columns(int descriptor);

/// Width, colour and characters that suit what the descriptor is: a terminal, or a file or pipe (80 columns, UTF-8, no
/// colour).
[[nodiscard]] present::TextStyle style_of(int descriptor);

}  // namespace tidemark::cli
