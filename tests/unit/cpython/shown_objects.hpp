// Purpose: objects made by hand, of types that have names, and the text that is shown of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fake_objects.hpp"
#include "tidemark/cpython/render.hpp"

namespace tidemark::cpython::test {

/// Types with names, and objects of them.
class Shown {
 public:
  explicit Shown(const Layout& layout) : fake(layout) {
    name(fake.str_type, "str");
    name(fake.int_type, "int");
    name(fake.dict_type, "dict");
  }

  void name(Address type, std::string_view text) {
    const Address at = fake.allocate(text.size() + 1);
    fake.put_text(at, text);
    fake.put(type, fake.layout().type.name, at);
  }
  [[nodiscard]] Address type(std::string_view text, std::uint64_t flags, std::int64_t basic_size = 64) {
    const Address made = fake.type({.flags = flags, .basic_size = basic_size});
    name(made, text);
    return made;
  }
  [[nodiscard]] Address list(Address of_type, const std::vector<Address>& items) {
    const Address at = fake.object(of_type, 64), array = fake.allocate(8 * items.size() + 8);
    for (std::size_t i = 0; i < items.size(); ++i) fake.put_at(array.plus(8 * i), items[i]);
    fake.put(at, fake.layout().object.size, static_cast<std::int64_t>(items.size()));
    fake.put_at(at.plus(fake.layout().object.size.end()), array);
    return at;
  }
  [[nodiscard]] Address tuple(Address of_type, const std::vector<Address>& items) {
    const Address at = fake.object(of_type, 64 + 8 * items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      fake.put_at(at.plus(fake.layout().tuple.items + 8 * i), items[i]);
    }
    fake.put(at, fake.layout().object.size, static_cast<std::int64_t>(items.size()));
    return at;
  }
  [[nodiscard]] std::string text(Address object, const RenderOptions& options = {}) {
    return render_object(fake.image(), fake.layout(), object, options);
  }

  FakeObjects fake;
};

}  // namespace tidemark::cpython::test
