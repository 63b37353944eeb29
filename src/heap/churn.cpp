#include "detail/churn.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <thread>

#include "tidemark/base/clock.hpp"

namespace tidemark::heap {

namespace {

constexpr std::size_t most_pools = 8192, most_stretches = 512;
constexpr std::uint64_t stretch_bytes = std::uint64_t{64} << 10;
constexpr int least_looks = 8, most_looks = 64;
constexpr std::int64_t between_ns = 5 * base::ns_per_ms;
constexpr double margin = 2;  ///< the next reading may be on the other side; between two looks is more
constexpr std::uint64_t always = std::uint64_t{256} << 10;  ///< what is being made and dropped at any instant

}  // namespace

ChurnMeter::ChurnMeter(const AddressSpace& space, const memory::MemorySource& memory, const Arenas& arenas,
                       const std::vector<Waypoint>& waypoints)
    : space_(space), memory_(memory), pool_bytes_(arenas.pool_bytes), window_(memory, space) {
  choose_pools(arenas);
  choose_stretches(waypoints);
}

void ChurnMeter::choose_pools(const Arenas& arenas) {
  std::vector<std::uint64_t> all;
  for (const auto& arena : arenas.live) {
    const std::uint64_t end = std::min(arena.address + arenas.arena_bytes, arena.pool_address);
    for (auto at = (arena.address + pool_bytes_ - 1) / pool_bytes_ * pool_bytes_; at + pool_bytes_ <= end;
         at += pool_bytes_) {
      if (space_.is_resident(at)) all.push_back(at);
    }
  }
  const std::size_t step = all.size() / most_pools + 1;
  for (std::size_t i = 0; i < all.size(); i += step) pools_.push_back(all[i]);
  if (!pools_.empty()) pool_scale_ = static_cast<double>(all.size()) / static_cast<double>(pools_.size());
  heads_.resize(pools_.size());
  last_.resize(pools_.size());
}

void ChurnMeter::choose_stretches(const std::vector<Waypoint>& waypoints) {
  const std::size_t step = waypoints.size() / most_stretches + 1;
  for (std::size_t i = 0; i < waypoints.size(); i += step) stretches_.push_back({.from = waypoints[i], .levels = {}});
  if (!stretches_.empty()) {
    chunk_scale_ = static_cast<double>(waypoints.size()) / static_cast<double>(stretches_.size());
  }
}

void ChurnMeter::look_at_pools(Levels& levels) {
  std::vector<memory::ReadRequest> requests;
  requests.reserve(pools_.size());
  for (std::size_t i = 0; i < pools_.size(); ++i) requests.push_back({{pools_[i]}, heads_[i], {}});
  memory_.read_many(requests);
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    if (requests[i].status) {
      const auto size_class = load<std::uint32_t>(heads_[i].data() + 36);
      const auto used = load<std::uint32_t>(heads_[i].data());
      if (size_class < pool_classes && std::uint64_t{used} * (size_class + 1) * 16 <= pool_bytes_) {
        const double before = last_[i].second * (last_[i].first + 1) * 16.0, now = used * (size_class + 1) * 16.0;
        exchanged_ += std::abs(now - before) * pool_scale_;
        last_[i] = {size_class, used};
      }
    }
    levels[last_[i].first] += last_[i].second * (last_[i].first + 1) * std::uint64_t{16};
  }
}

/// Chunks from a known one on; as it was before when that is no chunk any more.
void ChurnMeter::look_at(Stretch& stretch) {
  const std::uint64_t end = std::min(stretch.from.chunk + stretch_bytes, stretch.from.segment_end);
  if (!window_.load({stretch.from.chunk, end})) return;
  std::array<std::uint64_t, 2 * chunk_classes> levels{};
  std::uint64_t size = 0;
  if (window_.take(stretch.from.chunk + 8, size) == nullptr) return;
  for (std::uint64_t chunk = stretch.from.chunk; chunk + chunk_head <= end;) {
    const std::uint64_t bytes = size & ~size_bits;
    if (bytes < least_chunk || bytes % chunk_unit != 0 || bytes > stretch.from.segment_end - chunk) return;
    std::uint64_t next = 0;
    if (window_.take(chunk + bytes + 8, next) == nullptr) {  // beyond what is looked at: a large one, or the last
      look_at_large(stretch, chunk + bytes + 8, bytes);
      break;
    }
    const auto size_class = std::min<std::size_t>(std::bit_width(bytes), chunk_classes - 1);
    levels[size_class + ((next & prev_in_use) != 0 ? 0 : chunk_classes)] += bytes;
    chunk += bytes;
    size = next;
  }
  for (std::size_t i = 0; i < chunk_classes; ++i) {
    const double moved = std::abs(static_cast<double>(levels[i]) - static_cast<double>(stretch.levels[i]));
    exchanged_ += moved * chunk_scale_;
    largest_ = std::max(largest_, moved);
  }
  stretch.levels = levels;
}

/// Large blocks are few: that one came or went is worth its size, once.
void ChurnMeter::look_at_large(Stretch& stretch, std::uint64_t next_size_at, std::uint64_t bytes) {
  const auto next = memory_.read_value<std::uint64_t>({next_size_at});
  if (!next) return;
  const std::uint64_t used = (*next & prev_in_use) != 0 ? bytes : 0;
  if (used != stretch.large) largest_ = std::max(largest_, static_cast<double>(std::max(used, stretch.large)));
  stretch.large = used;
}

ChurnMeter::Levels ChurnMeter::look(const proc::ProcessFiles& files) {
  Levels levels{};
  look_at_pools(levels);
  for (auto& stretch : stretches_) {
    look_at(stretch);
    for (std::size_t i = 0; i < stretch.levels.size(); ++i) levels[pool_classes + i] += stretch.levels[i];
  }
  if (const auto status = files.status()) levels.back() = status->vm_rss.value_or(0);
  return levels;
}

std::uint64_t ChurnMeter::measure(const proc::ProcessFiles& files, std::int64_t duration_ns, std::int64_t unsure_ns) {
  const base::SystemClock clock;
  Levels lowest = look(files), highest = lowest;
  exchanged_ = largest_ = 0;
  const std::int64_t began_ns = clock.monotonic_ns(), end_ns = began_ns + duration_ns;
  for (int looks = 1; looks < most_looks && (looks < least_looks || clock.monotonic_ns() < end_ns); ++looks) {
    const std::int64_t pause_ns = std::min(between_ns + (looks % 5) * base::ns_per_ms, duration_ns / least_looks);
    std::this_thread::sleep_for(std::chrono::nanoseconds(pause_ns));
    const Levels now = look(files);
    for (std::size_t i = 0; i < now.size(); ++i) {
      lowest[i] = std::min(lowest[i], now[i]);
      highest[i] = std::max(highest[i], now[i]);
    }
  }
  const auto looked_ns = static_cast<double>(std::max<std::int64_t>(clock.monotonic_ns() - began_ns, 1));
  const double unsure = exchanged_ * static_cast<double>(unsure_ns) / looked_ns;
  double moved = 0;
  for (std::size_t i = 0; i < lowest.size(); ++i) {
    const double scale = i < pool_classes ? pool_scale_ : i + 1 < lowest.size() ? chunk_scale_ : 1.0;
    moved += static_cast<double>(highest[i] - lowest[i]) * scale;
  }
  return static_cast<std::uint64_t>(std::llround(moved * margin + unsure + largest_)) + always;
}

}  // namespace tidemark::heap
