// Purpose: the dicts of the target, read from outside: their items, and the item of a name.
// Invariants: every count passes a cap before anything is allocated or read. The items of one call are of one state of
// the dict: its head is the same before and after them, and without shared keys they are as many as it says; else the
// call is `torn`. What the items point at is not looked at.
//
// Upstream: Objects/dictobject.c and Include/internal/pycore_dict.h. To 3.10 all entries have a hash (24 bytes); from
// 3.11 on only those of keys that are not all str (kind 0), the others have 16. A dict with shared ("split") keys keeps
// its values in an array of its own, in the order of the keys' entries.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// One item: two pointers, neither of them null, and where the pointers themselves lie.
struct DictItem {
  base::Address key, value;
  base::Address key_slot, value_slot;
};

/// The fields of a PyDictObject.
struct DictHead {
  std::int64_t used = 0;
  base::Address keys;
  base::Address values;  ///< null unless the keys are shared

  bool operator==(const DictHead&) const = default;
};

/// No dict with more entries is read, whatever cap is asked for: they take 400 MB.
inline constexpr std::size_t max_dict_entries = 1 << 24;

/// Where a PyDictKeysObject has its entries.
struct KeyTable {
  base::Address entries;
  std::uint32_t entry_bytes = 0;
  std::uint32_t key_at = 0, value_at = 0;  ///< in an entry
  std::size_t count = 0;                   ///< entries in use, those of deleted keys too

  bool operator==(const KeyTable&) const = default;
};

struct DictContents {
  DictHead head;
  KeyTable table;
  std::vector<DictItem> items;  ///< as the program put them in, but for shared keys
};

/// Errors: those of reading, `malformed` (no size that a key table has), `limit` (more than `cap` entries).
[[nodiscard]] base::Result<KeyTable> read_key_table(const memory::MemorySource& memory, const Layout& layout,
                                                    base::Address keys, std::size_t cap);

/// Of an object that is a dict: its type is not looked at. Errors: as read_key_table, and `torn`.
[[nodiscard]] base::Result<DictContents> read_dict(const memory::MemorySource& memory, const Layout& layout,
                                                   base::Address dict, std::size_t cap);

/// The items of values that stand apart from a dict; `first_value` is where the first pointer lies. Errors: as
/// read_dict.
[[nodiscard]] base::Result<std::vector<DictItem>> read_shared_items(const memory::MemorySource& memory,
                                                                    const Layout& layout, base::Address keys,
                                                                    base::Address first_value, std::size_t cap);

/// Longer names are looked up in no dict.
inline constexpr std::size_t max_key_bytes = 256;

/// The first item whose key is a compact string of these ASCII characters; nullopt when there is none. Only of items
/// whose keys are strings: another object could look like one. Errors: when it is not there and a key could not be
/// read, the error of that.
[[nodiscard]] base::Result<std::optional<DictItem>> find_item(const memory::MemorySource& memory, const Layout& layout,
                                                              std::span<const DictItem> items, std::string_view name);

}  // namespace tidemark::cpython
