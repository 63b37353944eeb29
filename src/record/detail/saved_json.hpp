// Purpose: what the JSON of a ledger and of a census have in common. Invariant: texts are escaped (record/text.hpp), so
// that they are UTF-8 and cannot drive a terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tidemark/base/address.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::record::detail {

/// Keys stay in the order in which they are written.
using SavedJson = nlohmann::ordered_json;

[[nodiscard]] std::string escaped(std::string_view text);
[[nodiscard]] std::string hex_of(base::Address address);
/// Empty text is null: not known.
[[nodiscard]] SavedJson text_or_null(std::string_view text);
/// "2026-11-21T05:53:00.123Z"; null for 0.
[[nodiscard]] SavedJson instant_or_null(std::int64_t wall_ns);
[[nodiscard]] SavedJson cost_json(const model::HeapCost& cost);
void append(SavedJson& json, SavedJson more);

template <class List, class Make>
SavedJson list_of(const List& list, Make make) {
  SavedJson json = SavedJson::array();
  for (const auto& item : list) json.push_back(make(item));
  return json;
}

/// What stands before the ledger or the census of a process.
template <class Process>
SavedJson process_head_json(const Process& process) {
  return {{"pid", process.identity.pid},
          {"start_ticks", process.identity.start_ticks},
          {"parent", process.parent == 0 ? SavedJson(nullptr) : SavedJson(process.parent)},
          {"name", escaped(process.name)},
          {"command_line", escaped(process.command_line)},
          {"failure", text_or_null(process.failure)}};
}

}  // namespace tidemark::record::detail
