#include "tidemark/cpython/type_names.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "tidemark/cpython/dicts.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

using base::Address;

base::Result<void> append_c_string(const memory::MemorySource& memory, Address at, std::size_t cap, std::string& text) {
  constexpr std::uint64_t page_bytes = 4096;
  const std::size_t end_at = text.size() + cap;
  while (text.size() < end_at) {
    std::array<char, 64> part{};
    const std::size_t bytes =
        std::min({part.size(), end_at - text.size(), static_cast<std::size_t>(page_bytes - at.value % page_bytes)});
    const auto into = std::span(part).first(bytes);
    if (auto read = memory.read(at, std::as_writable_bytes(into)); !read) return read;
    const std::string_view seen(part.data(), bytes);
    const auto end = seen.find('\0');
    text.append(seen.substr(0, end));
    if (end != std::string_view::npos) break;
    at = at.plus(bytes);
  }
  return {};
}

base::Result<std::string> read_c_string(const memory::MemorySource& memory, Address at, std::size_t cap) {
  std::string text;
  if (auto read = append_c_string(memory, at, cap, text); !read) return base::fail(std::move(read).error());
  return text;
}

std::string read_class_qualname(const memory::MemorySource& memory, const Layout& layout, Address type) {
  if (!layout.type.cached_keys.is_present()) return {};
  const auto place = memory.read_value<Address>(type.plus(layout.type.cached_keys.offset() - sizeof(Address)));
  return place ? read_unicode(memory, layout, *place).value_or(std::string()) : std::string();
}

std::optional<std::string> read_class_module(const memory::MemorySource& memory, const Layout& layout, Address dict,
                                             std::size_t cap) {
  if (dict.is_null()) return std::nullopt;
  const auto contents = read_dict(memory, layout, dict, cap);
  if (!contents) return std::nullopt;
  const auto module = find_item(memory, layout, contents->items, "__module__");
  if (!module || !module->has_value()) return std::nullopt;
  auto text = read_unicode(memory, layout, (*module)->value);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

}  // namespace tidemark::cpython
