// What ledgers and censuses made by hand have alike: when and how they were read, and what that cost.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tidemark/model/heap.hpp"

namespace tidemark::reading_examples {

inline constexpr model::Bytes kb = 1024, mb = 1024 * kb;

inline model::HeapCost exact_cost() {
  return {.pause_ns = 4'210'000,
          .reap_pause_ns = 90'000,
          .read_ns = 640'000'000,
          .own_cpu_ns = 580'000'000,
          .bytes_read = 260 * mb,
          .own_rss_bytes = 38 * mb,
          .caused_faults = 312,
          .threads = 9,
          .interrupted_calls = {{"semtimedop", 1}}};
}

inline model::HeapCost racing_cost() {
  return {.read_ns = 640'000'000,
          .own_cpu_ns = 580'000'000,
          .bytes_read = 260 * mb,
          .own_rss_bytes = 38 * mb,
          .interrupted_calls = {}};
}

/// A HeapReading or a CensusReading.
template <class Reading>
Reading reading_of(decltype(Reading::processes) processes, std::string consistency) {
  return {.tool = "tidemark 0.1.0",
          .consistency = std::move(consistency),
          .wall_ns = 1'795'240'380'123'000'000,
          .processes = std::move(processes)};
}

}  // namespace tidemark::reading_examples
