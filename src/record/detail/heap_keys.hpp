// Purpose: JSON of a ledger's parts, keys in the order in which they are written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tidemark/model/heap.hpp"

namespace tidemark::record::detail {

using HeapJson = nlohmann::ordered_json;

/// `whole`: with the lists that grow with the heap (types, files, single arenas of pymalloc).
[[nodiscard]] HeapJson ledger_json(const model::HeapLedger& ledger, bool whole);

[[nodiscard]] HeapJson cost_json(const model::HeapCost& cost);

[[nodiscard]] std::string escaped(std::string_view text);
[[nodiscard]] std::string hex_of(base::Address address);

}  // namespace tidemark::record::detail
