// A table may be wrong. Each entry of each table is put wrong in turn, in each way that a mistake is likely to take:
// the self-check notices, or what is read then is the same as before, or is missing and says so. The entries for which
// that is not true are listed here with the reason, and so are those that nothing reads: a list that has grown stale
// fails.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "compared_readings.hpp"
#include "corruptions.hpp"
#include "fake_process.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters

namespace {

using Entries = std::set<std::string>;

/// By value alone these look right wherever they are read: numbers of any size. They lie between others of the same
/// struct, and a release that moves them moves those too: that is noticed.
const Entries undecidable{};

/// Nothing that is read depends on them.
const Entries unread{};

/// What became of all ways in which an entry was wrong.
struct Outcome {
  bool is_noticed = false;   ///< by the self-check, at least once
  bool is_missed = false;    ///< something was said that is not so, and the self-check had passed
  bool changes = false;      ///< something was missing at least once
  std::string first_missed;  ///< of which table
};
using Outcomes = std::map<std::string, Outcome>;

std::string name_of(const Layout& layout) {
  return "3." + std::to_string(layout.minor) + (layout.free_threaded ? "t" : "");
}

/// A process of a build that was never tested, on which the self-check asks most.
class CheckedProcess {
 public:
  explicit CheckedProcess(const Layout& layout) : process_(layout), runtime_(located(process_)), own_(own_process()) {}

  [[nodiscard]] bool notices(const Layout& wrong) {
    runtime_.layout = wrong;
    SnapshotReader reader(process_.fake.image(), wrong, runtime_.place, ::getpid());
    const auto result = self_check(runtime_, process_.fake.image(), own_, reader);
    const auto* checked = std::get_if<Checked>(&result);
    return checked == nullptr || checked->missing.any();
  }

 private:
  static LocatedRuntime located(UntestedProcess& process) {
    process.fake.set_holder(FakeInterpreter::thread(0));
    return process.located();
  }
  UntestedProcess process_;
  LocatedRuntime runtime_;
  tidemark::proc::ProcessFiles own_;
};

Everything read(FakeStacks& fake, const Layout& layout) {
  SnapshotReader snapshots(fake.image(), layout, FakeStacks::place(), main_thread_id);
  StackReader stacks(fake.image(), layout, FakeStacks::place());
  return {.snapshot = snapshots.read(), .stacks = stacks.read()};
}

Comparison compare(const Everything& right, const Everything& wrong) {
  return worst(tidemark::cpython::test::compare(right.snapshot, wrong.snapshot),
               tidemark::cpython::test::compare(right.stacks, wrong.stacks));
}

/// Names of threads that keep their attributes in each way that the layout has.
class ReadNames {
 public:
  explicit ReadNames(const Layout& layout) {
    for (const Keeps keeps : {Keeps::dict_at_offset, Keeps::managed_dict, Keeps::values}) {
      if (FakeObjects(layout).knows(keeps)) made_.push_back(std::make_unique<NamedThreads>(layout, 3, keeps));
    }
  }
  [[nodiscard]] Comparison compare(const Layout& wrong) {
    Comparison result = Comparison::same;
    for (const auto& threads : made_) {
      const auto names = ThreadNames(threads->fake.image(), wrong).read(threads->interpreter);
      const auto right = NamedThreads::names({0, 1, 2});
      result = worst(result, names ? tidemark::cpython::test::compare(right, **names) : Comparison::less);
    }
    return result;
  }

 private:
  std::vector<std::unique_ptr<NamedThreads>> made_;
};

void try_all(const Layout& layout, Outcomes& outcomes) {
  CheckedProcess process(layout);
  REQUIRE_FALSE(process.notices(layout));
  FakeStacks fake(layout, 2);
  fake.set_holder(FakeStacks::thread(0));
  const Everything right = read(fake, layout);
  REQUIRE(compare(right, right) == Comparison::same);
  REQUIRE(right.stacks.threads.size() == 2);
  ReadNames names(layout);
  REQUIRE(names.compare(layout) == Comparison::same);
  for (const auto entry : entry_names()) {
    Outcome& outcome = outcomes[std::string(entry)];
    for (const Layout& wrong : corruptions(layout, entry)) {
      if (process.notices(wrong)) {
        outcome.is_noticed = true;
        continue;
      }
      const Comparison result = worst(compare(right, read(fake, wrong)), names.compare(wrong));
      outcome.changes = outcome.changes || result != Comparison::same;
      if (result != Comparison::different || outcome.is_missed) continue;
      outcome.is_missed = true;
      outcome.first_missed = name_of(layout);
    }
  }
}

}  // namespace

TEST_CASE("each entry of each table put wrong in turn") {
  Outcomes outcomes;
  for_each_layout([&](const Layout& layout) { try_all(layout, outcomes); });
  for (const auto& [entry, outcome] : outcomes) {
    CAPTURE(entry);
    CAPTURE(outcome.first_missed);
    CHECK(outcome.is_missed == undecidable.contains(entry));
    CHECK((!outcome.is_noticed && !outcome.changes) == unread.contains(entry));
  }
}

TEST_CASE("a release that moves all of a struct") {
  for_each_layout([](const Layout& layout) {
    CheckedProcess process(layout);
    Layout moved = layout;
    moved.code.size_bytes += 8;
    CHECK(process.notices(moved));
    moved = layout;
    moved.gc.enabled = Field<std::int32_t>(layout.gc.enabled.offset() + 8);
    moved.gc.garbage = Field<Address>(layout.gc.garbage.offset() + 8);
    moved.gc.generations += 8;
    if (layout.gc.generation0.is_present()) {
      moved.gc.generation0 = Field<Address>(layout.gc.generation0.offset() + 8);
    }
    CHECK(process.notices(moved));
  });
}

TEST_CASE("the lists name entries that there are") {
  const auto names = entry_names();
  for (const Entries* list : {&undecidable, &unread}) {
    for (const auto& entry : *list) CHECK(std::ranges::find(names, entry) != names.end());
  }
}
