// Purpose: what changed between two ledgers of one process: per row, type and native size, the largest change first.
// Invariants: every row of either ledger is in the difference; the rows' changes and `moved_change` add up to the
// change of RSS when both ledgers' books balance. What stood in only one of two lists, of which the other was full, is
// counted and not taken for new or gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/model/heap.hpp"

namespace tidemark::analysis {

struct HeapAmounts {
  model::Bytes bytes = 0;
  std::uint64_t count = 0;
};

/// One thing in both ledgers.
struct HeapChange {
  HeapAmounts before, after;

  [[nodiscard]] std::int64_t bytes() const { return static_cast<std::int64_t>(after.bytes - before.bytes); }
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(after.count - before.count); }
};

struct HeapRowChange {
  model::HeapOwner owner = model::HeapOwner::unexplained;
  std::string detail;
  HeapChange change;
};

struct HeapTypeChange {
  std::string type;
  HeapChange change;
};

struct HeapSizeChange {
  model::Bytes chunk_bytes = 0;
  HeapChange change;
};

struct HeapDiff {
  model::Bytes rss_before = 0, rss_after = 0;
  std::int64_t moved_change = 0;
  model::Bytes bound_bytes = 0;  ///< of both readings: no row's change is further from the truth
  std::vector<HeapRowChange> rows;
  std::vector<HeapTypeChange> types;
  std::vector<HeapSizeChange> sizes;
  std::size_t types_not_compared = 0, sizes_not_compared = 0;

  [[nodiscard]] std::int64_t rss_change() const { return static_cast<std::int64_t>(rss_after - rss_before); }
  [[nodiscard]] std::int64_t row_change() const;  ///< of all rows
  [[nodiscard]] bool adds_up() const { return row_change() + moved_change == rss_change(); }
};

[[nodiscard]] HeapDiff difference_of(const model::HeapLedger& before, const model::HeapLedger& after);

/// Which ledgers are of one process.
struct HeapPair {
  const model::HeapProcess* before = nullptr;
  const model::HeapProcess* after = nullptr;
  bool by_name = false;  ///< another process: the only one of this name on both sides
};

struct HeapMatches {
  std::vector<HeapPair> pairs;  ///< in the order of `after`
  std::vector<const model::HeapProcess*> only_before, only_after;
};

/// By pid and start time, else by name. Processes without a ledger are in none of the lists. The lists must outlive
/// what is returned.
[[nodiscard]] HeapMatches match_processes(const std::vector<model::HeapProcess>& before,
                                          const std::vector<model::HeapProcess>& after);

struct HeapComparedProcess {
  HeapPair pair;
  HeapDiff diff;
};

struct HeapComparison {
  std::vector<HeapComparedProcess> processes;
  std::vector<const model::HeapProcess*> only_before, only_after;
};

/// As match_processes(), with the differences.
[[nodiscard]] HeapComparison compare_heaps(const std::vector<model::HeapProcess>& before,
                                           const std::vector<model::HeapProcess>& after);

}  // namespace tidemark::analysis
