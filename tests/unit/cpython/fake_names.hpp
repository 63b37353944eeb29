// Purpose: an interpreter made by hand that has imported `threading` and knows threads by name.
#pragma once

#include <string>
#include <vector>

#include "fake_interpreter.hpp"
#include "fake_objects.hpp"
#include "read/thread_names.hpp"

namespace tidemark::cpython::test {

using base::ErrorCode;

inline constexpr std::uint64_t first_ident = 0x7f10'0000'0000;

/// An interpreter that has imported `threading`, with threads that are named t0, t1, ... Their _ident is the key of
/// theirs in _active, or an int of its own.
class NamedThreads {
 public:
  NamedThreads(const Layout& layout, std::size_t count, Keeps keeps) : fake(layout), keeps_(keeps) {
    interpreter = fake.allocate(layout.interpreter.modules.end());
    for (std::size_t i = 0; i < count; ++i) add_thread(i);
    active = fake.dict(items, false);
    const Address module = fake.instance(
        Keeps::dict_at_offset, {{fake.text("__name__"), fake.text("threading")}, {fake.text("_active"), active}});
    modules = fake.dict({{fake.text("sys"), fake.integer(1)}, {fake.text("threading"), module}});
    fake.put(interpreter, layout.interpreter.modules, modules);
  }

  void add_thread(std::size_t i, bool has_own_int = false) {
    const std::uint64_t ident = first_ident + i * 0x1000;
    const Address key = fake.integer(ident);
    add(key, "t" + std::to_string(i), has_own_int ? fake.integer(ident) : key);
  }
  void add(Address key, const std::string& name, Address ident) {
    texts.push_back(fake.text(name));
    items.push_back({.key = key, .value = fake.instance(keeps_, {{name_key_, texts.back()}, {ident_key_, ident}})});
  }
  /// Makes _active anew of the items, at the same address.
  void set_active() {
    const Address made = fake.dict(items, false);
    for (std::uint64_t at = 0; at < 64; at += 8) {
      fake.put_at(active.plus(at), fake.image().read_value<std::uint64_t>(made.plus(at)).value());
    }
  }
  /// Where the pointer to the name of thread i lies.
  [[nodiscard]] Address name_slot(std::size_t i) {
    const Address thread = items[i].value;
    const auto type = fake.image().read_value<Address>(thread.plus(fake.layout().object.type.offset()));
    const auto shape = read_type_shape(fake.image(), fake.layout(), type.value());
    return read_attributes(fake.image(), fake.layout(), thread, shape.value(), 10)->items.front().value_slot;
  }
  [[nodiscard]] static NamesByIdent names(std::initializer_list<std::size_t> threads) {
    NamesByIdent expected;
    for (const std::size_t i : threads) expected.emplace(first_ident + i * 0x1000, "t" + std::to_string(i));
    return expected;
  }
  [[nodiscard]] NamesByIdent read() {
    const auto found = ThreadNames(fake.image(), fake.layout()).read(interpreter);
    REQUIRE(found);
    return **found;
  }
  void check_error(ErrorCode code) {
    const auto found = ThreadNames(fake.image(), fake.layout()).read(interpreter);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == code);
  }

  FakeObjects fake;
  Address interpreter, modules, active;
  std::vector<FakeItem> items;  ///< of _active
  std::vector<Address> texts;   ///< the names

 private:
  Keeps keeps_;
  Address name_key_ = fake.text("_name"), ident_key_ = fake.text("_ident");
};

}  // namespace tidemark::cpython::test
