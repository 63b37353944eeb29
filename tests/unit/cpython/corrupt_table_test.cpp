// A table may be wrong. Each entry of each table is put wrong in turn, in each way that a mistake is likely to take:
// the self-check notices, or what is read then is the same as before, or is missing and says so. The entries for which
// that is not true are listed here with the reason, and so are those that nothing reads: a list that has grown stale
// fails.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "compared_readings.hpp"
#include "corruptions.hpp"
#include "read_process.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters

namespace {

/// Between the fields there are bytes that are neither null nor a pointer, or none but zeros.
constexpr std::byte strange{0x41};
constexpr std::byte zero{0};

/// An entry that is an exception, and why.
struct Known {
  std::string_view entry;
  std::string_view why;
};

/// Wrong ones cannot be told from right ones by what lies there.
constexpr Known undecidable[]{
    {"gc.generation_stats", "sums of any size; a release that moves them moves the pointers behind them, too"},
    {"generation_stats.collections", "3.15: one number of a struct of numbers, half of which no table names"},
    {"generation_stats.collected", "as above"},
    {"generation_stats.uncollectable", "as above"},
    {"frame.owner_c_stack", "a number of the version that no process states: which frames are no Python frames"},
};
/// The same where zeros lie beside the fields.
constexpr Known undecidable_beside_zeros[]{
    {"runtime.tstate_current", "null: nobody holds the GIL, as in a process that waits"},
    {"gil.locked", "0: nobody holds it"},
    {"gil.enabled", "0: a free-threaded build that runs without its GIL"},
    {"gc.enabled", "0: gc.disable() was called"},
    {"object.size", "0: gc.garbage is empty, as it is almost always; of the frames it is noticed"},
    {"thread.next", "null: the last one of the list"},
    {"thread.current_frame", "null: a thread that runs no Python code"},
    {"cframe.current_frame", "null: the same"},
    {"frame.previous", "null: the outermost frame"},
    {"frame.owner", "0: no frame that C calls Python by"},
    {"frame.last_instruction", "0: the first instruction of all functions"},
    {"bytes.data", "3.8, 3.9: a lnotab of zeros passes neither instructions nor lines"},
};
/// Nothing that is read here depends on them.
constexpr Known unread[]{
    {"thread.state", "nothing reads it"},
    {"stats.first", "0 in every table: the struct begins with that ring"},
    {"frame_owners.object_frame", "of the sizes of objects"},
    {"frame_owners.generator_frame", "of the sizes of objects"},
    {"gc.permanent_generation", "of the collector's lists"},
    {"tuple.items", "of objects that are shown"},
    {"function.qualname", "of objects that are shown"},
};

bool is_known(std::span<const Known> list, std::string_view entry) {
  return std::ranges::find(list, entry, &Known::entry) != list.end();
}

std::string name_of(const Layout& layout) {
  return "3." + std::to_string(layout.minor) + (layout.free_threaded ? "t " : " ");
}

/// What became of all ways in which an entry was wrong.
struct Outcome {
  std::string missed;  ///< of which tables something was said that is not so
  std::string missed_beside_zeros;
  bool has_effect = false;  ///< it was noticed, or something was missing, at least once
};
using Outcomes = std::map<std::string, Outcome, std::less<>>;

void try_all(const Layout& layout, Outcomes& outcomes) {
  ReadProcess process(layout, strange);
  ReadProcess beside_zeros(layout, zero);
  ReadNames names(layout);
  for (const auto entry : entry_names()) {
    Outcome& outcome = outcomes[std::string(entry)];
    for (const Layout& wrong : corruptions(layout, entry)) {
      const Comparison of_names = names.compare(wrong);
      const auto judge = [&](ReadProcess& read, std::string& missed) {
        auto result = read.compare(wrong);
        if (result) result = worst(*result, of_names);
        outcome.has_effect = outcome.has_effect || result != Comparison::same;
        if (result == Comparison::different && !missed.ends_with(name_of(layout))) missed += name_of(layout);
      };
      judge(process, outcome.missed);
      judge(beside_zeros, outcome.missed_beside_zeros);
    }
  }
}

}  // namespace

TEST_CASE("each entry of each table put wrong in turn") {
  Outcomes outcomes;
  for_each_layout([&](const Layout& layout) { try_all(layout, outcomes); });
  for (const auto& [entry, outcome] : outcomes) {
    CAPTURE(entry);
    CAPTURE(outcome.missed);
    CAPTURE(outcome.missed_beside_zeros);
    CHECK(!outcome.missed.empty() == is_known(undecidable, entry));
    const bool is_missed_there = outcome.missed.empty() && !outcome.missed_beside_zeros.empty();
    CHECK(is_missed_there == is_known(undecidable_beside_zeros, entry));
    CHECK(!outcome.has_effect == is_known(unread, entry));
  }
}

TEST_CASE("a release that moves all of a struct") {
  for_each_layout([](const Layout& layout) {
    ReadProcess process(layout, strange);
    Layout moved = layout;
    moved.code.size_bytes += 8;
    CHECK(process.compare(moved) == Comparison::less);
    moved = layout;
    moved.gc.enabled = Field<std::int32_t>(layout.gc.enabled.offset() + 8);
    moved.gc.garbage = Field<Address>(layout.gc.garbage.offset() + 8);
    moved.gc.generations += 8;
    if (layout.gc.generation0.is_present()) {
      moved.gc.generation0 = Field<Address>(layout.gc.generation0.offset() + 8);
    }
    CHECK(process.compare(moved) == Comparison::less);
  });
}

TEST_CASE("no table contradicts itself") {
  for_each_layout([](const Layout& layout) {
    for (const auto entry : contradictions(layout)) FAIL_CHECK(entry);
    Layout wrong = layout;
    wrong.gc.enabled = Field<std::int32_t>(layout.gc.garbage.offset());
    CHECK(contradictions(wrong) == std::vector<std::string_view>{"gc.garbage"});
    wrong = layout;
    wrong.code.first_line = Field<std::int32_t>(static_cast<std::uint32_t>(layout.code.size_bytes));
    CHECK(contradictions(wrong) == std::vector<std::string_view>{"code.first_line"});
  });
}

TEST_CASE("the lists name entries that there are") {
  const auto names = entry_names();
  for (const auto list : std::to_array<std::span<const Known>>({undecidable, undecidable_beside_zeros, unread})) {
    for (const Known& known : list) CHECK(std::ranges::find(names, known.entry) != names.end());
  }
}
