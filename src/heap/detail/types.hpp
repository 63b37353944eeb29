// Purpose: the types of the target's objects, each looked at once.
// Invariants: an address is a type when its own type is `type` or a metatype that is a type, it is ready, and its sizes
// are such as objects have. Everything else is remembered as none. Names are as the target has them: hostile.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "address_space.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::heap {

/// What kind of object, as the ledger tells them apart.
enum class ObjectKind : std::uint8_t {
  str,
  bytes,
  bytearray,
  integer,
  floating,
  list,
  tuple,
  dict,
  set,
  type,
  function,
  code,
  array,
  ndarray,
  deque,
  mmap,
  instance,  ///< of a class made at run time
  other,     ///< of any other C type
  runtime,   ///< no object: the interpreter's own state, and what its static data point to
  buffer,    ///< no object: what one points to, or a block whose use is not known
};
inline constexpr std::size_t object_kind_count = static_cast<std::size_t>(ObjectKind::buffer) + 1;

/// The detail of a row of blocks that are objects themselves: "str", "list", "instances", "buffers".
[[nodiscard]] std::string_view object_word(ObjectKind kind);
/// The detail of a row of blocks that objects of the kind point to: "list items", "NumPy data".
[[nodiscard]] std::string_view buffer_word(ObjectKind kind);

/// More types are not told apart: the rest is none. A quarter of what the table of addresses has room for.
inline constexpr std::size_t max_types = std::size_t{1} << 19;

struct TypeEntry {
  std::uint64_t address = 0;
  std::uint32_t index = 0;
  ObjectKind kind = ObjectKind::other;
  bool has_gc = false;
  bool has_exact_size = true;      ///< objects fill what was asked for; else they may be smaller
  bool has_values_behind = false;  ///< behind the fixed part lie the values of its attributes
  bool has_open_end = false;       ///< behind it lies what nothing in it counts: a frame
  std::uint32_t head_bytes = 0;    ///< before the object: the collector's head, and what may lie before that
  std::uint64_t flags = 0;
  std::int64_t basic_size = 0, item_size = 0;
  std::uint32_t unused_tail = 0;  ///< of the basic size: bytes that some objects do without
  std::string name;               ///< tp_name
  // What the walk has found.
  std::uint64_t count = 0, pymalloc_bytes = 0, malloc_bytes = 0;
};

struct TypeName {
  std::string module;  ///< empty: not known
  std::string qualname;

  [[nodiscard]] std::string whole() const { return module.empty() ? qualname : module + "." + qualname; }
};

/// The stretches of pymalloc's arenas. No type lies in one: the smallest is larger than its largest block.
class ArenaSet {
 public:
  /// Sorted and without overlap afterwards.
  void assign(std::vector<Range> ranges);
  [[nodiscard]] bool holds(std::uint64_t address) const {
    const std::uint64_t granule = (address >> granule_bits) - first_granule_;
    if (granule < whole_.size()) return whole_[granule] || (touched_[granule] && is_in_range(address));
    return whole_.empty() && is_in_range(address);
  }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }

 private:
  static constexpr unsigned granule_bits = 18;  ///< the smallest arena: 256 KiB
  void mark(Range range);
  [[nodiscard]] bool is_in_range(std::uint64_t address) const;

  std::vector<Range> ranges_;
  std::uint64_t first_granule_ = 0;
  /// Granules that some arena has a part of, that arenas have all of; empty when the arenas are too far apart.
  std::vector<bool> touched_, whole_;
};

class TypeTable {
 public:
  TypeTable(const memory::MemorySource& memory, const cpython::Layout& layout, std::uint64_t type_type,
            const ArenaSet& arenas)
      : memory_(memory), layout_(layout), type_type_(type_type), arenas_(arenas) {}

  /// Null when there is no type.
  [[nodiscard]] TypeEntry* find(std::uint64_t address) {
    if ((address & 7U) != 0 || address < lowest_address || address >= user_space_end) return nullptr;
    const auto slot = slot_of(address);
    if (slots_[slot].address == address) return slots_[slot].entry;
    return look(address);
  }

  [[nodiscard]] const cpython::Layout& layout() const { return layout_; }
  [[nodiscard]] std::deque<TypeEntry>& all() { return entries_; }
  [[nodiscard]] TypeEntry& at(std::uint32_t index) { return entries_[index]; }
  /// Addresses that are as small as counts, in a program that is not position-independent: its own data, brk's memory.
  void set_low_places(Range program, Range brk_heap) {
    program_ = program;
    brk_heap_ = brk_heap;
  }
  /// A word that stands where a count would is an address: of brk's memory, or of an object in the program's data.
  [[nodiscard]] bool is_low_address(std::uint64_t word) {
    if (word % 8 != 0 || word < program_.start) return false;
    return brk_heap_.holds(word) || (program_.holds(word) && is_object(word));
  }

  /// A type that is none: the owner of what the interpreter itself points to.
  [[nodiscard]] TypeEntry& add_runtime();
  /// As far as it can be read; "builtins" is the module of a bare name of a type that is no heap type.
  [[nodiscard]] TypeName name_of(const TypeEntry& entry) const;
  /// "module.qualname"
  [[nodiscard]] std::string qualified_name(const TypeEntry& entry) const { return name_of(entry).whole(); }

 private:
  static constexpr std::uint64_t lowest_address = 0x10000, user_space_end = 0x7fff'ffff'f000;
  struct Slot {
    std::uint64_t address = 0;
    TypeEntry* entry = nullptr;
  };

  [[nodiscard]] bool is_object(std::uint64_t address);
  [[nodiscard]] std::optional<base::Address> word_of(const TypeEntry& entry, cpython::Field<base::Address> field) const;
  [[nodiscard]] std::size_t slot_of(std::uint64_t address) const {
    constexpr std::uint64_t golden = 0x9e37'79b9'7f4a'7c15;
    std::size_t slot = ((address >> 3) * golden >> 20) & (slots_.size() - 1);
    while (slots_[slot].address != 0 && slots_[slot].address != address) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }
  [[nodiscard]] TypeEntry* look(std::uint64_t address);
  /// How far from the type that was asked for: by metatypes, by bases. Both are capped: the target made the links.
  struct Depth {
    int metatypes = 0, bases = 0;
  };
  [[nodiscard]] TypeEntry* read_type(std::uint64_t address, Depth depth);
  [[nodiscard]] bool is_metatype(std::uint64_t address, std::uint64_t of, Depth depth);
  void set_kind(TypeEntry& entry, Depth depth);
  void remember(std::uint64_t address, TypeEntry* entry);
  void grow();

  const memory::MemorySource& memory_;
  const cpython::Layout& layout_;
  std::uint64_t type_type_;
  const ArenaSet& arenas_;
  Range program_, brk_heap_;
  std::deque<TypeEntry> entries_;
  std::vector<Slot> slots_ = std::vector<Slot>(4096);
  std::size_t used_slots_ = 0;
};

}  // namespace tidemark::heap
