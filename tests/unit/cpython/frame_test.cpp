// The innermost frame, while the thread that owns it runs.
#include <string>

#include "fake_interpreter.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::base::Result;
using tidemark::model::Reason;
using tidemark::model::Source;

namespace {

bool is_in_frame(Address at, std::size_t frame) {
  constexpr std::uint64_t frame_bytes = 0x50;
  return at >= FakeInterpreter::frame(frame) && at < FakeInterpreter::frame(frame).plus(frame_bytes);
}

void check_frame(const PythonSnapshot& snapshot, const std::string& function, std::int64_t line) {
  CHECK(snapshot.gaps.empty());
  REQUIRE(snapshot.reading.frame);
  CHECK(snapshot.reading.frame->code->function == function);
  CHECK(snapshot.reading.frame->line == line);
}

void check_torn(const PythonSnapshot& snapshot) {
  CHECK(has_gap(snapshot, Source::frame, Reason::torn));
  CHECK_FALSE(snapshot.reading.frame);
  CHECK(snapshot.reading.threads == 1);  // the rest does not suffer
  CHECK(snapshot.reading.gc);
}

/// Reads while `move(n)` changes the fake ahead of the n-th look at frame 0.
PythonSnapshot read_while(FakeInterpreter& fake, const std::function<void(int)>& move, int* vector_reads = nullptr) {
  int looks = 0;
  const WatchedMemory memory(fake.image(), [&](Address at) {
    if (is_in_frame(at, 0)) move(looks++);
    return Result<void>();
  });
  SnapshotReader reader(memory, fake.layout(), FakeInterpreter::place(), main_thread_id);
  auto snapshot = reader.read();
  if (vector_reads != nullptr) *vector_reads = memory.vector_reads();
  return snapshot;
}

}  // namespace

TEST_CASE("copies with different callers are torn, after max_attempts vector reads") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    int vector_reads = 0;
    check_torn(read_while(
        fake, [&](int look) { fake.set_frame(0, 0, 2, FakeInterpreter::frame(look % 2 == 0 ? 5 : 6)); },
        &vector_reads));
    CHECK(vector_reads == max_attempts);
  });
}

TEST_CASE("copies with different code are torn") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_code(1, "other", "/srv/other.py");
    check_torn(read_while(fake, [&](int look) { fake.set_frame(0, static_cast<std::size_t>(look % 2), 2, {}); }));
  });
}

TEST_CASE("copies on different lines are torn; a loop on one line is not") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    check_torn(read_while(fake, [&](int look) { fake.set_frame(0, 0, look % 2 == 0 ? 1 : 2, {}); }));
    check_frame(read_while(fake, [&](int look) { fake.set_frame(0, 0, look % 2 == 0 ? 3 : 7, {}); }), "Worker.run", 12);
  });
}

TEST_CASE("a frame that stands still at the last attempt is accepted") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    // Two looks follow the pointers and make the first pair of copies; the pair of the last attempt agrees.
    check_frame(
        read_while(
            fake, [&](int look) { fake.set_frame(0, 0, look < 3 ? 1 + static_cast<std::uint64_t>(look % 2) : 5, {}); }),
        "Worker.run", 12);
  });
}

TEST_CASE("another frame at the next tick is found") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
    check_frame(reader.read(), "Worker.run", 12);
    fake.set_code(1, "callee", "/srv/worker.py");
    fake.set_frame(1, 1, 1, FakeInterpreter::frame(0));
    fake.set_current_frame(0, FakeInterpreter::frame(1));
    check_frame(reader.read(), "callee", 10);
  });
}

TEST_CASE("a code object freed and made anew at the same address has its new name") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
    check_frame(reader.read(), "Worker.run", 12);
    fake.set_code(0, "Jorker.run", "/srv/worker.py");  // every address and size is as before
    check_frame(reader.read(), "Jorker.run", 12);
    fake.set_code(0, "Jorker.run", "/srv/jorker.py");
    CHECK(reader.read().reading.frame->code->file == "/srv/jorker.py");
    fake.set_code(0, "Jorker.run", "/srv/jorker.py");
    fake.set_lines(0, 1);
    check_frame(reader.read(), "Jorker.run", 11);
  });
}

TEST_CASE("a name whose memory is used again between two looks is torn") {
  for_each_layout([](const Layout& layout) {
    if (layout.code.version.is_present()) return;  // the code's own number tells there, and the names are not looked at
    FakeInterpreter fake(layout);
    int looks = 0;
    const WatchedMemory memory(fake.image(), [&](Address at) {
      const Address name = FakeInterpreter::string(0);
      if (at >= name && at < name.plus(0x1000)) fake.set_ascii(name, looks++ % 2 == 0 ? "Worker.run" : "Jorker.run");
      return Result<void>();
    });
    SnapshotReader reader(memory, layout, FakeInterpreter::place(), main_thread_id);
    check_torn(reader.read());
    CHECK(looks > max_attempts);
  });
}

TEST_CASE("a thread without Python code has no frame, and that is no gap") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_current_frame(0, {});
    const auto snapshot = fake.read();
    CHECK(snapshot.gaps.empty());
    CHECK_FALSE(snapshot.reading.frame);
  });
}

TEST_CASE("frames that are not begun and frames of C are passed over") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_frame(2, 0, fake.fresh_unit(), FakeInterpreter::frame(0));  // before its first traceable instruction
    fake.set_current_frame(0, FakeInterpreter::frame(2));
    check_frame(fake.read(), "Worker.run", 12);
    if (!layout.frame.owner_c_stack) return;
    fake.set_frame(1, 0, 5, FakeInterpreter::frame(2), *layout.frame.owner_c_stack);
    fake.put(FakeInterpreter::frame(1), layout.frame.code, FakeInterpreter::garbage);  // None, in a shim
    fake.set_current_frame(0, FakeInterpreter::frame(1));
    check_frame(fake.read(), "Worker.run", 12);
  });
}

TEST_CASE("a generator's frame counts before its first instruction") {
  for_each_layout([](const Layout& layout) {
    if (!layout.frame.owner_generator) return;  // no frame says that it is a generator's
    FakeInterpreter fake(layout);
    fake.set_frame(0, 0, ~0ULL, {}, *layout.frame.owner_generator);  // unit -1: not started
    check_frame(fake.read(), "Worker.run", 10);
  });
}

TEST_CASE("a ring of frames to pass over ends at its cap") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_frame(0, 0, fake.fresh_unit(), FakeInterpreter::frame(0));
    const auto snapshot = fake.read();
    CHECK(has_gap(snapshot, Source::frame, Reason::limit));
  });
}

TEST_CASE("what a frame runs must be a code object") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.put(FakeInterpreter::code(0), layout.object.type, FakeInterpreter::garbage);
    check_torn(fake.read());
  });
}

TEST_CASE("an instruction outside its code is not shown as a line") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_frame(0, 0, 10, {});
    check_torn(fake.read());
    if (layout.frame.last_instruction_bytes == 2) return;  // counts units
    fake.put(FakeInterpreter::frame(0), layout.frame.instruction,
             FakeInterpreter::code(0).plus(layout.code.instructions + 5));  // between two units
    fake.put(FakeInterpreter::frame(0), layout.frame.last_instruction, 5);
    check_torn(fake.read());
  });
}

TEST_CASE("a code object whose instructions are of another size is another one") {
  for_each_layout([](const Layout& layout) {
    if (!layout.code.bytecode.is_present()) return;
    FakeInterpreter fake(layout);
    SnapshotReader reader(fake.image(), layout, FakeInterpreter::place(), main_thread_id);
    check_frame(reader.read(), "Worker.run", 12);
    fake.put(FakeInterpreter::bytecode(0), layout.object.size, 4);  // so that unit 2 is not in it
    check_torn(reader.read());
    fake.put(FakeInterpreter::bytecode(0), layout.object.size, 5);  // no whole number of units
    check_torn(reader.read());
    fake.put(FakeInterpreter::bytecode(0), layout.object.size, 6);
    check_frame(reader.read(), "Worker.run", 12);
  });
}
