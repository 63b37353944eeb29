// Free-threaded builds from 3.14 on: frames that run a copy of their code's instructions, as both readers see them.
#include "read/bytecodes.hpp"

#include <string>

#include "fake_stacks.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::base::ErrorCode;
using tidemark::base::Result;
using tidemark::model::Reason;
using tidemark::model::Source;
using Names = std::vector<std::string>;

namespace {

// One below the code objects and one above: the distance has either sign.
constexpr Address first_copy{0x5000000};
constexpr Address second_copy{0x7f1200000000};

/// Runs the body for each layout whose threads may run copies.
void for_each_layout_with_copies(const std::function<void(const Layout&)>& body) {
  int count = 0;
  for_each_layout([&](const Layout& layout) {
    if (!layout.code.bytecodes.is_present()) return;
    ++count;
    body(layout);
  });
  CHECK(count == 2);  // 3.14t, 3.15t
}

Address own(const Layout& layout, std::size_t code) {
  return FakeInterpreter::code(code).plus(layout.code.instructions);
}

/// A thread of which each frame runs a copy; all are on line 12.
struct CopyingStacks : FakeStacks {
  explicit CopyingStacks(const Layout& layout) : FakeStacks(layout) {
    set_bytecodes(0, bytecodes(0), {own(layout, 0), first_copy, second_copy});
    set_bytecodes(1, bytecodes(1), {own(layout, 1), {}, second_copy.plus(0x100)});
    set_bytecodes(2, bytecodes(2), {own(layout, 2), {}, second_copy.plus(0x200)});
    run(2, 0, second_copy);
    run(1, 1, second_copy.plus(0x100));
    run(0, 2, second_copy.plus(0x200));
  }
  /// Frame `i` of the thread, 0 the outermost.
  void run(std::size_t i, std::size_t code, Address copy, std::int32_t index = 2, std::uint64_t unit = 2) {
    set_frame(frame_number(0, i), code, 2, i == 0 ? Address{} : stack_frame(0, i - 1));
    set_copy_run(frame_number(0, i), index, copy, unit);
  }
};

Names functions_of(const tidemark::model::StackReading& reading) { return names_of(reading.threads.at(0)); }

/// Both readers refuse the innermost frame, and do not pass it over.
void check_refused(FakeStacks& fake, Reason reason) {
  StackReader stacks(fake.image(), fake.layout(), FakeStacks::place());
  const auto reading = stacks.read();
  CHECK(reading.threads.at(0).frames == nullptr);
  CHECK(reading.threads.at(0).failure == Reason::torn);
  const auto snapshot = fake.read();
  CHECK(has_gap(snapshot, Source::frame, reason));
  CHECK_FALSE(snapshot.reading.frame);
}

void check_line(FakeStacks& fake, const std::string& function, std::int64_t line) {
  const auto snapshot = fake.read();
  CHECK(snapshot.gaps.empty());
  REQUIRE(snapshot.reading.frame);
  CHECK(snapshot.reading.frame->code->function == function);
  CHECK(snapshot.reading.frame->line == line);
  StackReader stacks(fake.image(), fake.layout(), FakeStacks::place());
  const auto reading = stacks.read();
  REQUIRE(reading.threads.at(0).frames);
  CHECK(reading.threads[0].tries == 1);
  const auto& innermost = reading.threads[0].frames->front();
  CHECK(innermost.code->function == function);
  CHECK(innermost.line == line);
}

}  // namespace

TEST_CASE("frames that run copies have names and lines") {
  for_each_layout_with_copies([](const Layout& layout) {
    CopyingStacks fake(layout);
    check_line(fake, "Worker.run", 12);
    StackReader reader(fake.image(), layout, FakeStacks::place());
    CHECK(functions_of(reader.read()) == Names{"Worker.run", "middle", "outer"});
    fake.run(2, 0, first_copy, 1);
    check_line(fake, "Worker.run", 12);
    fake.run(2, 0, first_copy, 1, 1);
    check_line(fake, "Worker.run", 10);
    fake.run(2, 0, own(layout, 0), 0);
    check_line(fake, "Worker.run", 12);
  });
}

TEST_CASE("a frame of a copy that has not begun is passed over") {
  for_each_layout_with_copies([](const Layout& layout) {
    for (const auto& [index, copy] : {std::pair{1, first_copy}, std::pair{2, second_copy}}) {
      CopyingStacks fake(layout);
      fake.run(2, 0, copy, index, 0);
      check_line(fake, "middle", 12);
    }
  });
}

TEST_CASE("a copy that is not there refuses its frame, and is not taken for one that has not begun") {
  for_each_layout_with_copies([](const Layout& layout) {
    for (const std::int32_t index : {-1, 3, 0x7fffffff}) {
      CopyingStacks fake(layout);
      fake.run(2, 0, first_copy, index);
      check_refused(fake, Reason::torn);
    }
    CopyingStacks null(layout);
    null.set_bytecodes(0, FakeStacks::bytecodes(0), {own(layout, 0), {}, second_copy});
    null.run(2, 0, first_copy, 1);
    check_refused(null, Reason::torn);
  });
}

TEST_CASE("an instruction outside of the copy that its frame names") {
  for_each_layout_with_copies([](const Layout& layout) {
    CopyingStacks past(layout);
    past.run(2, 0, second_copy, 2, 10);
    check_refused(past, Reason::torn);
    CopyingStacks other(layout);
    other.run(2, 0, second_copy, 1);
    check_refused(other, Reason::torn);
    CopyingStacks between(layout);
    between.run(2, 0, second_copy.plus(1), 2);
    check_refused(between, Reason::torn);
  });
}

TEST_CASE("a copy that is made later is found by readers that know the code object") {
  for_each_layout_with_copies([](const Layout& layout) {
    CopyingStacks fake(layout);
    StackReader stacks(fake.image(), layout, FakeStacks::place());
    SnapshotReader samples(fake.image(), layout, FakeStacks::place(), main_thread_id);
    const auto check = [&] {
      CHECK(functions_of(stacks.read()) == Names{"Worker.run", "middle", "outer"});
      const auto snapshot = samples.read();
      REQUIRE(snapshot.reading.frame);
      CHECK(snapshot.reading.frame->line == 12);
    };
    check();
    constexpr Address third_copy{0x7f1300000000};
    // In the array that is there; then in a longer one in its place.
    fake.set_bytecodes(0, FakeStacks::bytecodes(0), {own(layout, 0), third_copy, second_copy});
    fake.run(2, 0, third_copy, 1);
    check();
    fake.set_bytecodes(0, FakeStacks::bytecodes(0).plus(0x100),
                       {own(layout, 0), third_copy, second_copy, first_copy, {}, {}});
    fake.run(2, 0, first_copy, 3);
    check();
  });
}

TEST_CASE("a frame may go over to its thread's own copy between two looks") {
  for_each_layout_with_copies([](const Layout& layout) {
    CopyingStacks fake(layout);
    int looks = 0;
    WatchedMemory memory(fake.image(), [&](Address at) {
      if (at.value / 0x400 == FakeStacks::thread(0).value / 0x400) {
        const bool is_copy = ++looks % 2 == 0;
        fake.run(2, 0, is_copy ? second_copy : own(layout, 0), is_copy ? 2 : 0);
      }
      return Result<void>();
    });
    StackReader reader(memory, layout, FakeStacks::place());
    const auto reading = reader.read();
    CHECK(functions_of(reading) == Names{"Worker.run", "middle", "outer"});
    REQUIRE(reading.threads.at(0).frames);
    CHECK(reading.threads[0].frames->front().line == 12);
    CHECK(looks > 1);
  });
}

TEST_CASE("arrays that are none end in a reason") {
  for_each_layout_with_copies([](const Layout& layout) {
    const auto code_of = [&](FakeStacks& fake, Address array) {
      const auto found = read_bytecodes(fake.image(), layout, FakeStacks::code(0), array);
      REQUIRE_FALSE(found);
      return found.error().code;
    };
    FakeStacks fake(layout);
    CHECK(code_of(fake, {}) == ErrorCode::torn);
    CHECK(code_of(fake, FakeStacks::bytecodes(1)) == ErrorCode::torn);
    CHECK(code_of(fake, Address{0x7f0000000000}) == ErrorCode::fault);
    for (const std::int64_t size : {std::int64_t{0}, std::int64_t{-1}, max_bytecodes + 1, std::int64_t{1} << 61}) {
      fake.put(FakeStacks::bytecodes(0), layout.code_array.size, size);
      CHECK(code_of(fake, FakeStacks::bytecodes(0)) == (size < 1 ? ErrorCode::torn : ErrorCode::limit));
      StackReader reader(fake.image(), layout, FakeStacks::place());
      CHECK(reader.read().threads.at(0).failure == Reason::torn);
      CHECK(has_gap(fake.read(), Source::frame, size < 1 ? Reason::torn : Reason::limit));
    }
  });
}
