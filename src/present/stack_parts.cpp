#include "detail/stack_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tidemark/base/text.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

std::vector<std::string_view> directories_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::string function_of(const model::FrameLocation& frame) {
  if (!frame.code || frame.code->function.empty()) return "?";
  return base::escape_unprintable(frame.code->function);
}

std::string place_of(const model::FrameLocation& frame) {
  const std::string file = frame.code ? base::escape_unprintable(frame.code->file) : std::string("?");
  return frame.line ? fmt::format("{}:{}", file, *frame.line) : file + ":?";
}

std::string shortened_path(std::string_view path, std::size_t width, bool ascii) {
  if (display_columns(path) <= width) return std::string(path);
  const auto parts = directories_of(path);
  // The first directory of an absolute path follows an empty part: "/srv".
  const std::size_t head_parts = path.starts_with('/') ? 2 : 1;
  if (parts.size() > head_parts + 1) {
    std::string head(parts.front());
    if (head_parts == 2) head += "/" + std::string(parts[1]);
    head += ascii ? "/..." : "/…";
    for (std::size_t first = head_parts + 1; first < parts.size(); ++first) {
      std::string cut = head;
      for (std::size_t at = first; at < parts.size(); ++at) cut += "/" + std::string(parts[at]);
      if (display_columns(cut) <= width) return cut;
    }
  }
  return printable(parts.back(), width, ascii);
}

std::string cut_at_end(std::string_view text, std::size_t width, bool ascii) {
  const std::string safe = base::escape_unprintable(text);
  if (display_columns(safe) <= width) return safe;
  const std::string_view ellipsis = ascii ? "..." : "…";
  std::size_t end = 0;
  for (std::size_t next = 0; next < safe.size(); end = next) {
    next += std::max<std::size_t>(base::utf8_character_length(std::string_view(safe).substr(next)), 1);
    const auto shown = std::string_view(safe).substr(0, next);
    if (display_columns(shown) + display_columns(ellipsis) > width) break;
  }
  return safe.substr(0, end) + std::string(ellipsis);
}

std::string failure_sentence(const model::ThreadStack& thread) {
  const auto reason = *thread.failure;
  switch (reason) {
    case model::Reason::torn:
      return fmt::format("its stack moved each of the {} times that it was read", thread.tries);
    case model::Reason::absent:
      return "a page of it is not resident, and reading it would fault it in";
    case model::Reason::limit:
      return thread.frames ? "deeper than what is read: its outermost frames are missing" : "a cap was passed";
    case model::Reason::gone:
      return "it ended while it was read";
    default:
      return std::string(model::text_of(reason));
  }
}

}  // namespace tidemark::present::detail
