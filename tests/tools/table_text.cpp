#include "table_text.hpp"

#include <fmt/format.h>

#include "tidemark/cpython/layout_fields.hpp"

namespace tidemark::tools {

namespace {

using cpython::Field;
using cpython::Layout;

template <class T>
std::string text_of(const Field<T>& field) {
  return fmt::format("{:#04x}", field.offset());
}
std::string text_of(std::uint32_t offset) { return fmt::format("{:#04x}", offset); }
std::string text_of(std::uint64_t bits) { return fmt::format("{:#x}", bits); }
std::string text_of(std::int64_t bytes) { return fmt::format("{:#x}", bytes); }
std::string text_of(std::int32_t bytes) { return fmt::format("{}", bytes); }
std::string text_of(std::uint8_t number) { return fmt::format("{}", number); }
std::string text_of(bool is_so) { return is_so ? "true" : "false"; }
std::string text_of(Layout::LineTable format) {
  switch (format) {
    case Layout::LineTable::lnotab:
      return "Layout::LineTable::lnotab";
    case Layout::LineTable::ranges:
      return "Layout::LineTable::ranges";
    case Layout::LineTable::locations:
      return "Layout::LineTable::locations";
  }
  return "";
}

template <class T>
std::string text_of(const std::optional<T>& value) {
  return text_of(*value);
}

/// ".group = {.a = 1, .b = 2}," of each group that says anything.
std::string groups_of(const Layout& layout) {
  std::string text;
  std::string_view group;
  const auto close = [&] {
    if (!group.empty()) text += "},\n";
  };
  cpython::for_each_field(layout, [&](std::string_view name, const auto& entry) {
    if (!cpython::is_stated(entry)) return;
    const auto dot = name.find('.');
    const bool is_same = name.substr(0, dot) == group;
    if (!is_same) {
      close();
      group = name.substr(0, dot);
    }
    text += is_same ? ", " : fmt::format("    .{} = {{", group);
    text += fmt::format(".{} = {}", name.substr(dot + 1), text_of(entry));
  });
  close();
  return text;
}

std::string stated_text(const StatedOffsets& stated) {
  std::string text = "constexpr auto stated_offsets = std::to_array<StatedOffset>({\n";
  for (const auto& one : stated) {
    text += fmt::format("    {{\"{}\", {:#05x}", one.entry, one.position);
    if (one.from) text += fmt::format(", {:#05x}", *one.from);
    text += "},\n";
  }
  return text + "});\n";
}

}  // namespace

std::string table_text(const Layout& layout, const StatedOffsets& stated) {
  std::string text = fmt::format("{}; entries that no C type decides are kept as they were.\n", table_begins);
  if (!stated.empty()) text += stated_text(stated);
  text += "}  // namespace\n\n";
  text +=
      fmt::format("constexpr Layout layout_v{}_{}{}{{\n", layout.major, layout.minor, layout.free_threaded ? "t" : "");
  text += fmt::format("    .major = {},\n    .minor = {},\n    .runtime_sizes = runtime_sizes,\n", layout.major,
                      layout.minor);
  if (!stated.empty()) text += "    .has_debug_offsets = true,\n    .stated_offsets = stated_offsets,\n";
  if (layout.free_threaded) text += "    .free_threaded = true,\n";
  return text + groups_of(layout) + "};\n\n}  // namespace tidemark::cpython\n";
}

}  // namespace tidemark::tools
