#include "tidemark/analysis/running_summary.hpp"

namespace tidemark::analysis {

void Level::add(std::int64_t elapsed_ns, model::Bytes value) {
  if (samples == 0) {
    start = value;
    start_ns = elapsed_ns;
  }
  if (samples == 0 || value > peak) {
    peak = value;
    peak_ns = elapsed_ns;
  }
  now = value;
  now_ns = elapsed_ns;
  ++samples;
}

std::int64_t Level::growth_bytes() const { return static_cast<std::int64_t>(now) - static_cast<std::int64_t>(start); }

std::optional<double> Level::growth_bytes_per_hour(std::int64_t shortest_ns) const {
  const std::int64_t observed_ns = now_ns - start_ns;
  if (observed_ns < shortest_ns || observed_ns <= 0) return std::nullopt;
  constexpr double ns_per_hour = 3600e9;
  return static_cast<double>(growth_bytes()) * ns_per_hour / static_cast<double>(observed_ns);
}

void RunningSummary::add(const model::Tick& tick) {
  model::Bytes total = 0;
  bool any = false;
  for (const auto& sample : tick.samples) {
    if (!sample.proc.rss) continue;
    total += *sample.proc.rss;
    any = true;
  }
  if (any) tree_.add(tick.elapsed_ns, total);
  processes_now_ = tick.samples.size();
  phase_ = tick.phase;
}

}  // namespace tidemark::analysis
