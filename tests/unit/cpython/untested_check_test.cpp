// What the self-check asks of a build that was never tested: each question fails here once. A tested one is not asked.
#include "untested_check.hpp"

#include <functional>
#include <string>
#include <vector>

#include "fake_process.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters

namespace {

using Spoil = std::function<void(FakeInterpreter&, const Layout&)>;

constexpr std::size_t current_thread = 1;  // the main one: nobody holds the GIL

void check_frames_missing(const Layout& layout, const Spoil& spoil) {
  UntestedProcess untested(layout);
  spoil(untested.fake, layout);
  CHECK(untested.missing() == std::vector<std::string>{"frames"});
  FakeProcess tested(layout, 2);
  spoil(tested.fake, layout);
  CHECK(tested.missing().empty());
}

Address field_of(Address object, std::uint64_t offset) { return object.plus(offset); }

}  // namespace

TEST_CASE("a name that does not end where it says, or has no characters") {
  for_each_layout([](const Layout& layout) {
    const Address name = FakeInterpreter::string(0);
    const std::size_t length = std::string_view("Worker.run").size();
    check_frames_missing(layout, [&](FakeInterpreter& fake, const Layout& l) {
      fake.put_at(field_of(name, l.unicode.ascii_data + length), 's');
    });
    check_frames_missing(layout, [&](FakeInterpreter& fake, const Layout& l) {
      fake.put_at(field_of(name, l.unicode.ascii_data + 1), '\0');
    });
    check_frames_missing(layout, [&](FakeInterpreter& fake, const Layout& l) { fake.put(name, l.unicode.length, 0); });
  });
}

TEST_CASE("a line table that does not end with its code, or has no end") {
  for_each_layout([](const Layout& layout) {
    const Address table = FakeInterpreter::string(2);
    const Address code = FakeInterpreter::code(0);
    check_frames_missing(layout, [&](FakeInterpreter& fake, const Layout& l) {
      const auto size = fake.image().read_value<std::uint64_t>(table.plus(l.object.size.offset()));
      fake.put_at(field_of(table, l.bytes.data + *size), 'x');
    });
    check_frames_missing(layout, [&](FakeInterpreter& fake, const Layout& l) {
      fake.set_frame(current_thread, 0, 1, {});
      fake.put(l.code.bytecode.is_present() ? FakeInterpreter::bytecode(0) : code, l.object.size, 4);
      if (l.code.bytecode.is_present()) {
        fake.put_at(field_of(FakeInterpreter::bytecode(0), l.bytes.data + 4), '\0');
      }
    });
  });
}

TEST_CASE("an innermost frame that nothing owns, or that is elsewhere than its code") {
  for_each_layout([](const Layout& layout) {
    if (!layout.frame.owner.is_present()) return;
    const Address frame = FakeInterpreter::frame(current_thread);
    check_frames_missing(layout, [&](FakeInterpreter& fake, const Layout& l) { fake.put(frame, l.frame.owner, 8); });
    UntestedProcess process(layout);
    process.fake.put(frame, layout.frame.instruction, {});
    CHECK(process.missing() == std::vector<std::string>{"frames"});
    UntestedProcess other(layout);
    other.fake.put(FakeInterpreter::code(0), layout.code.first_traceable, 10);
    CHECK(other.missing() == std::vector<std::string>{"frames"});
  });
}

TEST_CASE("idents that are no threads") {
  for_each_layout([](const Layout& layout) {
    const auto fails = [&](std::uint64_t ident) {
      UntestedProcess process(layout);
      // To 3.10 the native ids are found by the same member: without them it fails, too.
      for (std::size_t i = 0; i < 2; ++i) process.fake.put(FakeInterpreter::thread(i), layout.thread.thread_id, ident);
      return process.check().has_value();
    };
    CHECK(fails(0));
    CHECK(fails(FakeInterpreter::garbage.value));
    CHECK(fails(FakeInterpreter::garbage.value + 1));
    CHECK_FALSE(fails(FakeInterpreter::pthread(0).value));
  });
}
