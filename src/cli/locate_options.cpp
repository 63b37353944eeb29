#include "detail/locate_options.hpp"

#include <fmt/format.h>

#include <array>

namespace tidemark::cli {
namespace {

constexpr const char* rungs = "section, symbols, memory_symbols, debug_file, scan";
constexpr const char* origins = "builtin, debug_offsets, dwarf";

std::optional<cpython::LayoutOrigin> find_origin(const std::string& text) {
  using cpython::LayoutOrigin;
  for (const auto origin : {LayoutOrigin::builtin, LayoutOrigin::debug_offsets, LayoutOrigin::dwarf}) {
    if (cpython::text_of(origin) == text) return origin;
  }
  return std::nullopt;
}

}  // namespace

void add_locate_options(boost::program_options::options_description_easy_init& add) {
  namespace options = boost::program_options;
  add("locate", options::value<std::string>()->value_name("HOW"),
      "find the runtime this way alone: section, symbols, memory_symbols, debug_file or scan");
  add("layout", options::value<std::string>()->value_name("ORIGIN"),
      "take its layout from there alone: builtin, debug_offsets or dwarf");
}

cpython::LocateOptions locate_options_of(const CommandLine& line) {
  cpython::LocateOptions options;
  if (line.has("locate")) {
    options.only = cpython::find_rung(line.text("locate"));
    if (!options.only) refuse(fmt::format("'{}' is no way to find a runtime", line.text("locate")), rungs);
  }
  if (line.has("layout")) {
    options.layout_origin = find_origin(line.text("layout"));
    if (!options.layout_origin) refuse(fmt::format("'{}' is no origin of a layout", line.text("layout")), origins);
  }
  return options;
}

}  // namespace tidemark::cli
