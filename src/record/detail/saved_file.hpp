// Purpose: the files that ledgers and censuses are kept in: written whole or not at all, read as hostile input.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "saved_json.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::record::detail {

/// Writes a new file beside and renames it over what PATH names. `saving` says in errors what is being done.
[[nodiscard]] base::Result<void> replace_file(const std::string& path, std::string_view text, const char* saving);

/// What a file is read for, and the values that its JSON may have.
struct SavedKind {
  const char* reading = "";
  std::size_t max_values = 0;
};

/// Errors: limit; malformed.
[[nodiscard]] base::Result<SavedJson> parse_saved(std::string_view text, const std::string& path,
                                                  const SavedKind& kind);
[[nodiscard]] base::Error malformed(const std::string& path, const SavedKind& kind, std::string what);

}  // namespace tidemark::record::detail
