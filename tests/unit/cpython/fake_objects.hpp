// Purpose: objects made by hand, through a layout's own offsets: strings, ints, types, dicts of each kind, instances
// that keep their attributes in each of the ways that the layout knows.
#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/image_memory.hpp"

namespace tidemark::cpython::test {

using base::Address;

/// Where instances of a type keep their attributes.
enum class Keeps { dict_at_offset, dict_at_end, managed_dict, values };

struct FakeItem {
  Address key, value;  ///< a null value: deleted, or not set
};

class FakeObjects {
 public:
  static constexpr std::uint64_t start = 0x20000000;
  static constexpr std::size_t size_bytes = 1 << 20;
  static constexpr std::int64_t instance_bytes = 64;

  explicit FakeObjects(const Layout& layout) : layout_(layout) {
    REQUIRE(image_.add({.start = {start}, .bytes = std::vector<std::byte>(size_bytes)}));
    str_type = type({.flags = type_flags::str_subclass});
    int_type = type({.flags = 1U << 24});
    dict_type = type({.flags = type_flags::dict_subclass});
  }

  template <class T>
  void put_at(Address at, T value) {
    REQUIRE(image_.overwrite(at, std::as_bytes(std::span<const T, 1>(&value, 1))));
  }
  template <class T>
  void put(Address object, Field<T> field, std::type_identity_t<T> value) {
    if (field.is_present()) put_at(object.plus(field.offset()), value);
  }
  [[nodiscard]] Address allocate(std::size_t size) {
    constexpr std::size_t words_before = 64;  // of a managed dict
    const Address at = next_.plus(words_before);
    next_ = at.plus((size + 15) / 16 * 16);
    return at;
  }

  [[nodiscard]] Address text(std::string_view characters) {
    const Address at = object(str_type, 128 + characters.size());
    put(at, layout_.unicode.length, static_cast<std::int64_t>(characters.size()));
    put(at, layout_.unicode.state, (1U | (1U << 3U) | (1U << 4U)) << layout_.unicode.kind_bit);
    put_text(at.plus(layout_.unicode.ascii_data), characters);
    return at;
  }
  void put_text(Address at, std::string_view characters) {
    REQUIRE(image_.overwrite(at, std::as_bytes(std::span(characters))));
  }
  [[nodiscard]] Address integer(std::uint64_t value, bool is_negative = false) {
    const Address at = object(int_type, 64);
    std::int64_t digits = 0;
    for (std::uint64_t rest = value; rest != 0; rest >>= 30) {
      put_at(at.plus(layout_.integer.digits + 4 * static_cast<std::uint64_t>(digits++)),
             static_cast<std::uint32_t>(rest & 0x3fffffff));
    }
    put(at, layout_.object.size, is_negative ? -digits : digits);
    const std::uint64_t sign = is_negative ? 2 : value == 0 ? 1 : 0;
    put(at, layout_.integer.tag, static_cast<std::uint64_t>(digits) << 3 | sign);
    return at;
  }
  [[nodiscard]] Address type(const TypeShape& shape) {
    const Address at = allocate(1024);
    put(at, layout_.type.flags, shape.flags);
    put(at, layout_.type.basic_size, shape.basic_size);
    put(at, layout_.type.item_size, shape.item_size);
    put(at, layout_.type.dict_offset, shape.dict_offset);
    put(at, layout_.type.cached_keys, shape.cached_keys);
    return at;
  }

  /// A table of keys with the entries, values in them where `with_values`. `is_text`: all keys are str.
  [[nodiscard]] Address keys(const std::vector<FakeItem>& items, bool is_text, bool with_values) {
    const auto slots = std::bit_ceil(std::max<std::uint64_t>(8, items.size() * 3 / 2 + 1));
    const std::uint64_t index_bytes = slots * (slots <= 0xff ? 1 : slots <= 0xffff ? 2 : 4);
    const bool has_hashes = !layout_.dict_keys.kind.is_present() || !is_text;
    const Address at = allocate(layout_.dict_keys.indices + index_bytes + slots * 24);
    put(at, layout_.dict_keys.size, static_cast<std::int64_t>(slots));
    put(at, layout_.dict_keys.log2_size, static_cast<std::uint8_t>(std::countr_zero(slots)));
    put(at, layout_.dict_keys.log2_index_bytes, static_cast<std::uint8_t>(std::countr_zero(index_bytes)));
    put(at, layout_.dict_keys.kind, static_cast<std::uint8_t>(!is_text ? 0 : with_values ? 1 : 2));
    put(at, layout_.dict_keys.entries_used, static_cast<std::int64_t>(items.size()));
    Address entry = at.plus(layout_.dict_keys.indices + index_bytes);
    for (const FakeItem& item : items) {
      if (has_hashes) entry = entry.plus(8);
      put_at(entry, item.key);
      if (with_values) put_at(entry.plus(8), item.value);
      entry = entry.plus(16);
    }
    return at;
  }
  /// An array as PyDictValues has it, behind whatever the layout puts first.
  void put_values(Address at, const std::vector<FakeItem>& items) {
    put(at, layout_.attributes.values_valid, 1);
    for (std::size_t i = 0; i < items.size(); ++i)
      put_at(at.plus(layout_.attributes.values_data + 8 * i), items[i].value);
  }
  [[nodiscard]] Address values(const std::vector<FakeItem>& items) {
    const Address at = allocate(16 + 8 * items.size());
    put_values(at, items);
    return at;
  }
  [[nodiscard]] Address dict(const std::vector<FakeItem>& items, bool is_text = true, bool is_split = false) {
    const Address at = object(dict_type, 64);
    std::int64_t used = 0;
    for (const FakeItem& item : items) used += item.value.is_null() ? 0 : 1;
    put(at, layout_.dict.used, used);
    put(at, layout_.dict.keys, keys(items, is_text, !is_split));
    put(at, layout_.dict.values, is_split ? values(items) : Address{});
    return at;
  }

  [[nodiscard]] bool knows(Keeps keeps) const {
    if (keeps == Keeps::dict_at_offset || keeps == Keeps::dict_at_end) return true;
    return layout_.attributes.dict != 0;
  }
  [[nodiscard]] TypeShape shape(Keeps keeps) {
    TypeShape made{.flags = type_flags::heap_type, .basic_size = instance_bytes};
    if (keeps == Keeps::dict_at_offset) made.dict_offset = 40;
    if (keeps == Keeps::dict_at_end) made.item_size = 4, made.dict_offset = -8;
    if (keeps == Keeps::managed_dict || keeps == Keeps::values) {
      made.flags |= type_flags::managed_dict;
      made.dict_offset = -1;
      if (layout_.attributes.values_are_inline) made.flags |= type_flags::inline_values;
    }
    return made;
  }
  /// An instance of a type of its own. One with a dict at its end has five items of four bytes.
  [[nodiscard]] Address instance(Keeps keeps, const std::vector<FakeItem>& attributes) {
    TypeShape of_type = shape(keeps);
    if (keeps == Keeps::values) of_type.cached_keys = keys(attributes, true, false);
    const Address at = object(type(of_type), 512);
    const auto& where = layout_.attributes;
    const auto before = [at](std::int32_t offset) { return at.plus(static_cast<std::uint64_t>(std::int64_t{offset})); };
    switch (keeps) {
      case Keeps::dict_at_offset:
        put_at(at.plus(40), dict(attributes));
        break;
      case Keeps::dict_at_end:
        put(at, layout_.object.size, -5);  // as a negative int has it
        put_at(at.plus(instance_bytes + 24 - 8), dict(attributes));
        break;
      case Keeps::managed_dict:
        put_at(before(where.dict), dict(attributes));
        break;
      case Keeps::values:
        if (where.values_are_inline) {
          put_values(at.plus(instance_bytes), attributes);
        } else if (where.values != 0) {
          put_at(before(where.values), values(attributes));
        } else {
          put_at(before(where.dict), values(attributes).minus(1));
        }
        break;
    }
    return at;
  }

  [[nodiscard]] Address object(Address of_type, std::size_t size) {
    const Address at = allocate(size);
    put(at, layout_.object.type, of_type);
    return at;
  }
  [[nodiscard]] memory::ImageMemory& image() { return image_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }

  Address str_type, int_type, dict_type;

 private:
  Layout layout_;
  memory::ImageMemory image_;
  Address next_{start};
};

}  // namespace tidemark::cpython::test
