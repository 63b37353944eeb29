// Purpose: words and lines that the forms of a stack share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tidemark/model/stack.hpp"

namespace tidemark::present::detail {

/// "function" of a frame, safe to print; "?" for a code object without a name.
[[nodiscard]] std::string function_of(const model::FrameLocation& frame);
/// "file:line"; "file:?" for an instruction that has no line. Safe to print.
[[nodiscard]] std::string place_of(const model::FrameLocation& frame);

/// A path in at most `width` columns: whole directories are left out of its middle, its file name is kept as long as it
/// fits: "/srv/…/views/orders.py".
[[nodiscard]] std::string shortened_path(std::string_view path, std::size_t width, bool ascii);

/// The beginning of a text in at most `width` columns, safe to print: what is left out is an ellipsis at its end.
[[nodiscard]] std::string cut_at_end(std::string_view text, std::size_t width, bool ascii);

/// Why a thread has no frames, or not all, as a sentence: "its stack moved each of the 5 times that it was read".
[[nodiscard]] std::string failure_sentence(const model::ThreadStack& thread);

}  // namespace tidemark::present::detail
