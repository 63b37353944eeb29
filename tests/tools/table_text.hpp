// Purpose: a layout as the C++ of a file in src/cpython/layout/.
#pragma once

#include <string>
#include <vector>

#include "tidemark/cpython/layout.hpp"

namespace tidemark::tools {

/// A StatedOffset whose name is a constant.
using StatedOffsets = std::vector<cpython::StatedOffset>;

/// From `table_begins` on to the end of the file. Entries that say nothing are left out.
[[nodiscard]] std::string table_text(const cpython::Layout& layout, const StatedOffsets& stated);

inline constexpr std::string_view table_begins = "// Below: written by script/layouts";

}  // namespace tidemark::tools
