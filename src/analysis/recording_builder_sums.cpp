#include <algorithm>

#include "detail/stretch.hpp"
#include "detail/tick_sums.hpp"

namespace tidemark::analysis {
namespace {

void follow(std::optional<CounterSpan>& span, std::int64_t value) {
  if (!span) {
    span = CounterSpan{value, value};
    return;
  }
  if (value < span->last) span->first -= span->last;  // began anew: from 0
  span->last = value;
}

void add_row(MemorySeries& memory, std::int64_t at_ns, const model::RecordedRow& row) {
  if (row.rss) memory.rss.add(at_ns, static_cast<double>(*row.rss));
  if (row.cpu_percent) memory.cpu.add(at_ns, *row.cpu_percent);
  if (row.hwm) memory.hwm = std::max(memory.hwm.value_or(0), *row.hwm);
  if (row.gc_collected) follow(memory.gc_collected, *row.gc_collected);
  for (std::size_t i = 0; i < row.gc_collections.size(); ++i) {
    if (!row.gc_collections[i]) return;
  }
  std::array<std::optional<CounterSpan>, 3> spans;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (memory.gc_collections) spans[i] = (*memory.gc_collections)[i];
    follow(spans[i], *row.gc_collections[i]);
  }
  memory.gc_collections = {*spans[0], *spans[1], *spans[2]};
}

void add_span(CounterSpan& sum, const CounterSpan& one) {
  sum.first += one.first;
  sum.last += one.last;
}

/// The collector's counters of several processes together.
void add_counters(MemorySeries& sum, const MemorySeries& one) {
  if (one.gc_collected) {
    if (!sum.gc_collected) sum.gc_collected.emplace();
    add_span(*sum.gc_collected, *one.gc_collected);
  }
  if (one.gc_collections) {
    if (!sum.gc_collections) sum.gc_collections.emplace();
    for (std::size_t i = 0; i < one.gc_collections->size(); ++i)
      add_span((*sum.gc_collections)[i], (*one.gc_collections)[i]);
  }
}

Series before(const Series& series, std::int64_t at_ns) {
  const Stretch stretch = stretch_of(series, series.empty() ? 0 : series.elapsed_ns.front(), at_ns - 1);
  const auto end = static_cast<std::ptrdiff_t>(stretch.end);
  return {{series.elapsed_ns.begin(), series.elapsed_ns.begin() + end},
          {series.values.begin(), series.values.begin() + end}};
}

}  // namespace

void TickSums::Sum::add(const model::RecordedRow& row) {
  rss_known = rss_known && row.rss.has_value();
  cpu_known = cpu_known && row.cpu_percent.has_value();
  rss += static_cast<double>(row.rss.value_or(0));
  cpu += row.cpu_percent.value_or(0);
}

void TickSums::Sum::end_at(std::int64_t at_ns, MemorySeries& series) const {
  if (rss_known) series.rss.add(at_ns, rss);
  if (cpu_known) series.cpu.add(at_ns, cpu);
}

std::uint32_t TickSums::add_process(const model::ProcessInfo& info) {
  const auto number = static_cast<std::uint32_t>(processes_.size());
  const auto [found, is_new] = name_numbers_.try_emplace(info.name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) {
    names_.push_back({.name = info.name, .processes = {}, .sum = std::nullopt});
    name_sums_.emplace_back();
  }
  processes_.push_back({.info = info, .memory = {}});
  members_.push_back({.name = found->second, .tick = 0});
  join(number, found->second);
  return number;
}

void TickSums::join(std::uint32_t process, std::uint32_t name) {
  NameSeries& series = names_[name];
  series.processes.push_back(process);
  if (series.processes.size() != 2) return;
  // Until now the first one's series was the name's. What this tick has of it is in the sum already.
  const MemorySeries& alone = processes_[series.processes.front()].memory;
  series.sum.emplace();
  series.sum->rss = before(alone.rss, tick_at_ns_);
  series.sum->cpu = before(alone.cpu, tick_at_ns_);
}

void TickSums::begin_tick(std::int64_t at_ns) {
  end_tick();
  ++tick_;
  tick_at_ns_ = at_ns;
  tree_sum_ = {};
  names_in_tick_.clear();
}

void TickSums::end_tick() {
  if (tick_ == 0) return;
  tree_sum_.end_at(tick_at_ns_, tree_);
  incomplete_ += tree_sum_.rss_known ? 0 : 1;
  for (const std::uint32_t name : names_in_tick_) {
    if (names_[name].sum) name_sums_[name].end_at(tick_at_ns_, *names_[name].sum);
  }
}

void TickSums::add(std::uint32_t process, std::int64_t at_ns, const model::RecordedRow& row) {
  Member& member = members_[process];
  member.tick = tick_;
  add_row(processes_[process].memory, at_ns, row);
  tree_sum_.add(row);
  Sum& sum = name_sums_[member.name];
  if (sum.tick != tick_) {
    sum = {};
    sum.tick = tick_;
    names_in_tick_.push_back(member.name);
  }
  sum.add(row);
}

void TickSums::move_into(Recording& recording) {
  end_tick();
  tick_ = 0;
  for (const auto& process : processes_) add_counters(tree_, process.memory);
  for (auto& name : names_) {
    if (!name.sum) continue;
    for (const auto index : name.processes) add_counters(*name.sum, processes_[index].memory);
  }
  if (processes_.size() == 1) tree_.hwm = processes_.front().memory.hwm;
  recording.processes = std::move(processes_);
  recording.names = std::move(names_);
  recording.tree = std::move(tree_);
  recording.ticks.incomplete = incomplete_;
}

}  // namespace tidemark::analysis
