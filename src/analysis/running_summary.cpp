#include "tidemark/analysis/running_summary.hpp"

#include <algorithm>

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

std::optional<double> ProcessSummary::mean_cpu_percent() const {
  if (cpu_samples == 0) return std::nullopt;
  return cpu_percent_sum / static_cast<double>(cpu_samples);
}

void RunningSummary::add(const model::Tick& tick) {
  model::Bytes total = 0;
  bool any = false;
  for (const auto& sample : tick.samples) {
    ProcessSummary& process = processes_[sample.process->identity];
    if (process.rss.samples == 0) {
      process.name = sample.process->name;
      process.identity = sample.process->identity;
    }
    if (sample.proc.rss) {
      process.rss.add(tick.elapsed_ns, *sample.proc.rss);
      total += *sample.proc.rss;
      any = true;
    }
    if (sample.proc.hwm) process.hwm = sample.proc.hwm;
    if (sample.proc.cpu_percent) {
      process.cpu_percent_sum += *sample.proc.cpu_percent;
      ++process.cpu_samples;
    }
  }
  if (any) tree_.add(tick.elapsed_ns, total);
  processes_now_ = tick.samples.size();
  phase_ = tick.phase;
  if (processes_.size() > most_processes_) drop_the_least_interesting(tick.elapsed_ns);
}

void RunningSummary::drop_the_least_interesting(std::int64_t now_ns) {
  std::vector<std::pair<std::int64_t, model::ProcessIdentity>> ended;
  for (const auto& [identity, process] : processes_) {
    if (process.rss.now_ns < now_ns) ended.emplace_back(process.rss.growth_bytes(), identity);
  }
  std::sort(ended.begin(), ended.end());
  const std::size_t excess = processes_.size() - most_processes_;
  for (std::size_t i = 0; i < std::min(excess, ended.size()); ++i) {
    processes_.erase(ended[i].second);
    ++dropped_;
  }
}

std::vector<ProcessSummary> RunningSummary::by_growth() const {
  std::vector<ProcessSummary> rows;
  for (const auto& [identity, process] : processes_) rows.push_back(process);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.rss.growth_bytes() > b.rss.growth_bytes(); });
  return rows;
}

}  // namespace tidemark::analysis
