// Purpose: what a renderer has to know of a type, each looked at once.
// Invariant: names, bases and members are capped; a type whose head cannot be read is none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

struct RenderedType {
  base::Address address, meta, base, dict, members;
  TypeShape shape;
  std::string c_name;  ///< tp_name

  /// A class that a class statement has made, or type().
  [[nodiscard]] bool is_class() const {
    return shape.has(type_flags::heap_type) && c_name.find('.') == std::string::npos;
  }
  /// What stands behind the last dot.
  [[nodiscard]] std::string_view bare_name() const { return std::string_view(c_name).substr(c_name.rfind('.') + 1); }
};

/// An entry of __slots__, as a member descriptor of its class has it.
struct SlotPlace {
  std::string name;
  std::int64_t offset = 0;  ///< in the object
};

class RenderTypes {
 public:
  RenderTypes(const memory::MemorySource& memory, const Layout& layout) : memory_(memory), layout_(layout) {}

  /// Null when nothing there can be a type.
  [[nodiscard]] const RenderedType* find(base::Address type);
  /// "module.qualname"; "int" of a builtin one.
  [[nodiscard]] std::string full_name(const RenderedType& type);
  /// "Outer.Inner".
  [[nodiscard]] std::string qualname(const RenderedType& type);
  /// Of the type and its bases, those of the bases first.
  [[nodiscard]] std::vector<SlotPlace> slots(const RenderedType& type);
  /// The value of an item of a dict with str as keys, and of the dict of a class; null when there is none.
  [[nodiscard]] base::Address item(base::Address dict, std::string_view name) const;
  [[nodiscard]] base::Address attribute(const RenderedType& type, std::string_view name) const;

 private:
  [[nodiscard]] std::optional<RenderedType> read(base::Address type) const;
  void add_slots(const RenderedType& type, std::vector<SlotPlace>& into) const;

  const memory::MemorySource& memory_;
  const Layout& layout_;
  std::map<std::uint64_t, std::unique_ptr<RenderedType>> types_;
};

}  // namespace tidemark::cpython
