// Purpose: a ledger to JSON and back, keys in the order in which they are written.
#pragma once

#include "saved_json.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::record::detail {

/// `whole`: with the lists that grow with the heap (types, files, single arenas of pymalloc).
[[nodiscard]] SavedJson ledger_json(const model::HeapLedger& ledger, bool whole);

/// Throws NotAsSaved.
[[nodiscard]] model::HeapReading heap_reading_of(const SavedJson& json);

}  // namespace tidemark::record::detail
