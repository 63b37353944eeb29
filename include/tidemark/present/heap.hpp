// Purpose: what `tidemark heap` says, as text; the difference of two ledgers as text and JSON. (The JSON of a ledger is
// record/heap_file.hpp: what is printed is what is saved.) Values in, text out: names, types and paths come from the
// target and are made safe here.
// Invariants: no line of text is wider than the width asked for; a ledger whose books do not balance says so first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/analysis/heap_diff.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::present {

/// Which table stands for the rows of a ledger.
enum class HeapTables { owners, arenas, files, types };

struct HeapStyle {
  TextStyle text = {};
  HeapTables by = HeapTables::owners;
};

/// A part for each process; with several, the sum of all and what each child has unshared since fork.
[[nodiscard]] std::string heap_text(const model::HeapReading& reading, const HeapStyle& style);

struct HeapDiffView {
  std::string before_file;               ///< empty: `--growth`, both were read now
  std::int64_t before_wall_ns = 0;       ///< when the first was read; 0: not known
  std::optional<std::int64_t> apart_ns;  ///< from reading to reading
  analysis::HeapComparison compared;
};

[[nodiscard]] std::string heap_diff_text(const HeapDiffView& view, const TextStyle& style);
/// {"schema":1,"tool":…,"processes":[…]}; docs/heap.md has the keys.
[[nodiscard]] std::string heap_diff_json(const HeapDiffView& view);

}  // namespace tidemark::present
