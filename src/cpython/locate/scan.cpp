#include "scan.hpp"

#include <algorithm>
#include <string_view>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::size_t word_bytes = 8;
constexpr std::string_view cookie = "xdebugpy";

/// What the words of a copy say, as a struct that begins at `at` of it.
template <class T>
std::optional<T> field_at(const SegmentCopy& copy, std::size_t at, Field<T> field) {
  if (!field.is_present()) return std::nullopt;
  return Piece{.bytes = std::as_bytes(std::span(copy.bytes))}.get_at<T>(at + field.offset());
}

template <class T>
std::optional<T> read_field(const memory::MemorySource& memory, Address object, Field<T> field) {
  if (!field.is_present() || !is_plausible_pointer(object)) return std::nullopt;
  auto value = memory.read_value<T>(object.plus(field.offset()));
  return value ? std::optional(*value) : std::nullopt;
}

/// The list of interpreters, newest first, ends with the main one.
bool leads_to(const memory::MemorySource& memory, const Layout& layout, Address head, Address main) {
  if (!layout.interpreter.next.is_present()) return true;
  for (std::size_t seen = 0; seen < max_scanned_interpreters; ++seen) {
    if (head == main) return true;
    const auto next = read_field(memory, head, layout.interpreter.next);
    if (!next) return false;
    head = *next;
  }
  return false;
}

bool has_own_threads(const memory::MemorySource& memory, const Layout& layout, Address main) {
  const auto thread = read_field(memory, main, layout.interpreter.threads_head);
  if (!thread) return false;
  const auto interp = read_field(memory, *thread, layout.thread.interp);
  const auto before = read_field(memory, *thread, layout.thread.prev);
  return interp == main && before == Address{};
}

bool may_be_runtime(const SegmentCopy& copy, std::size_t at, const Layout& layout, const memory::MemorySource& memory) {
  if (field_at(copy, at, layout.runtime.initialized) != 1) return false;
  const auto main = field_at(copy, at, layout.runtime.interpreters_main);
  if (!main || !is_plausible_pointer(*main)) return false;
  if (layout.runtime.interpreters_head.is_present()) {
    const auto head = field_at(copy, at, layout.runtime.interpreters_head);
    if (!head || !leads_to(memory, layout, *head, *main)) return false;
  }
  return has_own_threads(memory, layout, *main);
}

bool is_code_type(Address type, const Layout& layout, const Module& module, const memory::MemorySource& memory) {
  if (!is_type_named(layout, module, memory, type, "code").value_or(false)) return false;
  const auto metatype = read_field(memory, type, layout.object.type);
  return metatype && is_plausible_pointer(*metatype) &&
         is_type_named(layout, module, memory, *metatype, "type").value_or(false);
}

}  // namespace

std::vector<Address> scan_for_cookie(const std::vector<SegmentCopy>& copies) {
  std::vector<Address> found;
  for (const auto& copy : copies) {
    for (std::size_t at = copy.bytes.find(cookie); at != std::string::npos; at = copy.bytes.find(cookie, at + 1)) {
      const Address place = copy.start.plus(at);
      if (place.value % word_bytes == 0 && found.size() < max_scan_candidates) found.push_back(place);
    }
  }
  return found;
}

std::vector<Address> scan_for_runtime(const std::vector<SegmentCopy>& copies, const Layout& layout,
                                      const memory::MemorySource& memory) {
  std::vector<Address> found;
  for (const auto& copy : copies) {
    const std::size_t first = (word_bytes - copy.start.value % word_bytes) % word_bytes;
    for (std::size_t at = first; at < copy.bytes.size() && found.size() < max_scan_candidates; at += word_bytes) {
      if (may_be_runtime(copy, at, layout, memory)) found.push_back(copy.start.plus(at));
    }
  }
  return found;
}

std::optional<Address> scan_for_code_type(const std::vector<SegmentCopy>& copies, const Layout& layout,
                                          const Module& module, const memory::MemorySource& memory) {
  for (const auto& copy : copies) {
    const std::size_t first = (word_bytes - copy.start.value % word_bytes) % word_bytes;
    for (std::size_t at = first; at < copy.bytes.size(); at += word_bytes) {
      if (field_at(copy, at, layout.type.basic_size) != layout.code.size_bytes) continue;
      const Address type = copy.start.plus(at);
      if (is_code_type(type, layout, module, memory)) return type;
    }
  }
  return std::nullopt;
}

base::Result<bool> is_type_named(const Layout& layout, const Module& module, const memory::MemorySource& memory,
                                 Address type, std::string_view name) {
  auto at = memory.read_value<Address>(type.plus(layout.type.name.offset()));
  if (!at) return base::fail(std::move(at).error());
  std::string text(name.size() + 1, '\0');
  const auto into = std::as_writable_bytes(std::span(text));
  if (auto read = memory.read(*at, into); !read) {
    if (!module.file || !module.file->read_at(at->minus(module.bias).value, into)) {
      return base::fail(std::move(read).error());
    }
  }
  return text == std::string(name) + '\0';
}

}  // namespace tidemark::cpython
