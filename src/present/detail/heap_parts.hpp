// Purpose: the parts of a ledger's text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "document.hpp"
#include "process_parts.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/present/heap.hpp"

namespace tidemark::present::detail {

/// An owner as a reader of the table has it: "pymalloc: free blocks".
[[nodiscard]] std::string_view title_of(model::HeapOwner owner);
/// "pymalloc: free blocks", with the detail in parentheses when there is one.
[[nodiscard]] std::string title_of(model::HeapOwner owner, const std::string& detail, const TextStyle& style);

[[nodiscard]] double as_double(std::uint64_t bytes);
/// Percent of a whole as a cell; empty when the whole is 0.
[[nodiscard]] std::string share_cell(std::uint64_t part, std::uint64_t whole);

/// Nothing when the books balance.
void add_alarm(const model::HeapLedger& ledger, Document& document);

/// Rows grouped by owner, then their sum and how it stands to RSS. `with_private` has what no other process maps.
void add_owners(const model::HeapLedger& ledger, bool with_private, const TextStyle& style, Document& document);
void add_arenas(const model::HeapLedger& ledger, Document& document);
void add_files(const model::HeapLedger& ledger, const TextStyle& style, Document& document);
void add_types(const model::HeapLedger& ledger, const TextStyle& style, Document& document);

/// What the figures mean, as far as they mean something.
void add_sentences(const model::HeapProcess& process, const TextStyle& style, Document& document);

/// The sum over several processes, and what each child has unshared from its parent since fork.
void add_all_processes(const model::HeapReading& reading, const TextStyle& style, Document& document);
/// Whether a process and its child are both there.
[[nodiscard]] bool has_family(const model::HeapReading& reading);

}  // namespace tidemark::present::detail
