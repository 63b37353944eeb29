// Purpose: values over time. Invariant: as many times as values, times never decreasing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tidemark::analysis {

struct Series {
  std::vector<std::int64_t> elapsed_ns;
  std::vector<double> values;

  void add(std::int64_t at_ns, double value) {
    elapsed_ns.push_back(at_ns);
    values.push_back(value);
  }
  [[nodiscard]] std::size_t size() const { return values.size(); }
  [[nodiscard]] bool empty() const { return values.empty(); }
  /// From the first time to the last; 0 when there are fewer than two.
  [[nodiscard]] std::int64_t span_ns() const { return empty() ? 0 : elapsed_ns.back() - elapsed_ns.front(); }
};

}  // namespace tidemark::analysis
