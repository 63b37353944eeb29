#include "detail/focus.hpp"

#include <algorithm>
#include <bit>

namespace tidemark::heap {

using model::GcPlace;

/// xorshift64*: the same objects are drawn again when nothing has changed.
std::uint64_t Focus::random_below(std::uint64_t end) {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return (random_ * 0x2545'f491'4f6c'dd1d >> 11) % end;
}

void Focus::take(const SeenObject& object) {
  const auto bucket = static_cast<std::size_t>(std::bit_width(object.bytes));
  if (bucket < bucket_count) {
    ++counts_[bucket];
    bytes_[bucket] += object.bytes;
  }
  if (has_gc_ && addresses_.size() < most_addresses) addresses_.push_back(object.address);
  ++seen_;
  if (samples_.size() < wanted_) {
    samples_.push_back(object);
  } else if (const auto place = random_below(seen_); place < wanted_) {  // algorithm R
    samples_[place] = object;
  }
}

void Focus::sort() {
  std::sort(addresses_.begin(), addresses_.end());
  addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
  places_.assign(addresses_.size(), static_cast<std::uint8_t>(GcPlace::unknown));
  std::sort(samples_.begin(), samples_.end(),
            [](const SeenObject& left, const SeenObject& right) { return left.address < right.address; });
}

std::size_t Focus::find(std::uint64_t address) const {
  const auto found = std::lower_bound(addresses_.begin(), addresses_.end(), address);
  return found != addresses_.end() && *found == address ? static_cast<std::size_t>(found - addresses_.begin())
                                                        : addresses_.size();
}

void Focus::place(std::uint64_t address, GcPlace place) {
  const auto at = find(address);
  if (at < places_.size()) places_[at] = static_cast<std::uint8_t>(place);
}

void Focus::end_places(bool lists_are_whole) {
  if (!lists_are_whole) return;
  for (auto& place : places_) {
    if (place == static_cast<std::uint8_t>(GcPlace::unknown)) place = static_cast<std::uint8_t>(GcPlace::untracked);
  }
}

GcPlace Focus::place_of(std::uint64_t address) const {
  if (!has_gc_) return GcPlace::untracked;
  const auto at = find(address);
  return at < places_.size() ? static_cast<GcPlace>(places_[at]) : GcPlace::unknown;
}

std::array<std::uint64_t, model::gc_place_count> Focus::places() const {
  std::array<std::uint64_t, model::gc_place_count> sums{};
  for (const auto place : places_) ++sums.at(place);
  sums[static_cast<std::size_t>(has_gc_ ? GcPlace::unknown : GcPlace::untracked)] += seen_ - places_.size();
  return sums;
}

std::vector<model::SizeBucket> Focus::sizes() const {
  std::vector<model::SizeBucket> sizes;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    if (counts_[i] == 0) continue;
    sizes.push_back({.from = i == 0 ? 0 : std::uint64_t{1} << (i - 1), .count = counts_[i], .bytes = bytes_[i]});
  }
  return sizes;
}

}  // namespace tidemark::heap
