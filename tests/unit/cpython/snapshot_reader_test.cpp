#include "tidemark/cpython/snapshot_reader.hpp"

#include <array>
#include <set>
#include <string>

#include "fake_interpreter.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::base::Error;
using tidemark::base::ErrorCode;
using tidemark::base::fail;
using tidemark::base::Result;
using tidemark::model::Reason;
using tidemark::model::Source;

namespace {

void check_is_complete(const PythonSnapshot& snapshot, std::uint64_t threads) {
  CHECK(snapshot.gaps.empty());
  CHECK(snapshot.reading.threads == threads);
  REQUIRE(snapshot.reading.gc);
  CHECK(snapshot.reading.gc->enabled);
  CHECK(snapshot.reading.gc->garbage == 3);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto& generation = snapshot.reading.gc->generations[static_cast<std::size_t>(i)];
    CHECK(generation.count == 101 + i);
    CHECK(generation.collections == 7 + i);
    CHECK(generation.collected == 10 + i);
    CHECK(generation.uncollectable == 20 + i);
  }
}

void check_frame(const PythonSnapshot& snapshot, const std::string& function, std::int64_t line) {
  REQUIRE(snapshot.reading.frame);
  CHECK(snapshot.reading.frame->code->function == function);
  CHECK(snapshot.reading.frame->line == line);
}

}  // namespace

TEST_CASE("one thread that holds no GIL") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    const auto snapshot = fake.read();
    check_is_complete(snapshot, 1);
    CHECK_FALSE(snapshot.reading.gil_holder);
    check_frame(snapshot, "Worker.run", 12);
    CHECK(snapshot.reading.frame->code->file == "/srv/worker.py");
  });
}

TEST_CASE("many threads; without a holder of the GIL the frame is the main thread's") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 40);
    fake.set_code(1, "main", "/srv/main.py");
    fake.set_frame(39, 1, 0, {}, 1);
    check_is_complete(fake.read(), 40);
    check_frame(fake.read(), "main", 10);
    fake.set_holder(FakeInterpreter::thread(7));
    const auto held = fake.read();
    CHECK(held.reading.gil_holder == main_thread_id + 8);
    check_frame(held, "Worker.run", 12);
  });
}

TEST_CASE("an interpreter that has not moved costs one vector read a tick and nothing else") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 5);
    int pieces = 0;
    const WatchedMemory memory(fake.image(), [&pieces](Address) {
      ++pieces;
      return Result<void>();
    });
    SnapshotReader reader(memory, layout, FakeInterpreter::place(), main_thread_id);
    check_is_complete(reader.read(), 5);
    const int vector_reads = memory.vector_reads();
    pieces = 0;
    check_is_complete(reader.read(), 5);
    CHECK(memory.vector_reads() == vector_reads + 1);
    // The threads, where it is needed the struct pthread of each, and what there is once.
    CHECK(pieces <= (layout.thread.pthread.is_present() ? 10 : 5) + 11);
  });
}

TEST_CASE("threads come and go between two ticks") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 3);
    SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
    check_is_complete(reader.read(), 3);
    fake.put(FakeInterpreter::interpreter, layout.interpreter.threads_head, FakeInterpreter::thread(1));
    fake.put(FakeInterpreter::thread(1), layout.thread.prev, Address{});
    check_is_complete(reader.read(), 2);
    CHECK(reader.native_thread_ids() == std::vector<std::uint64_t>{main_thread_id + 2, main_thread_id});
  });
}

TEST_CASE("a cycle in the thread list is torn, not endless") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 3);
    fake.put(FakeInterpreter::thread(2), layout.thread.next, FakeInterpreter::thread(0));
    const auto snapshot = fake.read();
    CHECK(has_gap(snapshot, Source::threads, Reason::torn));
    CHECK_FALSE(snapshot.reading.threads);
    CHECK_FALSE(snapshot.reading.frame);
    // It does not hang on the threads, but where they count objects themselves.
    CHECK(snapshot.reading.gc.has_value() != layout.thread.alloc_count.is_present());
  });
}

TEST_CASE("a thread state that points at another interpreter is not reported") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 2);
    fake.put(FakeInterpreter::thread(1), layout.thread.interp, FakeInterpreter::gil);
    const auto snapshot = fake.read();
    CHECK(has_gap(snapshot, Source::threads, Reason::torn));
    CHECK_FALSE(snapshot.reading.threads);
  });
}

TEST_CASE("an interpreter without thread states does not pass for one") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.put(FakeInterpreter::interpreter, layout.interpreter.threads_head, Address{});
    const auto snapshot = fake.read();
    CHECK(snapshot.gaps.size() == 1);
    CHECK(has_gap(snapshot, Source::python, Reason::self_check));
  });
}

TEST_CASE("a page that is absent costs what is on it") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 2);
    const std::set<std::uint64_t> absent{FakeInterpreter::code(0).value / 4096};
    const WatchedMemory memory(fake.image(), [&absent](Address at) -> Result<void> {
      if (!absent.contains(at.value / 4096)) return {};
      return fail(Error{.code = ErrorCode::absent, .doing = "read", .address = at});
    });
    SnapshotReader reader(memory, layout, FakeInterpreter::place(), main_thread_id);
    const auto snapshot = reader.read();
    CHECK(snapshot.gaps.size() == 1);
    CHECK(has_gap(snapshot, Source::frame, Reason::absent));
    CHECK(snapshot.reading.threads == 2);
  });
}

TEST_CASE("a struct that is cut off by the end of the mapping") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    const Address edge{FakeInterpreter::start + FakeInterpreter::size_bytes - 16};
    fake.put(FakeInterpreter::interpreter, layout.interpreter.threads_head, edge);
    const auto snapshot = fake.read();
    CHECK(has_gap(snapshot, Source::threads, Reason::fault));
    CHECK(snapshot.reading.gc.has_value() != layout.thread.alloc_count.is_present());
  });
}

TEST_CASE("a process that ends meanwhile is gone") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    bool ended = false;
    const WatchedMemory memory(fake.image(), [&ended](Address at) -> Result<void> {
      if (!ended) return {};
      return fail(Error{.code = ErrorCode::gone, .doing = "read", .address = at});
    });
    SnapshotReader reader(memory, layout, FakeInterpreter::place(), main_thread_id);
    check_is_complete(reader.read(), 1);
    ended = true;
    const auto snapshot = reader.read();
    CHECK(snapshot.gaps.size() == 1);
    CHECK(has_gap(snapshot, Source::python, Reason::gone));
  });
}

TEST_CASE("a holder of the GIL that is no thread state is torn") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_holder(FakeInterpreter::garbage);
    const auto snapshot = fake.read();
    CHECK(has_gap(snapshot, Source::gil, Reason::torn));
    CHECK_FALSE(snapshot.reading.gil_holder);
    CHECK(snapshot.reading.threads == 1);
  });
}

TEST_CASE("a thread that ends takes its struct pthread along, and its id is not known then") {
  for_each_layout([](const Layout& layout) {
    if (!layout.thread.pthread.is_present()) return;
    FakeInterpreter fake(layout, 2);
    fake.set_holder(FakeInterpreter::thread(0));
    CHECK(fake.read().reading.gil_holder == main_thread_id + 1);
    const auto check_unknown = [&fake] {
      const auto snapshot = fake.read();
      CHECK(snapshot.reading.threads == 2);
      CHECK_FALSE(snapshot.reading.gil_holder);
      CHECK(has_gap(snapshot, Source::gil, Reason::torn));
    };
    fake.put(FakeInterpreter::pthread(0), layout.pthread.tid, 0);  // as the kernel leaves it
    check_unknown();
    fake.put(FakeInterpreter::pthread(0), layout.pthread.tid, -5);
    check_unknown();
    fake.set_native_id(0, main_thread_id + 1);
    fake.put(FakeInterpreter::pthread(0), layout.pthread.self, FakeInterpreter::pthread(1));  // memory used again
    check_unknown();
    fake.set_native_id(0, main_thread_id + 1);
    fake.put(FakeInterpreter::thread(0), layout.thread.pthread, Address{0x1000});  // not mapped
    check_unknown();
  });
}

TEST_CASE("a thread state that is used again for another thread has that thread's id") {
  for_each_layout([](const Layout& layout) {
    if (!layout.thread.pthread.is_present()) return;
    FakeInterpreter fake(layout, 2);
    fake.set_holder(FakeInterpreter::thread(0));
    SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
    CHECK(reader.read().reading.gil_holder == main_thread_id + 1);
    fake.set_native_id(5, main_thread_id + 6);
    fake.put(FakeInterpreter::thread(0), layout.thread.pthread, FakeInterpreter::pthread(5));
    CHECK(reader.read().reading.gil_holder == main_thread_id + 6);
    fake.put(FakeInterpreter::pthread(5), layout.pthread.tid, main_thread_id + 7);  // its stack was used again
    CHECK(reader.read().reading.gil_holder == main_thread_id + 7);
  });
}

TEST_CASE("a state that a thread has not begun with names its maker, which is not taken for it") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 2);
    fake.set_native_id(0, main_thread_id);
    fake.set_current_frame(0, {});
    check_frame(fake.read(), "Worker.run", 12);
  });
}

TEST_CASE("another list as gc.garbage is followed") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
    check_is_complete(reader.read(), 1);
    const Address other = FakeInterpreter::garbage.plus(64);
    fake.put(other, layout.object.size, 8);
    fake.put(fake.collector(), layout.gc.garbage, other);
    const auto snapshot = reader.read();
    CHECK(snapshot.gaps.empty());
    REQUIRE(snapshot.reading.gc);
    CHECK(snapshot.reading.gc->garbage == 8);
  });
}

TEST_CASE("the two old spaces of 3.14.0 to 3.14.4: the visited one is the middle generation") {
  Layout layout = *find_layout(3, 14);
  layout.gc.generation0 = {};
  FakeInterpreter fake(layout);
  const auto counts = [&fake] {
    const auto snapshot = fake.read();
    REQUIRE(snapshot.reading.gc);
    const auto& generations = snapshot.reading.gc->generations;
    return std::array{generations[0].count, generations[1].count, generations[2].count};
  };
  CHECK(counts() == std::array<std::int64_t, 3>{101, 102, 103});
  fake.put(fake.collector(), layout.gc.visited_space, 1);
  CHECK(counts() == std::array<std::int64_t, 3>{101, 103, 102});
  fake.put(fake.collector(), layout.gc.visited_space, 2);
  CHECK(has_gap(fake.read(), Source::gc, Reason::malformed));
}

TEST_CASE("statistics behind a pointer: the newest of each ring") {
  for_each_layout([](const Layout& layout) {
    if (!layout.gc.stats.is_present()) return;
    FakeInterpreter fake(layout);
    SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
    check_is_complete(reader.read(), 1);
    const Address other = FakeInterpreter::stats.plus(0x800);
    fake.put(fake.collector(), layout.gc.stats, other);
    fake.put(other.plus(layout.stats.second), layout.generation_stats.collections, 70);
    const auto snapshot = reader.read();
    REQUIRE(snapshot.reading.gc);
    CHECK(snapshot.reading.gc->generations[1].collections == 70);
    for (const std::int8_t index : std::array<std::int8_t, 3>{-1, 11, 127}) {
      fake.put(other, layout.stats.first_index, index);
      const auto spoilt = reader.read();
      CHECK(has_gap(spoilt, Source::gc, Reason::malformed));
      CHECK_FALSE(spoilt.reading.gc);
    }
    fake.put(fake.collector(), layout.gc.stats, Address{});
    CHECK(has_gap(reader.read(), Source::gc, Reason::torn));
  });
}

TEST_CASE("objects that the main thread of a free-threaded build has made and the collector not counted") {
  for_each_layout([](const Layout& layout) {
    if (!layout.thread.alloc_count.is_present()) return;
    FakeInterpreter fake(layout, 2);
    fake.put(FakeInterpreter::thread(0), layout.thread.alloc_count, 300);  // another thread's
    fake.put(FakeInterpreter::thread(1), layout.thread.alloc_count, -7);
    const auto snapshot = fake.read();
    REQUIRE(snapshot.reading.gc);
    CHECK(snapshot.reading.gc->generations[0].count == 94);
    fake.put(FakeInterpreter::thread(1), layout.thread.alloc_count, std::int64_t{1} << 40);
    CHECK_FALSE(fake.read().gaps.empty());
  });
}

TEST_CASE("the generations of a free-threaded collector are found by what is there") {
  for_each_layout([](const Layout& layout) {
    if (!layout.free_threaded) return;
    for (const std::uint32_t drift : {0U, 4U}) {
      Layout moved = layout;
      moved.gc.generations -= drift;
      FakeInterpreter fake(moved);
      fake.put(fake.first_generation(), layout.generation.threshold, 0);  // as gc.set_threshold(0) does
      SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
      check_is_complete(reader.read(), 1);
    }
    FakeInterpreter fake(layout);
    for (std::uint32_t i = 0; i < 3; ++i) {
      fake.put(fake.first_generation().plus(i * layout.generation.size_bytes), layout.generation.threshold, 0);
    }
    CHECK(has_gap(fake.read(), Source::gc, Reason::malformed));
  });
}

TEST_CASE("a free-threaded build that runs without its GIL has no holder of it") {
  for_each_layout([](const Layout& layout) {
    if (!layout.gil.enabled.is_present()) return;
    FakeInterpreter fake(layout, 2);
    fake.set_holder(FakeInterpreter::thread(0));
    CHECK(fake.read().reading.gil_holder);
    fake.put(FakeInterpreter::gil, layout.gil.enabled, 0);
    const auto snapshot = fake.read();
    CHECK(snapshot.gaps.empty());
    CHECK_FALSE(snapshot.reading.gil_holder);
  });
}

TEST_CASE("the generations are found through generation0, wherever they begin") {
  for_each_layout([](const Layout& layout) {
    if (!layout.gc.generation0.is_present()) return;
    FakeInterpreter fake(layout);
    const Address gc = fake.collector();
    const Address moved = gc.plus(layout.gc.generations_end - 3 * layout.generation.size_bytes - 4);  // as in 3.13.5
    fake.put(gc, layout.gc.generation0, moved);
    for (std::uint32_t i = 0; i < 3; ++i) {
      fake.put(moved.plus(i * layout.generation.size_bytes), layout.generation.count,
               static_cast<std::int32_t>(201 + i));
    }
    const auto snapshot = fake.read();
    REQUIRE(snapshot.reading.gc);
    CHECK(snapshot.reading.gc->generations[2].count == 203);
    fake.put(gc, layout.gc.generation0, FakeInterpreter::garbage);
    CHECK(has_gap(fake.read(), Source::gc, Reason::malformed));
  });
}

TEST_CASE("whatever one field is changed to, a reading ends and a missing value has its reason") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter original(layout, 2);
    const auto fields = original.written();
    for (const auto& [address, size] : fields) {
      const std::array<std::uint64_t, 8> values{0,
                                                1,
                                                ~0ULL,
                                                address.value,
                                                FakeInterpreter::thread(0).value,
                                                FakeInterpreter::frame(1).value,
                                                0x7fff'ffff'ffff'fff8,
                                                0x8000'0000'0000'0000};
      for (const std::uint64_t value : values) {
        FakeInterpreter fake(layout, 2);
        REQUIRE(fake.image().overwrite(address, std::as_bytes(std::span(&value, 1)).first(size)));
        SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
        for (int tick = 0; tick < 2; ++tick) {
          const auto snapshot = reader.read();
          const bool has_all = snapshot.reading.threads && snapshot.reading.gc && snapshot.reading.gc->garbage;
          CHECK((has_all || !snapshot.gaps.empty()));
          CHECK((!snapshot.reading.threads || (*snapshot.reading.threads >= 1 && *snapshot.reading.threads <= 2)));
        }
      }
    }
  });
}
