// Purpose: what we know of the terminal.
#pragma once

#include <unistd.h>

#include <cstddef>

namespace tidemark::cli {

[[nodiscard]] bool is_terminal(int descriptor);

/// The width, or 80 when it cannot be told.
[[nodiscard]] std::size_t terminal_columns(int descriptor);

}  // namespace tidemark::cli
