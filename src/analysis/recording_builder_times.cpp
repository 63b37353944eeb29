#include <algorithm>
#include <cmath>

#include "detail/order_statistics.hpp"
#include "detail/tick_times.hpp"

namespace tidemark::analysis {
namespace {

std::int64_t median_ns(std::vector<double> distances_ns) { return std::llround(detail::median_of(distances_ns)); }

}  // namespace

void TickTimes::begin_tick(std::int64_t at_ns, bool by_mark) {
  ++ticks_;
  if (by_mark) return;
  if (last_ns_ && at_ns > *last_ns_) distances_ns_.push_back(static_cast<double>(at_ns - *last_ns_));
  last_ns_ = at_ns;
  if (distances_ns_.size() < median_due_) return;
  interval_ns_ = median_ns(distances_ns_);
  median_due_ = distances_ns_.size() * 2;
}

TickBooks TickTimes::books(std::int64_t declared_interval_ns) const {
  TickBooks books;
  books.ticks = ticks_;
  books.interval_ns = declared_interval_ns;
  if (books.interval_ns <= 0 && !distances_ns_.empty()) books.interval_ns = median_ns(distances_ns_);
  if (books.interval_ns <= 0) return books;
  constexpr double late_share = 0.1;
  for (const double distance_ns : distances_ns_) {
    const double intervals = distance_ns / static_cast<double>(books.interval_ns);
    const auto missed = std::llround(intervals) - 1;
    if (missed > 0) {
      books.lost += static_cast<std::uint64_t>(missed);
    } else if (intervals > 1 + late_share) {
      ++books.late;
    }
  }
  return books;
}

Timeline::Place Timeline::place(const model::RecordedRow& row, std::int64_t jitter_ns, std::int64_t interval_ns) {
  Place place{.at_ns = row.elapsed_ns + shift_ns_, .after_break = false};
  if (last_ns_ && place.at_ns < *last_ns_ - jitter_ns) {
    const bool has_wall = last_wall_ns_ > 0 && row.wall_ns > last_wall_ns_;
    const std::int64_t next_ns = *last_ns_ + (has_wall ? row.wall_ns - last_wall_ns_ : interval_ns);
    shift_ns_ += next_ns - place.at_ns;
    place = {.at_ns = next_ns, .after_break = true};
  }
  place.at_ns = std::max(place.at_ns, last_ns_.value_or(place.at_ns));
  last_ns_ = place.at_ns;
  last_wall_ns_ = row.wall_ns;
  return place;
}

}  // namespace tidemark::analysis
