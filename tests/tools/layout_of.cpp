// Prints the table of a Python's layout from its debug information, writes it into a file of src/cpython/layout/, or
// says in which entries the built-in table differs. Not shipped: script/layouts and live.layouts run it.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stated_places.hpp"
#include "table_text.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/cpython/layout_fields.hpp"
#include "tidemark/elf/dwarf.hpp"

namespace tidemark::tools {

namespace {

constexpr const char* usage =
    "layout_of --version 3.NN[t] [--like 3.MM[t]] [--check | --into TABLE.cpp] FILE\n"
    "FILE has the debug information of that Python. --like: whose table has the entries that no C type decides, when\n"
    "there is none of that version yet.\n";

struct Version {
  unsigned minor = 0;
  bool free_threaded = false;
};

struct Options {
  Version version;
  Version like;
  bool check = false;
  std::string into;
  std::string file;
};

std::optional<Version> version_of(std::string_view text) {
  Version version{.minor = 0, .free_threaded = text.ends_with('t')};
  if (version.free_threaded) text.remove_suffix(1);
  if (!text.starts_with("3.")) return std::nullopt;
  text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version.minor);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return version;
}

std::optional<Options> parse(std::span<char*> arguments) {
  Options options;
  std::optional<Version> version;
  std::optional<Version> like;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    const bool has_value = i + 1 < arguments.size();
    if (argument == "--check") {
      options.check = true;
    } else if (argument == "--version" && has_value) {
      version = version_of(arguments[++i]);
    } else if (argument == "--like" && has_value) {
      like = version_of(arguments[++i]);
    } else if (argument == "--into" && has_value) {
      options.into = arguments[++i];
    } else if (options.file.empty() && !argument.starts_with("-")) {
      options.file = argument;
    } else {
      return std::nullopt;
    }
  }
  if (!version || options.file.empty()) return std::nullopt;
  options.version = *version;
  options.like = like.value_or(*version);
  return options;
}

/// What the debug information says.
struct Facts {
  cpython::Layout layout;
  StatedOffsets stated;
  std::uint64_t runtime_bytes = 0;
};

/// Only of entries that the build has: the members of the others hold 0.
StatedOffsets stated_by(const elf::DwarfTypes& types, const cpython::Layout& layout) {
  StatedOffsets stated;
  cpython::for_each_field(layout, [&](std::string_view name, const auto& entry) {
    const auto place = std::ranges::find(stated_places, name, &StatedPlace::entry);
    if (place == stated_places.end()) return;
    // An offset of 0 is stated too, and is what the entry is when it is no Field.
    const bool is_there =
        cpython::is_stated(entry) || std::is_same_v<std::remove_cvref_t<decltype(entry)>, std::uint32_t>;
    const auto member = types.member("_Py_DebugOffsets", place->member);
    if (!is_there || !member) return;
    cpython::StatedOffset one{
        .entry = place->entry, .position = static_cast<std::uint32_t>(member->offset), .from = {}};
    if (const auto from = types.member("_Py_DebugOffsets", place->from)) {
      one.from = static_cast<std::uint32_t>(from->offset);
    }
    stated.push_back(one);
  });
  return stated;
}

base::Result<Facts> facts_of(const Options& options) {
  auto file = base::open_at(AT_FDCWD, options.file, O_RDONLY, "open the file with debug information");
  if (!file) return base::fail(std::move(file).error());
  auto elf = elf::ElfFile::open(std::move(file).value());
  if (!elf) return base::fail(std::move(elf).error());
  const auto* like = cpython::find_layout(3, options.like.minor, options.like.free_threaded);
  if (like == nullptr) return base::fail({.code = base::ErrorCode::not_found, .doing = "find the table to start from"});
  auto layout = cpython::layout_from_dwarf(*elf, *like);
  if (!layout) return base::fail(std::move(layout).error());
  layout->minor = static_cast<std::uint8_t>(options.version.minor);
  layout->free_threaded = options.version.free_threaded;
  constexpr std::array<std::string_view, 2> names{"pyruntimestate", "_Py_DebugOffsets"};
  auto types = elf::DwarfTypes::read(*elf, names);
  if (!types) return base::fail(std::move(types).error());
  return Facts{.layout = *layout,
               .stated = stated_by(*types, *layout),
               .runtime_bytes = types->size_of("pyruntimestate").value_or(0)};
}

bool same_stated(const cpython::StatedOffset& a, const cpython::StatedOffset& b) {
  return a.entry == b.entry && a.position == b.position && a.from == b.from;
}

int check(const Options& options, const Facts& facts) {
  const auto* table = cpython::find_layout(3, options.version.minor, options.version.free_threaded);
  if (table == nullptr) {
    fmt::print("there is no table\n");
    return 1;
  }
  auto misfits = cpython::differences(*table, facts.layout);
  if (!std::ranges::equal(table->stated_offsets, facts.stated, same_stated)) misfits.push_back("stated_offsets");
  const bool has_size = std::ranges::find(table->runtime_sizes, facts.runtime_bytes) != table->runtime_sizes.end();
  for (const auto name : misfits) fmt::print("{}\n", name);
  if (!has_size) fmt::print("runtime_sizes lacks {:#x}\n", facts.runtime_bytes);
  return misfits.empty() && has_size ? 0 : 1;
}

/// Replaces all from the mark on.
int write_into(const std::string& path, const std::string& text) {
  std::ifstream in(path);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  const auto at = content.find(table_begins);
  if (at == std::string::npos) {
    fmt::print(stderr, "{} has no line \"{}\"\n", path, table_begins);
    return 1;
  }
  std::ofstream out(path, std::ios::trunc);
  out << content.substr(0, at) << text;
  return out.flush() ? 0 : 1;
}

}  // namespace

int run(std::span<char*> arguments) {
  const auto options = parse(arguments);
  if (!options) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  const auto facts = facts_of(*options);
  if (!facts) {
    fmt::print(stderr, "{}: {}\n", options->file, base::describe(facts.error()));
    return 3;
  }
  if (options->check) return check(*options, *facts);
  const std::string text = table_text(facts->layout, facts->stated);
  if (!options->into.empty()) return write_into(options->into, text);
  fmt::print("{}", text);
  return 0;
}

}  // namespace tidemark::tools

int main(int count, char** arguments) {
  return tidemark::tools::run(std::span(arguments, static_cast<std::size_t>(count)).subspan(1));
}
