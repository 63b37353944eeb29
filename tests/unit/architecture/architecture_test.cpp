// Reads every `#include "tidemark/x/…"` of the tree and fails on an edge that docs/architecture.md does not allow. The
// table itself is read from that page, so page and code cannot part.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "source_files.hpp"

namespace fs = std::filesystem;
using tidemark::test::read_text, tidemark::test::source_dir;

namespace {

using Rooms = std::map<std::string, std::set<std::string>>;

/// The rows `| `room` | one line | may use |` of the page's room table; "all above" means every row before it.
Rooms allowed_edges() {
  Rooms rooms;
  std::set<std::string> above;
  const std::string page = read_text(source_dir / "docs/architecture.md");
  const std::regex row(R"(\n\| `([a-z]+)` \|[^|\n]*\| ([^|\n]*) \|)");
  for (std::sregex_iterator match(page.begin(), page.end(), row), end; match != end; ++match) {
    const std::string room = (*match)[1];
    const std::string uses = (*match)[2];
    std::set<std::string>& allowed = rooms[room];
    if (uses.find("all above") != std::string::npos) allowed = above;
    const std::regex word("[a-z]+");
    for (std::sregex_iterator name(uses.begin(), uses.end(), word), none; name != none; ++name) {
      if (above.contains(name->str())) allowed.insert(name->str());
    }
    above.insert(room);
  }
  return rooms;
}

}  // namespace

TEST_CASE("every include follows the direction of the rooms") {
  const Rooms rooms = allowed_edges();
  REQUIRE(rooms.size() >= 11);
  REQUIRE(rooms.at("record") == std::set<std::string>{"base", "model"});
  const std::regex include(R"(#include "tidemark/([a-z_]+)/)");
  std::size_t includes = 0;
  for (const char* top : {"include/tidemark", "src"}) {
    const fs::path root = source_dir / top;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      const std::string room = fs::relative(entry.path(), root).begin()->string();
      if (room == "main.cpp") continue;
      REQUIRE_MESSAGE(rooms.contains(room), "the page does not know the room of ", entry.path().string());
      const std::string text = read_text(entry.path());
      for (std::sregex_iterator match(text.begin(), text.end(), include), end; match != end; ++match) {
        ++includes;
        const std::string used = (*match)[1];
        CHECK_MESSAGE((used == room || rooms.at(room).contains(used)), entry.path().string(), " includes ", used);
      }
    }
  }
  CHECK(includes > 50);
}
