#include "detail/heap_read.hpp"

#include <algorithm>

namespace tidemark::cli {
namespace {

/// A bound below this part of RSS is narrow enough, and so is one that is small by itself: of a small process every
/// bound is a large part.
constexpr std::uint64_t narrow_share = 50, small_bound_bytes = std::uint64_t{1} << 20;
constexpr int most_racing_tries = 3;
constexpr std::int64_t brief_watch_ns = 15 * base::ns_per_ms;

HeapOutcome read_once(const HeapSubject& subject, const HeapOptions& options) {
  model::HeapLedger ledger;
  auto outcome = read_in_mode(subject, options, [&](const memory::MemorySource& memory, const heap::Moment& moment) {
    heap::LedgerRequest request{
        .memory = memory, .moment = moment, .python = subject.python, .thread_ids = subject.thread_ids};
    if (options.consistency == Consistency::racing) request.running = &subject.files;
    if (options.is_recorded) request.watch_ns = brief_watch_ns;
    ledger = heap::read_ledger(request);
  });
  if (auto* refusal = std::get_if<HeapRefusal>(&outcome)) return std::move(*refusal);
  std::get<ModeReport>(std::move(outcome)).move_into(ledger);
  ledger.low_memory = options.low_memory;
  return ledger;
}

bool is_narrow(const model::HeapLedger& ledger) {
  return ledger.bound_bytes <= std::max<std::uint64_t>(ledger.rss_bytes / narrow_share, small_bound_bytes);
}

}  // namespace

HeapOutcome read_heap(const HeapSubject& subject, const HeapOptions& options) {
  auto best = read_once(subject, options);
  if (options.consistency != Consistency::racing || options.is_recorded) return best;
  for (int tries = 1; tries < most_racing_tries; ++tries) {
    const auto* const ledger = std::get_if<model::HeapLedger>(&best);
    if (ledger == nullptr || is_narrow(*ledger)) break;
    auto again = read_once(subject, options);
    const auto* const other = std::get_if<model::HeapLedger>(&again);
    if (other == nullptr) break;
    if (other->bound_bytes < ledger->bound_bytes) best = std::move(again);
  }
  return best;
}

}  // namespace tidemark::cli
