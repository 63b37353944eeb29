#include "detail/line_reader.hpp"

namespace tidemark::record::detail {

/// Adds bytes behind those that are left; false when there are none.
bool LineReader::fill() {
  constexpr std::size_t block_bytes = std::size_t{256} << 10U;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t left = buffer_.size();
  buffer_.resize(left + block_bytes);
  const std::streamsize got = file_.sgetn(buffer_.data() + left, static_cast<std::streamsize>(block_bytes));
  buffer_.resize(left + static_cast<std::size_t>(got));
  return got > 0;
}

bool LineReader::next(Line& line) {
  line = Line{.text = {}, .number = ++number_, .too_long = false};
  std::size_t searched = begin_;
  while (true) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      if (!line.too_long) line.text = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = end + 1;
      return true;
    }
    if (buffer_.size() - begin_ > max_line_bytes) {
      line.too_long = true;
      begin_ = buffer_.size();
    }
    searched = buffer_.size() - begin_;
    if (!fill()) return false;
  }
}

}  // namespace tidemark::record::detail
