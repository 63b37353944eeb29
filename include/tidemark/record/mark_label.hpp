// Purpose: what a phase may be called and what it may carry: one set of rules for the command line, the client and the
// recorder, which trusts no client.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "tidemark/base/result.hpp"
#include "tidemark/model/event.hpp"

namespace tidemark::record {

inline constexpr std::size_t mark_label_cap_bytes = 200;
inline constexpr std::size_t mark_key_cap_bytes = 200;
inline constexpr std::size_t mark_value_cap_bytes = 1024;
inline constexpr std::size_t mark_fields_cap = 32;

/// `usage` with the broken rule in `detail` unless: the label is not empty; label and values are UTF-8 without control
/// characters and within their caps; each key is [A-Za-z_][A-Za-z0-9_.-]* and comes once; there are at most 32 fields.
[[nodiscard]] base::Result<void> check_mark(const model::Mark& mark);

/// `key=value`, cut at the first `=`; the value may be empty. Without `=`: `usage`. The rules above are not checked
/// here.
[[nodiscard]] base::Result<std::pair<std::string, std::string>> parse_mark_field(std::string_view text);

}  // namespace tidemark::record
