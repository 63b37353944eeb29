// Purpose: one text about one object, made by looking at objects and at what they hold.
// Invariants: an object that is being shown is not shown again inside of itself; the objects looked at are counted and
// capped, and nothing is read once the text is full.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "render_text.hpp"
#include "render_types.hpp"
#include "tidemark/cpython/dicts.hpp"
#include "tidemark/cpython/render.hpp"

namespace tidemark::cpython {

class Renderer {
 public:
  Renderer(const memory::MemorySource& memory, const Layout& layout, const RenderOptions& options);

  /// `depth`: how many containers may still be opened.
  void put(base::Address object, std::size_t depth);
  [[nodiscard]] std::string take() && { return std::move(text_).take(); }

 private:
  struct Shown {
    base::Address object;
    const RenderedType& type;
    std::size_t depth = 0;
  };
  /// Items on their way into the text: a comma between two, no more than are wanted, then how many more there are. Of a
  /// container at depth 0 none is shown.
  class Items {
   public:
    Items(Renderer& renderer, std::uint64_t all, std::size_t depth) : renderer_(renderer), all_(all), depth_(depth) {}
    [[nodiscard]] bool is_enough() const;
    void begin_next();
    /// How deep an item may go.
    [[nodiscard]] std::size_t inner_depth() const { return depth_ - 1; }
    void end();

   private:
    Renderer& renderer_;
    std::uint64_t all_ = 0, shown_ = 0;
    std::size_t depth_ = 0;
  };

  // render.cpp: what kind of object it is, and those that are one value.
  void put_known(const Shown& shown);
  bool put_builtin(const Shown& shown);
  bool put_value(const Shown& shown);
  bool put_by_name(const Shown& shown);
  bool put_of_module(const Shown& shown);
  void put_integer(const Shown& shown);
  void put_float(const Shown& shown);
  void put_decimal(const Shown& shown);
  void put_str(base::Address object);
  void put_bytes(const Shown& shown, bool is_bytearray);
  void put_unreadable(base::Address object);
  void put_address(const Shown& shown, std::string_view name);

  // render_containers.cpp
  void put_list(const Shown& shown);
  void put_tuple(const Shown& shown);
  bool put_named_tuple(const Shown& shown);
  void put_dict(const Shown& shown);
  void put_set(const Shown& shown);
  /// Items of an array of pointers, between what opens and closes the container.
  void put_pointers(const Shown& shown, std::string_view open, base::Address items, std::int64_t count,
                    std::string_view close);
  [[nodiscard]] std::vector<base::Address> names_of_fields(const RenderedType& type);
  [[nodiscard]] std::optional<std::vector<DictItem>> first_items(base::Address dict, std::int64_t& used);

  // render_collections.cpp: of modules, and of builtins that hold a few.
  void put_deque(const Shown& shown);
  void put_array(const Shown& shown);
  void put_numbers(const std::vector<std::string>& numbers, std::uint64_t all);
  void put_slice(const Shown& shown, bool is_range);

  // render_instances.cpp
  void put_instance(const Shown& shown);
  void put_exception(const Shown& shown);
  bool put_enum_member(const Shown& shown);
  void put_type(base::Address object);
  void put_module(const Shown& shown);
  void put_method(const Shown& shown);
  void put_named(std::string_view what, base::Address name);
  void put_ndarray(const Shown& shown);

  /// A field of T at an offset from the object; nullopt when it cannot be read.
  template <class T>
  [[nodiscard]] std::optional<T> at(base::Address object, std::uint64_t offset) const {
    const auto value = memory_.read_value<T>(object.plus(offset));
    return value ? std::optional<T>(*value) : std::nullopt;
  }
  /// Where the fields of a PyObject, and of a PyVarObject, begin.
  [[nodiscard]] std::uint64_t after_head() const { return layout_.object.type.end(); }
  [[nodiscard]] std::uint64_t after_var_head() const { return layout_.object.size.end(); }
  [[nodiscard]] std::optional<std::int64_t> size_of(base::Address object) const {
    return at<std::int64_t>(object, layout_.object.size.offset());
  }

  const memory::MemorySource& memory_;
  const Layout& layout_;
  const RenderOptions options_;
  RenderTypes types_;
  RenderText text_;
  std::vector<base::Address> open_;  ///< being shown, outermost first
  std::size_t seen_ = 0;
};

/// The characters of a str of any kind, at most `cap`; compact or, to 3.11, not. nullopt: it cannot be read.
struct Characters {
  std::vector<char32_t> text;
  bool is_whole = true;
};
[[nodiscard]] std::optional<Characters> read_characters(const memory::MemorySource& memory, const Layout& layout,
                                                        base::Address object, std::size_t cap);

}  // namespace tidemark::cpython
