#include <algorithm>
#include <numeric>

#include "detail/findings_parts.hpp"

namespace tidemark::analysis {

std::optional<CpuFindings> cpu_of(const Series& cpu, const Thresholds& thresholds) {
  if (cpu.empty()) return std::nullopt;
  const auto& values = cpu.values;
  const auto peak = std::max_element(values.begin(), values.end());
  const auto idle =
      std::count_if(values.begin(), values.end(), [&](double one) { return one < thresholds.idle_cpu_percent; });
  const auto samples = static_cast<double>(values.size());
  CpuFindings findings;
  findings.peak_percent = *peak;
  findings.peak_at_ns = cpu.elapsed_ns[static_cast<std::size_t>(peak - values.begin())];
  findings.mean_percent = std::accumulate(values.begin(), values.end(), 0.0) / samples;
  findings.idle_percent = 100 * static_cast<double>(idle) / samples;
  return findings;
}

std::optional<GcFindings> gc_of(const MemorySeries& memory) {
  if (!memory.gc_collections || !memory.gc_collected) return std::nullopt;
  GcFindings findings;
  for (std::size_t i = 0; i < findings.collections.size(); ++i)
    findings.collections[i] = (*memory.gc_collections)[i].risen();
  findings.collected = memory.gc_collected->risen();
  return findings;
}

}  // namespace tidemark::analysis
