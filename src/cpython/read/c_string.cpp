#include "c_string.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace tidemark::cpython {

base::Result<std::string> read_c_string(const memory::MemorySource& memory, base::Address at, std::size_t cap) {
  constexpr std::uint64_t page_bytes = 4096;
  std::string text;
  while (text.size() < cap) {
    std::array<char, 64> part{};
    const std::size_t bytes =
        std::min({part.size(), cap - text.size(), static_cast<std::size_t>(page_bytes - at.value % page_bytes)});
    const auto into = std::span(part).first(bytes);
    if (auto read = memory.read(at, std::as_writable_bytes(into)); !read) return base::fail(std::move(read).error());
    const std::string_view seen(part.data(), bytes);
    const auto end = seen.find('\0');
    text.append(seen.substr(0, end));
    if (end != std::string_view::npos) break;
    at = at.plus(bytes);
  }
  return text;
}

}  // namespace tidemark::cpython
