#include "tidemark/cpython/dicts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "batch.hpp"
#include "read_piece.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using base::Result;

constexpr std::uint32_t word_bytes = 8;
/// {hash, key, value}, the same in 3.8 to 3.15 (PyDictKeyEntry).
constexpr std::uint32_t general_entry_bytes = 3 * word_bytes;
/// {key, value}, from 3.11 on (PyDictUnicodeEntry).
constexpr std::uint32_t text_entry_bytes = 2 * word_bytes;
/// enum DictKeysKind.
constexpr std::uint8_t general_kind = 0, last_kind = 2;
/// Of an index table; beyond it no address space holds the entries.
constexpr unsigned max_log2 = 40;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "read a dict", .address = at, .detail = detail});
}

Extent keys_extent(const Layout& layout) {
  const auto& keys = layout.dict_keys;
  return extent_of(keys.size, keys.log2_size, keys.log2_index_bytes, keys.kind, keys.entries_used);
}

Extent head_extent(const Layout& layout) { return extent_of(layout.dict.used, layout.dict.keys, layout.dict.values); }

/// USABLE_FRACTION: two thirds, in all versions.
constexpr std::uint64_t usable(std::uint64_t slots) { return slots * 2 / 3; }

/// To 3.10: signed indices as wide as the number of slots needs.
constexpr std::uint64_t index_width(std::uint64_t slots) {
  if (slots <= 0xff) return 1;
  if (slots <= 0xffff) return 2;
  return slots <= 0xffff'ffff ? 4 : 8;
}

/// The index table as the head of the keys describes it.
struct IndexTable {
  std::uint64_t slots = 0;
  std::uint64_t bytes = 0;
};

std::optional<IndexTable> decode_index(const Layout& layout, const Piece& piece) {
  if (const auto slots = piece.get(layout.dict_keys.size)) {
    const auto count = static_cast<std::uint64_t>(*slots);
    if (*slots <= 0 || count > std::uint64_t{1} << max_log2 || (count & (count - 1)) != 0) return std::nullopt;
    return IndexTable{.slots = count, .bytes = count * index_width(count)};
  }
  const auto log2_size = piece.get(layout.dict_keys.log2_size);
  const auto log2_bytes = piece.get(layout.dict_keys.log2_index_bytes);
  if (!log2_size || !log2_bytes || *log2_size > max_log2 || *log2_bytes > max_log2 + 3) return std::nullopt;
  return IndexTable{.slots = std::uint64_t{1} << *log2_size, .bytes = std::uint64_t{1} << *log2_bytes};
}

Result<KeyTable> decode_keys(const Layout& layout, Address keys, const Piece& piece, std::size_t cap) {
  const auto index = decode_index(layout, piece);
  const auto count = piece.get(layout.dict_keys.entries_used);
  const auto kind = piece.get(layout.dict_keys.kind);
  if (!index || !count) return refused(ErrorCode::malformed, keys, "no size that a table of keys has");
  if (kind && *kind > last_kind) return refused(ErrorCode::malformed, keys, "its kind does not exist");
  if (*count < 0 || static_cast<std::uint64_t>(*count) > usable(index->slots)) {
    return refused(ErrorCode::malformed, keys, "more entries than it has room for");
  }
  if (static_cast<std::uint64_t>(*count) > std::min(cap, max_dict_entries))
    return refused(ErrorCode::limit, keys, "too many entries");
  const bool has_hashes = !kind || *kind == general_kind;
  return KeyTable{.entries = keys.plus(layout.dict_keys.indices + index->bytes),
                  .entry_bytes = has_hashes ? general_entry_bytes : text_entry_bytes,
                  .key_at = has_hashes ? word_bytes : 0,
                  .value_at = has_hashes ? 2 * word_bytes : word_bytes,
                  .count = static_cast<std::size_t>(*count)};
}

std::optional<DictHead> decode_head(const Layout& layout, const Piece& piece) {
  const auto used = piece.get(layout.dict.used);
  const auto keys = piece.get(layout.dict.keys);
  const auto values = piece.get(layout.dict.values);
  if (!used || !keys || !values) return std::nullopt;
  return DictHead{.used = *used, .keys = *keys, .values = *values};
}

/// Entries and values, then the head of the keys again, in one vector read.
class ItemCopy {
 public:
  /// `first_value` is null where the values are in the entries.
  ItemCopy(Address keys, const KeyTable& table, Address first_value)
      : keys_(keys), table_(table), first_value_(first_value) {}

  void add(Batch& batch, const Layout& layout) {
    entries_ = batch.add(table_.entries, {0, static_cast<std::uint32_t>(table_.count * table_.entry_bytes)});
    if (!first_value_.is_null()) {
      values_ = batch.add(first_value_, {0, static_cast<std::uint32_t>(table_.count * word_bytes)});
    }
    batch.begin_second_copies();
    keys_again_ = batch.add(keys_, keys_extent(layout));
  }

  [[nodiscard]] Result<std::vector<DictItem>> items(const Batch& batch, const Layout& layout, std::size_t cap) const {
    for (const Batch::Id id : {entries_, values_.value_or(entries_), keys_again_}) {
      if (!batch.status(id)) return base::fail(batch.status(id).error());
    }
    const auto again = decode_keys(layout, keys_, batch.piece(keys_again_), cap);
    if (!again || *again != table_) return refused(ErrorCode::torn, keys_, "its keys moved");
    const Piece entries = batch.piece(entries_);
    const Piece values = values_ ? batch.piece(*values_) : Piece{};
    std::vector<DictItem> items;
    for (std::size_t i = 0; i < table_.count; ++i) {
      const std::size_t at = i * table_.entry_bytes;
      const auto key = entries.get_at<Address>(at + table_.key_at);
      const auto value =
          values_ ? values.get_at<Address>(i * word_bytes) : entries.get_at<Address>(at + table_.value_at);
      if (!key || !value || key->is_null() || value->is_null()) continue;  // deleted, or not set in this one
      items.push_back(
          {.key = *key,
           .value = *value,
           .key_slot = table_.entries.plus(at + table_.key_at),
           .value_slot = values_ ? first_value_.plus(i * word_bytes) : table_.entries.plus(at + table_.value_at)});
    }
    return items;
  }

 private:
  Address keys_;
  KeyTable table_;
  Address first_value_;
  Batch::Id entries_ = 0, keys_again_ = 0;
  std::optional<Batch::Id> values_;
};

/// The head of a key that has as many characters as the name.
struct Candidate {
  DictItem item;
  Batch::Id head = 0;
};

bool is_ascii_of_length(const Layout& layout, const Piece& head, std::size_t length) {
  return is_compact_ascii(layout, head.get(layout.unicode.state).value_or(0)) &&
         head.get(layout.unicode.length) == static_cast<std::int64_t>(length);
}

/// Of a few items, in two vector reads.
Result<std::optional<DictItem>> find_among(const memory::MemorySource& memory, const Layout& layout,
                                           std::span<const DictItem> items, std::string_view name) {
  const Extent head = extent_of(layout.unicode.length, layout.unicode.state);
  Batch batch;
  std::vector<Candidate> candidates;
  for (const DictItem& item : items) {
    if (is_plausible_pointer(item.key)) candidates.push_back({.item = item, .head = batch.add(item.key, head)});
  }
  batch.run(memory);
  std::optional<base::Error> unread;
  const auto is_no_match = [&](const Candidate& candidate) {
    if (const auto& status = batch.status(candidate.head); !status) unread = status.error();
    return !is_ascii_of_length(layout, batch.piece(candidate.head), name.size());
  };
  std::erase_if(candidates, is_no_match);
  batch.clear();
  const auto size = static_cast<std::uint32_t>(name.size());
  const Extent characters{layout.unicode.ascii_data, layout.unicode.ascii_data + size};
  for (Candidate& candidate : candidates) candidate.head = batch.add(candidate.item.key, characters);
  batch.run(memory);
  for (const Candidate& candidate : candidates) {
    if (const auto& status = batch.status(candidate.head); !status) unread = status.error();
    const auto bytes = batch.piece(candidate.head).bytes;
    if (bytes.size() == name.size() && std::memcmp(bytes.data(), name.data(), name.size()) == 0)
      return {candidate.item};
  }
  if (unread) return base::fail(std::move(*unread));
  return std::optional<DictItem>{};
}

}  // namespace

Result<KeyTable> read_key_table(const memory::MemorySource& memory, const Layout& layout, Address keys,
                                std::size_t cap) {
  StructBuffer buffer;
  const auto piece = read_piece(memory, keys, keys_extent(layout), buffer);
  if (!piece) return base::fail(piece.error());
  return decode_keys(layout, keys, *piece, cap);
}

Result<DictContents> read_dict(const memory::MemorySource& memory, const Layout& layout, Address dict,
                               std::size_t cap) {
  StructBuffer buffer;
  const auto piece = read_piece(memory, dict, head_extent(layout), buffer);
  if (!piece) return base::fail(piece.error());
  const auto head = decode_head(layout, *piece);
  if (!head) return refused(ErrorCode::malformed, dict, "the layout lacks a field");
  const bool is_shared = !head->values.is_null();
  if (is_shared && !is_plausible_pointer(head->values)) return refused(ErrorCode::torn, dict, "not a pointer");
  const auto table = read_key_table(memory, layout, head->keys, cap);
  if (!table) return base::fail(table.error());
  ItemCopy copy(head->keys, *table, is_shared ? head->values.plus(layout.attributes.values_data) : Address{});
  Batch batch;
  copy.add(batch, layout);
  const Batch::Id head_again = batch.add(dict, head_extent(layout));
  batch.run(memory);
  auto items = copy.items(batch, layout, cap);
  if (!items) return base::fail(std::move(items).error());
  if (decode_head(layout, batch.piece(head_again)) != head) return refused(ErrorCode::torn, dict, "its head moved");
  if (!is_shared && static_cast<std::int64_t>(items->size()) != head->used) {
    return refused(ErrorCode::torn, dict, "its items are not as many as it says");
  }
  return DictContents{.head = *head, .table = *table, .items = std::move(items).value()};
}

Result<std::vector<DictItem>> read_shared_items(const memory::MemorySource& memory, const Layout& layout, Address keys,
                                                Address first_value, std::size_t cap) {
  if (!is_plausible_pointer(first_value)) return refused(ErrorCode::torn, first_value, "not a pointer to values");
  const auto table = read_key_table(memory, layout, keys, cap);
  if (!table) return base::fail(table.error());
  Batch batch;
  ItemCopy copy(keys, *table, first_value);
  copy.add(batch, layout);
  batch.run(memory);
  return copy.items(batch, layout, cap);
}

Result<std::optional<DictItem>> find_item(const memory::MemorySource& memory, const Layout& layout,
                                          std::span<const DictItem> items, std::string_view name) {
  constexpr std::size_t items_at_once = 256;
  if (name.size() > max_key_bytes) return std::optional<DictItem>{};
  std::optional<base::Error> unread;
  for (std::size_t first = 0; first < items.size(); first += items_at_once) {
    const std::size_t count = std::min(items_at_once, items.size() - first);
    auto found = find_among(memory, layout, items.subspan(first, count), name);
    if (found && *found) return found;
    if (!found) unread = std::move(found).error();
  }
  if (unread) return base::fail(std::move(*unread));
  return std::optional<DictItem>{};
}

}  // namespace tidemark::cpython
