#include "code_cache.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

/// Of a string or line table: its size, its hash and its first characters.
constexpr std::uint32_t max_witness_bytes = 192;

base::Result<Witness> read_witness(const memory::MemorySource& memory, Address object, Extent extent) {
  const std::uint32_t size = std::min(extent.size(), max_witness_bytes);
  Witness witness{.address = object.plus(extent.first), .bytes = std::vector<std::byte>(size)};
  if (auto read = memory.read(witness.address, witness.bytes); !read) return base::fail(std::move(read).error());
  return witness;
}

/// The strings that a code object's names come from, in their present state.
base::Result<std::vector<Witness>> read_witnesses(const memory::MemorySource& memory, const Layout& layout,
                                                  const CodeHead& head) {
  std::vector<Witness> witnesses;
  for (const Address text : {head.qualname, head.filename}) {
    auto extent = unicode_extent(memory, layout, text);
    if (!extent) return base::fail(std::move(extent).error());
    auto witness = read_witness(memory, text, *extent);
    if (!witness) return base::fail(std::move(witness).error());
    witnesses.push_back(std::move(witness).value());
  }
  return witnesses;
}

/// The line table has been read whole already, so its size is known.
base::Result<Witness> read_table_witness(const memory::MemorySource& memory, const Layout& layout, Address table,
                                         std::size_t table_bytes) {
  const Extent extent{.first = layout.object.size.offset(),
                      .end = layout.bytes.data + static_cast<std::uint32_t>(table_bytes)};
  return read_witness(memory, table, extent);
}

base::Error changed_meanwhile(Address code) {
  return base::Error{.code = base::ErrorCode::torn, .doing = "read the names of a code object", .address = code};
}

bool same_bytes(const std::vector<Witness>& a, const std::vector<Witness>& b) {
  return std::ranges::equal(a, b, {}, &Witness::bytes, &Witness::bytes);
}

base::Result<CachedCode> read_names(const memory::MemorySource& memory, const Layout& layout, const CodeHead& head) {
  auto function = read_unicode(memory, layout, head.qualname);
  if (!function) return base::fail(std::move(function).error());
  auto file = read_unicode(memory, layout, head.filename);
  if (!file) return base::fail(std::move(file).error());
  auto table = read_bytes_object(memory, layout, head.line_table, max_line_table_bytes);
  if (!table) return base::fail(std::move(table).error());
  return CachedCode{.head = head,
                    .info = std::make_shared<const model::CodeInfo>(
                        model::CodeInfo{.function = std::move(function).value(), .file = std::move(file).value()}),
                    .line_table = std::move(table).value(),
                    .witnesses = {}};
}

/// For code objects without a version: the strings are read between two equal readings of their witnesses.
base::Result<CachedCode> read_witnessed_names(const memory::MemorySource& memory, const Layout& layout, Address code,
                                              const CodeHead& head) {
  auto before = read_witnesses(memory, layout, head);
  if (!before) return base::fail(std::move(before).error());
  auto entry = read_names(memory, layout, head);
  if (!entry) return entry;
  auto after = read_witnesses(memory, layout, head);
  if (!after) return base::fail(std::move(after).error());
  if (!same_bytes(*before, *after)) return base::fail(changed_meanwhile(code));
  auto table = read_table_witness(memory, layout, head.line_table, entry->line_table.size());
  if (!table) return base::fail(std::move(table).error());
  entry->witnesses = std::move(after).value();
  entry->witnesses.push_back(std::move(table).value());
  return entry;
}

}  // namespace

Extent code_extent(const Layout& layout) {
  const auto& code = layout.code;
  const Extent fields = extent_of(code.first_line, code.version, code.first_traceable);
  const Extent pointers = extent_of(code.filename, code.qualname, code.line_table);
  const Extent head = extent_of(layout.object.type, layout.object.size);
  return {.first = std::min({fields.first, pointers.first, head.first}),
          .end = std::max({fields.end, pointers.end, head.end})};
}

std::optional<CodeHead> decode_code(const Layout& layout, Address code_type, const Piece& piece) {
  const auto& field = layout.code;
  if (piece.get(layout.object.type) != code_type) return std::nullopt;
  const auto code_units = piece.get(layout.object.size);
  const auto first_line = piece.get(field.first_line);
  const auto filename = piece.get(field.filename);
  const auto qualname = piece.get(field.qualname);
  const auto line_table = piece.get(field.line_table);
  const auto first_traceable = piece.get(field.first_traceable);
  if (!code_units || !first_line || !filename || !qualname || !line_table || !first_traceable) return std::nullopt;
  return CodeHead{.code_units = *code_units,
                  .first_line = *first_line,
                  .version = piece.get(field.version).value_or(0),
                  .filename = *filename,
                  .qualname = *qualname,
                  .line_table = *line_table,
                  .first_traceable = *first_traceable};
}

const CachedCode* CodeCache::find(Address code) const {
  const auto at = entries_.find(code.value);
  return at == entries_.end() ? nullptr : &at->second;
}

base::Result<void> CodeCache::load(const memory::MemorySource& memory, const Layout& layout, Address code,
                                   const CodeHead& head) {
  if (const CachedCode* known = find(code); known != nullptr && known->head == head) return {};
  auto entry = head.version != 0 ? read_names(memory, layout, head) : read_witnessed_names(memory, layout, code, head);
  if (!entry) return base::fail(std::move(entry).error());
  forget(code);
  if (entries_.size() >= max_cached_codes || table_bytes_ + entry->line_table.size() > max_cached_table_bytes) {
    entries_.clear();
    table_bytes_ = 0;
  }
  table_bytes_ += entry->line_table.size();
  entries_.emplace(code.value, std::move(entry).value());
  return {};
}

void CodeCache::forget(Address code) {
  const auto at = entries_.find(code.value);
  if (at == entries_.end()) return;
  table_bytes_ -= at->second.line_table.size();
  entries_.erase(at);
}

}  // namespace tidemark::cpython
