// What only some processes get at a tick, because it costs: stacks, ledgers of heaps and censuses of objects.
#include "tidemark/collect/collector.hpp"
#include "tidemark/model/census.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::collect {
namespace {

// What the first ledger may cost, above what is measured for 1 GB: later ones are judged by the last.
constexpr std::int64_t heap_base_cost_ns = 20 * base::ns_per_ms;
constexpr double heap_cost_ns_per_byte = 2;
// What the first census may cost: an object is 50 bytes or more, and a block of pymalloc takes a quarter of a
// microsecond.
constexpr std::int64_t census_base_cost_ns = 20 * base::ns_per_ms;
constexpr double census_cost_ns_per_byte = 4;
// The rate in force is said anew when it has changed by half.
constexpr double rate_news_factor = 1.5;

std::int64_t guessed_heap_cost_ns(model::Bytes rss) {
  return heap_base_cost_ns + static_cast<std::int64_t>(heap_cost_ns_per_byte * static_cast<double>(rss));
}

std::int64_t guessed_census_cost_ns(model::Bytes rss) {
  return census_base_cost_ns + static_cast<std::int64_t>(census_cost_ns_per_byte * static_cast<double>(rss));
}

}  // namespace

/// The longest unread first, when the share does not pay for all.
void Collector::read_stacks(std::int64_t elapsed_ns, model::Tick& tick) {
  // The first tick comes at 0, when the recording has earned nothing yet.
  const std::int64_t earned_ns = elapsed_ns + base::ns_per_second;
  std::vector<RationedProcess> wanted;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (!processes_[i]->has_python()) continue;
    wanted.push_back({.identity = processes_[i]->info()->identity});
    places.push_back(i);
  }
  std::vector<bool> is_read(wanted.size());
  stack_ration_.serve(wanted, earned_ns, [&](std::size_t turn) {
    const std::int64_t began_ns = clock_.monotonic_ns();
    auto& sample = tick.samples[places[turn]];
    processes_[places[turn]]->read_stacks(sample);
    const std::int64_t cost_ns = clock_.monotonic_ns() - began_ns;
    sample.cost_ns += cost_ns;
    is_read[turn] = true;
    return cost_ns;
  });
  for (std::size_t turn = 0; turn < wanted.size(); ++turn) {
    if (is_read[turn]) continue;
    tick.samples[places[turn]].gaps.push_back({model::Source::stacks, model::Reason::too_slow});
  }
}

/// Between two turns there is no ledger and no census, and that is no gap.
void Collector::read_in_turns(const Turns& turns, const ReadContext& context, model::Tick& tick) {
  std::vector<RationedProcess> wanted;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    auto& process = *processes_[i];
    if (turns.wants && !turns.wants(process)) continue;
    if (process.refusals().rests(turns.source, tick.samples[i])) continue;
    wanted.push_back({process.info()->identity, turns.guess_ns(tick.samples[i].proc.rss.value_or(0))});
    places.push_back(i);
  }
  turns.ration.serve(wanted, context.log.elapsed_ns(), [&](std::size_t turn) {
    const std::int64_t began_ns = clock_.monotonic_ns();
    auto& sample = tick.samples[places[turn]];
    totals_.memory.bytes_read += turns.read(*processes_[places[turn]], sample);
    const std::int64_t cost_ns = clock_.monotonic_ns() - began_ns;
    sample.cost_ns += cost_ns;
    return cost_ns;
  });
  report_rate(turns.ration, turns.source, turns.announced_seconds, context.log);
}

void Collector::read_heaps(const ReadContext& context, model::Tick& tick) {
  read_in_turns({.ration = heap_ration_,
                 .source = model::Source::heap,
                 .announced_seconds = announced_heap_seconds_,
                 .guess_ns = guessed_heap_cost_ns,
                 .read =
                     [&](TrackedProcess& process, model::ProcessSample& sample) {
                       process.read_heap(context, options_.read_heap, sample);
                       return sample.heap ? sample.heap->cost.bytes_read : 0;
                     }},
                context, tick);
}

/// Only of what has an interpreter that can be read.
void Collector::read_censuses(const ReadContext& context, model::Tick& tick) {
  read_in_turns({.ration = census_ration_,
                 .source = model::Source::objects,
                 .announced_seconds = announced_census_seconds_,
                 .guess_ns = guessed_census_cost_ns,
                 .read =
                     [&](TrackedProcess& process, model::ProcessSample& sample) {
                       process.read_census(context, options_.read_census, options_.census_top, sample);
                       return sample.census ? sample.census->cost.bytes_read : 0;
                     },
                 .wants =
                     [&](TrackedProcess& process) {
                       if (!options_.python || process.has_python()) return true;
                       process.explain_no_census(context.log);
                       return false;
                     }},
                context, tick);
}

void Collector::report_rate(const Ration& ration, model::Source source, double& announced_seconds, EventLog& log) {
  const double seconds = ration.interval_in_force_seconds();
  if (!ration.rule().enabled || seconds <= 0 || ration.last_cost_ns() == 0) return;
  const bool is_news = announced_seconds <= 0 || seconds > announced_seconds * rate_news_factor ||
                       seconds * rate_news_factor < announced_seconds;
  if (!is_news) return;
  announced_seconds = seconds;
  log.add(model::RationRate{.source = source,
                            .interval_seconds = seconds,
                            .cost_ms = static_cast<double>(ration.last_cost_ns()) / 1e6,
                            .spent_percent = ration.spent_percent(log.elapsed_ns())});
}

}  // namespace tidemark::collect
