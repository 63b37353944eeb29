// script/test compiles what most files include once for all of them (cmake/Precompiled.cmake), so that its compilers do
// not see a file that fails to include what it uses, and a user's build would be the first to fail. This does: for each
// header of that list it knows the names that come from it.
#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "source_files.hpp"

namespace fs = std::filesystem;
using tidemark::test::read_text, tidemark::test::source_dir;

namespace {

struct Names {
  std::string_view header, names;
};
constexpr Names names_of_headers[] = {
    {"algorithm",
     "sort stable_sort partial_sort nth_element min max clamp minmax min_element max_element find_if find_if_not "
     "any_of "
     "all_of none_of copy_n copy_if count_if remove_if reverse rotate unique lower_bound upper_bound equal_range "
     "binary_search transform fill fill_n generate partition is_sorted set_difference ranges"},
    {"array", "array to_array"},
    {"charconv", "from_chars to_chars chars_format"},
    {"chrono", "chrono"},
    {"cmath",
     "sqrt floor ceil round isnan isinf isfinite log log2 log10 pow signbit llround lround fmod exp trunc hypot"},
    {"cstdint", "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t"},
    {"cstring", "memcpy memcmp memset memchr memmove strlen strerror strcmp strchr"},
    {"functional", "function less greater hash reference_wrapper ref cref invoke bind_front"},
    {"limits", "numeric_limits"},
    {"map", "map multimap"},
    {"memory", "unique_ptr shared_ptr weak_ptr make_unique make_shared enable_shared_from_this"},
    {"optional", "optional nullopt make_optional"},
    {"span", "span as_bytes as_writable_bytes dynamic_extent"},
    {"string", "string to_string getline stoi u32string u16string wstring char_traits"},
    {"string_view", "string_view u32string_view"},
    {"unordered_map", "unordered_map unordered_multimap"},
    {"utility", ""},  // every other one includes it
    {"variant", "variant get_if holds_alternative visit monostate variant_alternative"},
    {"vector", "vector"},
    {"fmt/format.h", ""},  // all of fmt::
};

std::map<std::string, std::string, std::less<>> header_by_name() {
  std::map<std::string, std::string, std::less<>> headers;
  for (const auto& [header, names] : names_of_headers) {
    std::istringstream words{std::string(names)};
    for (std::string name; words >> name;) headers.emplace(name, header);
  }
  return headers;
}

/// What a file includes by itself and by headers of ours; the standard's and other projects', by name.
class Includes {
 public:
  const std::set<std::string>& of(const fs::path& file) {
    const auto [known, is_new] = known_.try_emplace(file.string());
    if (!is_new) return known->second;
    std::set<std::string> found;
    std::istringstream lines(read_text(file));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("#include ")) continue;
      const auto begin = line.find_first_of("<\"") + 1, end = line.find_first_of(">\"", begin);
      const std::string name = line.substr(begin, end - begin);
      const fs::path ours = find(file, name);
      if (ours.empty()) {
        found.insert(name);
      } else {
        const auto& theirs = of(ours);
        found.insert(theirs.begin(), theirs.end());
      }
    }
    return known_[file.string()] = std::move(found);
  }

 private:
  static fs::path find(const fs::path& from, const std::string& name) {
    const std::string room = std::next(fs::relative(from, source_dir).begin())->string();
    for (const auto& place : {from.parent_path(), source_dir / "include", source_dir / "src" / room}) {
      if (fs::exists(place / name)) return (place / name).lexically_normal();
    }
    return {};
  }

  std::map<std::string, std::set<std::string>> known_;
};

/// The names behind each `std::`, comments apart; "fmt" when there is a fmt::.
std::set<std::string> names_in(const fs::path& file) {
  static const auto is_of_name = [](char one) { return std::isalnum(static_cast<unsigned char>(one)) || one == '_'; };
  std::set<std::string> names;
  std::istringstream lines(read_text(file));
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find("//"));
    if (line.find("fmt::") != std::string::npos) names.insert("fmt");
    for (auto at = line.find("std::"); at != std::string::npos; at = line.find("std::", at)) {
      at += 5;
      auto end = at;
      while (end < line.size() && is_of_name(line[end])) ++end;
      names.insert(line.substr(at, end - at));
    }
  }
  return names;
}

}  // namespace

TEST_CASE("what is precompiled is known here, header by header") {
  const std::string page = read_text(source_dir / "cmake/Precompiled.cmake");
  const auto begin = page.find("set(tidemark_common_headers");
  REQUIRE(begin != std::string::npos);
  const std::string list = page.substr(begin, page.find(')', begin) - begin);
  std::set<std::string> precompiled, known;
  const std::regex header("<([^>]+)>");
  for (std::sregex_iterator match(list.begin(), list.end(), header), end; match != end; ++match) {
    precompiled.insert((*match)[1]);
  }
  for (const auto& one : names_of_headers) known.emplace(one.header);
  CHECK(precompiled == known);
}

TEST_CASE("every file includes what it uses of that") {
  const auto headers = header_by_name();
  Includes includes;
  std::size_t names = 0;
  for (const char* top : {"include/tidemark", "src"}) {
    for (const auto& entry : fs::recursive_directory_iterator(source_dir / top)) {
      if (!entry.is_regular_file()) continue;
      const auto& included = includes.of(entry.path().lexically_normal());
      for (const auto& name : names_in(entry.path())) {
        const auto header = headers.find(name);
        if (header == headers.end() && name != "fmt") continue;
        const std::string wanted = name == "fmt" ? "fmt/format.h" : header->second;
        ++names;
        CHECK_MESSAGE(included.contains(wanted), entry.path().string(), " uses ", name, " and does not include ",
                      wanted);
      }
    }
  }
  CHECK(names > 1000);
}
