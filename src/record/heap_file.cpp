#include "tidemark/record/heap_file.hpp"

#include "detail/heap_keys.hpp"
#include "detail/saved_file.hpp"

namespace tidemark::record {
namespace {

using base::Result;

constexpr detail::SavedKind kind{
    .reading = "read the saved ledger", .max_bytes = max_heap_file_bytes, .max_values = max_heap_values};

}  // namespace

Result<void> save_heap(const std::string& path, const model::HeapReading& reading) {
  return detail::replace_file(path, heap_json(reading), "save the ledger");
}

Result<model::HeapReading> parse_heap(std::string_view text, const std::string& path) {
  return detail::parse_saved_as(text, path, kind, detail::heap_reading_of);
}

Result<model::HeapReading> read_heap(const std::string& path) {
  return detail::read_saved_as(path, kind, detail::heap_reading_of);
}

}  // namespace tidemark::record
