// Of an untested micro release a table may be wrong. Each entry that is read is put wrong in turn: the check notices,
// or the entry is in the list of those that it cannot tell from right ones by value alone. Those lie between others of
// the same struct, and a release that moves them moves these too: that is noticed.
#include <doctest/doctest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "fake_process.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters

namespace {

struct Entry {
  std::string name;
  std::function<void(Layout&)> move;
};

/// What to do to one field.
struct Move {
  template <class T>
  void operator()(Field<T>& field) const {
    if (field.is_present()) field = Field<T>(field.offset() + 8);
  }
  void operator()(std::uint32_t& offset) const {
    if (offset != 0) offset += 8;
  }
};

std::vector<Entry> entries() {
  const Move move;
  return {{"runtime.interpreters_main", [=](Layout& l) { move(l.runtime.interpreters_main); }},
          {"runtime.tstate_current", [=](Layout& l) { move(l.runtime.tstate_current); }},
          {"collector", [=](Layout& l) { l.runtime.gc ? move(*l.runtime.gc) : move(l.interpreter.gc); }},
          {"interpreter.threads_head", [=](Layout& l) { move(l.interpreter.threads_head); }},
          {"interpreter.gil", [=](Layout& l) { move(l.interpreter.gil); }},
          {"thread.prev", [=](Layout& l) { move(l.thread.prev); }},
          {"thread.next", [=](Layout& l) { move(l.thread.next); }},
          {"thread.interp", [=](Layout& l) { move(l.thread.interp); }},
          {"thread.cframe", [=](Layout& l) { move(l.thread.cframe); }},
          {"thread.current_frame", [=](Layout& l) { move(l.thread.current_frame); }},
          {"thread.native_thread_id", [=](Layout& l) { move(l.thread.native_thread_id); }},
          {"thread.pthread", [=](Layout& l) { move(l.thread.pthread); }},
          {"pthread.self", [=](Layout& l) { move(l.pthread.self); }},
          {"pthread.tid", [=](Layout& l) { move(l.pthread.tid); }},
          {"cframe.current_frame", [=](Layout& l) { move(l.cframe.current_frame); }},
          {"frame.code", [=](Layout& l) { move(l.frame.code); }},
          {"frame.instruction", [=](Layout& l) { move(l.frame.instruction); }},
          {"frame.last_instruction", [=](Layout& l) { move(l.frame.last_instruction); }},
          {"code.first_line", [=](Layout& l) { move(l.code.first_line); }},
          {"code.filename", [=](Layout& l) { move(l.code.filename); }},
          {"code.qualname", [=](Layout& l) { move(l.code.qualname); }},
          {"code.line_table", [=](Layout& l) { move(l.code.line_table); }},
          {"code.bytecode", [=](Layout& l) { move(l.code.bytecode); }},
          {"gc.enabled", [=](Layout& l) { move(l.gc.enabled); }},
          {"gc.generation0", [=](Layout& l) { move(l.gc.generation0); }},
          {"gc.garbage", [=](Layout& l) { move(l.gc.garbage); }},
          {"gc.generation_stats", [=](Layout& l) { move(l.gc.generation_stats); }},
          {"generation.count", [=](Layout& l) { move(l.generation.count); }},
          {"generation.size_bytes", [=](Layout& l) { move(l.generation.size_bytes); }},
          {"gil.locked", [=](Layout& l) { move(l.gil.locked); }},
          {"gil.last_holder", [=](Layout& l) { move(l.gil.last_holder); }},
          {"object.type", [=](Layout& l) { move(l.object.type); }},
          {"object.size", [=](Layout& l) { move(l.object.size); }},
          {"type.name", [=](Layout& l) { move(l.type.name); }},
          {"type.basic_size", [=](Layout& l) { move(l.type.basic_size); }},
          {"unicode.length", [=](Layout& l) { move(l.unicode.length); }},
          {"unicode.state", [=](Layout& l) { move(l.unicode.state); }}};
}

/// By value alone these look right wherever they are read.
const std::set<std::string> undecidable{"gc.generation_stats", "generation.count", "unicode.length"};

/// Whether a process that is as `layout` says is refused when it is read by the moved table, or read only in part.
bool is_noticed(const Layout& layout, const std::function<void(Layout&)>& move) {
  UntestedProcess process(layout);
  process.fake.set_holder(FakeInterpreter::thread(0));
  LocatedRuntime runtime = process.located();
  move(runtime.layout);
  auto own = own_process();
  SnapshotReader reader(process.fake.image(), runtime.layout, runtime.place, ::getpid());
  const auto result = self_check(runtime, process.fake.image(), own, reader);
  const auto* checked = std::get_if<Checked>(&result);
  return checked == nullptr || checked->missing.any();
}

/// An entry that this version does not have is not moved.
bool has(const Layout& layout, const Entry& entry) {
  const auto bytes_of = [](const Layout& l) { return std::string(reinterpret_cast<const char*>(&l), sizeof(l)); };
  Layout moved = layout;
  entry.move(moved);
  return bytes_of(moved) != bytes_of(layout);
}

}  // namespace

TEST_CASE("each entry put wrong in turn") {
  for_each_layout([](const Layout& layout) {
    REQUIRE_FALSE(is_noticed(layout, [](Layout&) {}));
    for (const Entry& entry : entries()) {
      CAPTURE(entry.name);
      // In 3.15 `enabled` comes first, and what follows it may be 0 or 1 as well.
      const bool may_be_missed =
          undecidable.contains(entry.name) ||
          (entry.name == std::string_view("gc.enabled") && layout.gc.enabled.offset() == 0);
      if (has(layout, entry)) CHECK(is_noticed(layout, entry.move) != may_be_missed);
    }
  });
}

TEST_CASE("a release that moves all of a struct") {
  const Move move;
  for_each_layout([&](const Layout& layout) {
    CHECK(is_noticed(layout, [&](Layout& l) {
      move(l.gc.enabled);
      move(l.gc.generation0);
      move(l.gc.generation_stats);
      move(l.gc.garbage);
    }));
    CHECK(is_noticed(layout, [](Layout& l) { l.code.size_bytes += 8; }));
  });
}
