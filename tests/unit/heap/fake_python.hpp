// Purpose: types, objects, pools and arenas of CPython made by hand in a FakeSpace, through a layout's own offsets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "detail/object_places.hpp"
#include "fake_space.hpp"
#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"

namespace tidemark::heap::test {

struct FakeType {
  std::string_view name;
  std::uint64_t flags = 0;
  std::int64_t basic_size = 16, item_size = 0;
  std::uint64_t meta = 0;  ///< 0: `type`
  std::uint64_t base = 0;
};

/// The interpreter's file: its text, its data with the types and the runtime, and the rest of its .bss.
class FakePython {
 public:
  static constexpr const char* path = "/usr/bin/python3.11";
  static constexpr std::uint64_t text = 0x400000, data = 0x600000, data_bytes = 0x20000, bss = data + data_bytes;
  static constexpr std::uint64_t bss_bytes = 0x2000, type_bytes = 0x400;
  static constexpr std::uint64_t runtime = data, table_pointer = bss + 0x100;

  FakePython(FakeSpace& space, const cpython::Layout& layout) : space_(space), layout_(layout) {
    space.map(text, 0x4000, {.path = path, .writable = false, .executable = true, .inode = 7});
    space.map(data, data_bytes, {.path = path, .inode = 7});
    space.map(bss, bss_bytes);
    type_type = type({.name = "type",
                      .flags = cpython::type_flags::have_gc | cpython::type_flags::type_subclass,
                      .basic_size = 0x198,
                      .item_size = 40});
    put(type_type, layout.object.type, base::Address{type_type});
    code_type = type({.name = "code", .flags = 0, .basic_size = 0xb8, .item_size = 2});
    int_type = type({.name = "int",
                     .flags = cpython::type_flags::long_subclass,
                     .basic_size = static_cast<std::int64_t>(layout.integer.digits),
                     .item_size = 4});
    str_type = type({.name = "str", .flags = cpython::type_flags::str_subclass, .basic_size = 80});
    bytes_type =
        type({.name = "bytes", .flags = cpython::type_flags::bytes_subclass, .basic_size = 33, .item_size = 1});
    list_type = type(
        {.name = "list", .flags = cpython::type_flags::list_subclass | cpython::type_flags::have_gc, .basic_size = 40});
    float_type = type({.name = "float", .flags = 0, .basic_size = 24});
    deque_type = type({.name = "collections.deque", .flags = cpython::type_flags::have_gc, .basic_size = 64});
    mmap_type = type({.name = "mmap.mmap", .flags = 0, .basic_size = 72});
  }

  [[nodiscard]] std::uint64_t type(const FakeType& made) {
    const std::uint64_t at = next_type_;
    next_type_ += type_bytes;
    put(at, layout_.object.type, base::Address{made.meta != 0 ? made.meta : type_type});
    put(at, layout_.type.name, base::Address{at + name_at});
    put(at, layout_.type.basic_size, made.basic_size);
    put(at, layout_.type.item_size, made.item_size);
    put(at, layout_.type.flags, made.flags | cpython::type_flags::ready);
    put(at, layout_.type.base, base::Address{made.base});
    space_.put_text(at + name_at, made.name);
    return at;
  }
  template <class T>
  void put(std::uint64_t object, cpython::Field<T> field, std::type_identity_t<T> value) {
    if (field.is_present()) space_.put(object + field.offset(), value);
  }

  void object(std::uint64_t at, std::uint64_t of_type, std::uint32_t references = 1) {
    space_.put(at, references);
    put(at, layout_.object.type, base::Address{of_type});
  }
  void sized(std::uint64_t at, std::uint64_t of_type, std::int64_t items) {
    object(at, of_type);
    put(at, layout_.object.size, items);
  }
  void integer(std::uint64_t at, std::int64_t digits) {
    sized(at, int_type, digits);
    put(at, layout_.integer.tag, static_cast<std::uint64_t>(digits) << 3);
  }
  void text_object(std::uint64_t at, std::int64_t length, unsigned kind = 1, bool is_ascii = true,
                   bool is_compact = true) {
    object(at, str_type);
    put(at, layout_.unicode.length, length);
    put(at, layout_.unicode.state, (kind | (is_compact ? 8U : 0U) | (is_ascii ? 16U : 0U)) << layout_.unicode.kind_bit);
  }
  /// With the collector's head before it, at `block`.
  void list(std::uint64_t block, std::uint64_t items) {
    sized(block + places::gc_head, list_type, 3);
    space_.put(block + places::gc_head + places::list_items, items);
  }

  [[nodiscard]] cpython::RuntimePlace place() const { return {.runtime = {runtime}, .code_type = {code_type}}; }
  [[nodiscard]] const cpython::Layout& layout() const { return layout_; }

  std::uint64_t type_type = data + 0x1000, code_type = 0, int_type = 0, str_type = 0, bytes_type = 0, list_type = 0;
  std::uint64_t float_type = 0, deque_type = 0, mmap_type = 0;

 private:
  static constexpr std::uint64_t name_at = 0x3c0;
  FakeSpace& space_;
  const cpython::Layout& layout_;
  std::uint64_t next_type_ = data + 0x1000;
};

/// Arenas of one size, and the table that names them.
class FakePools {
 public:
  FakePools(FakeSpace& space, std::uint64_t bytes_of_pool, std::uint64_t bytes_of_arena)
      : pool_bytes(bytes_of_pool), arena_bytes(bytes_of_arena), space_(space) {}

  /// Block i of the pool.
  [[nodiscard]] static std::uint64_t block(std::uint64_t pool, std::uint32_t size_class, std::uint64_t i) {
    return pool + 48 + i * (size_class + 1) * 16;
  }
  [[nodiscard]] std::uint64_t blocks(std::uint32_t size_class) const {
    return (pool_bytes - 48) / ((size_class + 1) * 16);
  }

  /// A pool of whose blocks the first `begun` were handed out, but for the ones that are free again.
  void pool(std::uint64_t at, std::uint32_t size_class, std::uint64_t begun,
            const std::vector<std::uint64_t>& free = {}) {
    space_.put(at, static_cast<std::uint32_t>(begun - free.size()));
    space_.put_word(at + 8, 0);
    space_.put(at + 36, size_class);
    space_.put(at + 40, static_cast<std::uint32_t>(48 + begun * (size_class + 1) * 16));
    space_.put(at + 44, static_cast<std::uint32_t>(pool_bytes - (size_class + 1) * 16));
    std::uint64_t link = at + 8;
    for (const auto i : free) {
      space_.put_word(link, block(at, size_class, i));
      link = block(at, size_class, i);
    }
    space_.put_word(link, 0);
  }

  /// Entry i of a table at `table`: pools from `begun` on were never used.
  void entry(std::uint64_t table, std::uint64_t i, std::uint64_t arena, std::uint64_t begun) {
    const bool is_aligned = arena % pool_bytes == 0;
    const std::uint64_t at = table + i * 48;
    space_.put_word(at, arena);
    space_.put_word(at + 8, (arena + pool_bytes - 1) / pool_bytes * pool_bytes + begun * pool_bytes);
    space_.put(at + 16, std::uint32_t{1});
    space_.put(at + 20, static_cast<std::uint32_t>(arena_bytes / pool_bytes - (is_aligned ? 0 : 1)));
  }

  const std::uint64_t pool_bytes, arena_bytes;

 private:
  FakeSpace& space_;
};

inline const cpython::Layout& layout_of(unsigned minor) {
  const auto* const layout = cpython::find_layout(3, minor);
  REQUIRE(layout != nullptr);
  return *layout;
}

}  // namespace tidemark::heap::test
