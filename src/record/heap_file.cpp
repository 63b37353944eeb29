#include "tidemark/record/heap_file.hpp"

#include <fcntl.h>

#include "detail/heap_keys.hpp"
#include "detail/saved_file.hpp"
#include "detail/saved_members.hpp"
#include "tidemark/base/fd.hpp"

namespace tidemark::record {
namespace {

using base::Result;

constexpr detail::SavedKind kind{.reading = "read the saved ledger", .max_values = max_heap_values};

}  // namespace

Result<void> save_heap(const std::string& path, const model::HeapReading& reading) {
  return detail::replace_file(path, heap_json(reading), "save the ledger");
}

Result<model::HeapReading> parse_heap(std::string_view text, const std::string& path) {
  const auto json = detail::parse_saved(text, path, kind);
  if (!json) return base::fail(json.error());
  try {
    return detail::heap_reading_of(*json);
  } catch (const detail::NotAsSaved& wrong) {
    return base::fail(detail::malformed(path, kind, wrong.what));
  }
}

Result<model::HeapReading> read_heap(const std::string& path) {
  auto text = base::read_file(AT_FDCWD, path, max_heap_file_bytes, kind.reading);
  if (!text) return base::fail(std::move(text).error());
  return parse_heap(*text, path);
}

}  // namespace tidemark::record
