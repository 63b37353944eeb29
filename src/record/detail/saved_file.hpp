// Purpose: the files that ledgers and censuses are kept in: written whole or not at all, read as hostile input.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "saved_json.hpp"
#include "saved_members.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::record::detail {

/// Writes a new file beside and renames it over what PATH names. `saving` says in errors what is being done.
[[nodiscard]] base::Result<void> replace_file(const std::string& path, std::string_view text, const char* saving);

/// What a file is read for, how large it may be, and the values that its JSON may have.
struct SavedKind {
  const char* reading = "";
  std::size_t max_bytes = 0, max_values = 0;
};

/// Errors: limit; malformed.
[[nodiscard]] base::Result<SavedJson> parse_saved(std::string_view text, const std::string& path,
                                                  const SavedKind& kind);
[[nodiscard]] base::Error malformed(const std::string& path, const SavedKind& kind, std::string what);

/// `value_of` throws NotAsSaved where the JSON is none of a Value's.
template <class Value>
[[nodiscard]] base::Result<Value> parse_saved_as(std::string_view text, const std::string& path, const SavedKind& kind,
                                                 Value (*value_of)(const SavedJson&)) {
  const auto json = parse_saved(text, path, kind);
  if (!json) return base::fail(json.error());
  try {
    return value_of(*json);
  } catch (const NotAsSaved& wrong) {
    return base::fail(malformed(path, kind, wrong.what));
  }
}

template <class Value>
[[nodiscard]] base::Result<Value> read_saved_as(const std::string& path, const SavedKind& kind,
                                                Value (*value_of)(const SavedJson&)) {
  const auto text = base::read_file(AT_FDCWD, path, kind.max_bytes, kind.reading);
  if (!text) return base::fail(text.error());
  return parse_saved_as(*text, path, kind, value_of);
}

}  // namespace tidemark::record::detail
