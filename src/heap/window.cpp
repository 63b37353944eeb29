#include "detail/window.hpp"

#include <algorithm>

namespace tidemark::heap {

bool Window::load(Range range) {
  range_ = range;
  if (bytes_.size() < range.size()) bytes_.resize(range.size());
  there_ = space_.resident(range);
  requests_.clear();
  for (const auto& part : there_) {
    requests_.push_back({.from = {part.start},
                         .into = std::span(bytes_.data() + (part.start - range.start), part.size()),
                         .status = {}});
  }
  memory_.read_many(requests_);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    if (requests_[i].status) {
      bytes_read_ += there_[i].size();
      there_[kept++] = there_[i];
    } else {
      lost_bytes_ += there_[i].size();
    }
  }
  there_.resize(kept);
  clear_gaps();
  is_complete_ = there_.size() == 1 && there_.front() == range;
  return !there_.empty();
}

void Window::clear_gaps() {
  std::uint64_t at = range_.start;
  const auto clear_to = [&](std::uint64_t end) {
    if (at < end) std::memset(bytes_.data() + (at - range_.start), 0, end - at);
  };
  for (const auto& part : there_) {
    clear_to(part.start);
    at = part.end;
  }
  clear_to(range_.end);
}

bool Window::is_there(Range range) const {
  const auto after = std::upper_bound(there_.begin(), there_.end(), range.start,
                                      [](std::uint64_t at, const Range& part) { return at < part.start; });
  return after != there_.begin() && std::prev(after)->end >= range.end;
}

}  // namespace tidemark::heap
