// Purpose: the ledger of one process, read in the mode that the user chose.
#pragma once

#include <variant>

#include "reading_modes.hpp"
#include "tidemark/cli/heap_options.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::cli {

using HeapOutcome = std::variant<model::HeapLedger, HeapRefusal>;

/// While it runs it is read again when much has moved: a wide bound is no answer.
[[nodiscard]] HeapOutcome read_heap(const HeapSubject& subject, const HeapOptions& options);

}  // namespace tidemark::cli
