#include "tidemark/cpython/stack_reader.hpp"

#include "fake_stacks.hpp"
#include "read/stack_copies.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::model::Reason;
using tidemark::model::Source;
using Names = std::vector<std::string>;

namespace {

const Names whole{"Worker.run", "middle", "outer"};

tidemark::model::StackReading read(FakeStacks& fake) {
  StackReader reader(fake.image(), fake.layout(), FakeStacks::place());
  return reader.read();
}

/// What one thread says, whatever was done to it: whole, or nothing and why.
void check_refused(FakeStacks& fake, Reason reason) {
  const auto reading = read(fake);
  REQUIRE(reading.threads.size() == 1);
  CHECK(reading.threads[0].frames == nullptr);
  CHECK(reading.threads[0].failure == reason);
}

}  // namespace

TEST_CASE("the stacks of all threads, the oldest thread first") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout, 3);
    fake.set_holder(FakeStacks::thread(1));
    const auto reading = read(fake);
    CHECK(reading.gaps.empty());
    REQUIRE(reading.threads.size() == 3);
    REQUIRE(reading.interpreters.size() == 1);
    CHECK(reading.interpreters[0].gc_running == false);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto& thread = reading.threads[2 - i];
      CHECK(names_of(thread) == whole);
      CHECK(thread.thread_id == FakeStacks::thread_id(i));
      CHECK(thread.native_id == (i == 2 ? main_thread_id : main_thread_id + 1 + static_cast<int>(i)));
      CHECK(thread.holds_gil == (i == 1));
      CHECK(thread.tries == 1);
      REQUIRE(thread.frames);
      for (const auto& frame : *thread.frames) CHECK(frame.line == 12);
    }
  });
}

TEST_CASE("nobody holds a GIL that is not enabled, and none whose lock makes no sense") {
  for_each_layout([](const Layout& layout) {
    if (!layout.gil.locked.is_present()) return;
    FakeStacks fake(layout, 2);
    fake.set_holder(FakeStacks::thread(0));
    CHECK(read(fake).threads.at(1).holds_gil);
    fake.put(FakeStacks::gil, layout.gil.locked, 2);
    for (const auto& thread : read(fake).threads) CHECK_FALSE(thread.holds_gil);
    fake.set_holder(FakeStacks::thread(0));
    fake.put(FakeStacks::gil, layout.gil.enabled, 0);
    if (!layout.gil.enabled.is_present()) return;
    for (const auto& thread : read(fake).threads) CHECK_FALSE(thread.holds_gil);
  });
}

TEST_CASE("a stack that did not change is the same object, and costs one vector read") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout, 2);
    WatchedMemory memory(fake.image(), [](Address) { return tidemark::base::Result<void>(); });
    StackReader reader(memory, layout, FakeStacks::place());
    const auto first = reader.read();
    const int before = memory.vector_reads();
    const auto second = reader.read();
    CHECK(memory.vector_reads() == before + 1);
    REQUIRE(second.threads.size() == 2);
    CHECK(second.threads[0].frames == first.threads[0].frames);
    fake.set_stack(0, {2, 1});
    const auto third = reader.read();
    CHECK(third.threads[0].frames == first.threads[0].frames);  // thread 1, the older one
    CHECK(names_of(third.threads[1]) == Names{"middle", "outer"});
    CHECK(names_of(first.threads[1]) == whole);
  });
}

TEST_CASE("a thread that runs no Python code has an empty stack") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout);
    fake.set_current_frame(0, {});
    const auto reading = read(fake);
    REQUIRE(reading.threads.size() == 1);
    REQUIRE(reading.threads[0].frames);
    CHECK(reading.threads[0].frames->empty());
    CHECK_FALSE(reading.threads[0].failure);
  });
}

TEST_CASE("shims and frames that have not begun are left out, a generator's frame is not") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout);
    const auto innermost = FakeStacks::frame_number(0, 2);
    fake.set_frame(innermost, 0, fake.fresh_unit(), FakeStacks::stack_frame(0, 1));
    if (!layout.frame.last_instruction.is_present()) CHECK(names_of(read(fake).threads[0]) == Names{"middle", "outer"});
    if (!layout.frame.owner.is_present()) return;
    const std::uint8_t generator = layout.frame.owner_generator.value();
    fake.set_frame(innermost, 0, 0, FakeStacks::stack_frame(0, 1), generator);
    CHECK(names_of(read(fake).threads[0]) == whole);
    if (!layout.frame.owner_c_stack) return;
    fake.set_frame(FakeStacks::frame_number(0, 1), 1, 2, FakeStacks::stack_frame(0, 0), *layout.frame.owner_c_stack);
    CHECK(names_of(read(fake).threads[0]) == Names{"Worker.run", "outer"});
  });
}

TEST_CASE("frames that lie outside the chunk are found at the first reading") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout);
    constexpr std::size_t far = 2;  // a frame below those of the thread's chunk
    fake.set_frame(far, 1, 2, FakeStacks::stack_frame(0, 0), layout.frame.owner_generator.value_or(0));
    fake.set_frame(FakeStacks::frame_number(0, 2), 0, 2, FakeStacks::frame(far));
    const auto reading = read(fake);
    CHECK(names_of(reading.threads[0]) == whole);
    CHECK(reading.threads[0].tries == 1);
  });
}

TEST_CASE("a data stack of two chunks") {
  for_each_layout([](const Layout& layout) {
    if (!layout.thread.datastack_chunk.is_present()) return;
    FakeStacks fake(layout, 2);
    // The stack of thread 1 goes on in the chunk of thread 0.
    fake.set_frame(FakeStacks::frame_number(0, 0), 1, 2, FakeStacks::stack_frame(1, 2));
    fake.set_frame(FakeStacks::frame_number(0, 1), 0, 2, FakeStacks::stack_frame(0, 0));
    fake.set_current_frame(1, FakeStacks::stack_frame(0, 1));
    fake.put(fake.chunk(0), layout.stack_chunk.previous, fake.chunk(1));
    fake.put(fake.chunk(1), layout.stack_chunk.top, 3 * FakeStacks::frame_stride / 8);
    fake.put(FakeStacks::thread(1), layout.thread.datastack_chunk, fake.chunk(0));
    const auto reading = read(fake);
    CHECK(names_of(reading.threads[0]) == Names{"Worker.run", "middle", "Worker.run", "middle", "outer"});
  });
}

TEST_CASE("a stack that moves between its two copies is refused and read again") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout);
    int left = 0;
    bool to_outer = true;
    // When the thread state is copied the caller's frame changes: main calls from one line, then from another.
    WatchedMemory memory(fake.image(), [&](Address at) -> tidemark::base::Result<void> {
      if (left > 0 && at.value / 0x400 == FakeStacks::thread(0).value / 0x400) {
        --left;
        to_outer = !to_outer;
        fake.set_frame(FakeStacks::frame_number(0, 0), 2, to_outer ? 2 : 3, {});
      }
      return {};
    });
    StackReader reader(memory, layout, FakeStacks::place());
    CHECK(names_of(reader.read().threads[0]) == whole);
    left = 1;
    const auto moved = reader.read();
    CHECK(names_of(moved.threads[0]) == whole);
    // Without a chunk, whose copied end still shrinks, the thread is settled: one copy, and that one was whole.
    CHECK(moved.threads[0].tries == (layout.thread.datastack_chunk.is_present() ? 2 : 1));
    left = 1000;
    const auto never = reader.read();
    CHECK(never.threads[0].frames == nullptr);
    CHECK(never.threads[0].failure == Reason::torn);
    CHECK(never.threads[0].tries == max_stack_tries);
    left = max_stack_tries - 1;
    const auto at_last = reader.read();
    CHECK(names_of(at_last.threads[0]) == whole);
    // Without chunks the frames are looked for again between two tries, which reads the state too.
    CHECK(at_last.threads[0].tries == max_stack_tries - (layout.thread.datastack_chunk.is_present() ? 0 : 1));
  });
}

TEST_CASE("the innermost frame may go on, and the line of the second copy is told") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout);
    std::uint64_t unit = 2;
    bool goes_on = false;
    const auto line = [&] { return unit == 1 ? 10 : 12; };  // as set_code says
    WatchedMemory memory(fake.image(), [&](Address at) -> tidemark::base::Result<void> {
      if (goes_on && at.value / 0x400 == FakeStacks::thread(0).value / 0x400) {
        unit = unit == 1 ? 5 : 1;
        fake.set_frame(FakeStacks::frame_number(0, 2), 0, unit, FakeStacks::stack_frame(0, 1));
      }
      return {};
    });
    StackReader reader(memory, layout, FakeStacks::place());
    for (int i = 1; i < 8; ++i) {
      goes_on = i % 3 != 0;  // what was told of a frame that went on is not told of one that stands still
      // Without a chunk, whose copied end still shrinks, a thread that stood still is settled: one copy, made before.
      const bool is_settled = i > 1 && i % 3 == 1 && !layout.thread.datastack_chunk.is_present();
      const int line_before = line();
      const auto reading = reader.read();
      CHECK(names_of(reading.threads[0]) == whole);
      CHECK(reading.threads[0].tries == 1);
      CHECK((*reading.threads[0].frames)[0].line == (is_settled ? line_before : line()));
    }
  });
}

TEST_CASE("a code object that was freed and made anew is not shown under its old name") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout);
    StackReader reader(fake.image(), layout, FakeStacks::place());
    CHECK(names_of(reader.read().threads[0]) == whole);
    fake.set_code(1, "another", "/srv/app.py");
    CHECK(names_of(reader.read().threads[0]) == Names{"Worker.run", "another", "outer"});
  });
}

TEST_CASE("a circle of frames is no stack") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout);
    fake.set_frame(FakeStacks::frame_number(0, 0), 2, 2, FakeStacks::stack_frame(0, 2));
    check_refused(fake, Reason::torn);
  });
}

TEST_CASE("a generator that nobody has called is no stack") {
  for_each_layout([](const Layout& layout) {
    if (!layout.frame.owner_generator) return;
    FakeStacks fake(layout);
    fake.set_frame(FakeStacks::frame_number(0, 0), 2, 2, {}, *layout.frame.owner_generator);
    check_refused(fake, Reason::torn);
  });
}

TEST_CASE("a frame that says that it does not run is no stack") {
  for_each_layout([](const Layout& layout) {
    if (!layout.frame.executing.is_present()) return;
    FakeStacks fake(layout);
    fake.put(FakeStacks::stack_frame(0, 1), layout.frame.executing,
             static_cast<std::int8_t>(layout.frame.executing_value + 1));
    check_refused(fake, Reason::torn);
  });
}

TEST_CASE("hostile stacks end in a reason") {
  for_each_layout([](const Layout& layout) {
    FakeStacks unmapped(layout);
    unmapped.set_frame(FakeStacks::frame_number(0, 0), 2, 2, Address{0x7f0000000000});
    check_refused(unmapped, Reason::fault);
    FakeStacks no_code(layout);
    no_code.put(FakeStacks::code(1), layout.object.type, FakeStacks::list_type);
    check_refused(no_code, Reason::torn);
    FakeStacks outside(layout);
    outside.set_frame(FakeStacks::frame_number(0, 1), 1, 4000, FakeStacks::stack_frame(0, 0));
    check_refused(outside, Reason::torn);
  });
}

TEST_CASE("hostile chunks end in a reason") {
  for_each_layout([](const Layout& layout) {
    if (!layout.thread.datastack_chunk.is_present()) return;
    // Each of a cycle of chunks is copied until the caps are reached: the stack itself lies in the first.
    FakeStacks cycle(layout);
    cycle.set_chunk(0, cycle.chunk(0));
    CHECK(names_of(read(cycle).threads[0]) == whole);
    FakeStacks size(layout);
    size.put(size.chunk(0), layout.stack_chunk.size, ~0ULL);
    check_refused(size, Reason::torn);
    FakeStacks top(layout);
    top.put(top.chunk(0), layout.stack_chunk.top, ~0ULL);
    check_refused(top, Reason::torn);
  });
}

TEST_CASE("a list of threads that does not close is a gap") {
  for_each_layout([](const Layout& layout) {
    FakeStacks fake(layout, 2);
    fake.put(FakeStacks::thread(1), layout.thread.prev, FakeStacks::thread(1));
    const auto reading = read(fake);
    REQUIRE(reading.gaps.size() == 1);
    CHECK(reading.gaps[0] == tidemark::model::Gap{.source = Source::python, .reason = Reason::torn});
  });
}
