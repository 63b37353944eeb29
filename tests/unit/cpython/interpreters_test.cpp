#include "read/interpreters.hpp"

#include <array>

#include "fake_interpreter.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::base::ErrorCode;

namespace {

constexpr Address subinterpreter(std::size_t i) { return FakeInterpreter::interpreter.plus(0x2000 * (i + 1)); }

/// The main interpreter and two more, of which the second was ended again.
struct ThreeInterpreters {
  explicit ThreeInterpreters(const Layout& layout) : fake(layout) {
    link(FakeInterpreter::interpreter, 0, {});
    link(subinterpreter(0), 1, FakeInterpreter::interpreter);
    link(subinterpreter(1), 3, subinterpreter(0));
    set_head(subinterpreter(1));
  }
  void link(Address interpreter, std::int64_t id, Address next) {
    fake.put(interpreter, fake.layout().interpreter.id, id);
    fake.put(interpreter, fake.layout().interpreter.next, next);
  }
  void set_head(Address head) { fake.put(FakeInterpreter::runtime, fake.layout().runtime.interpreters_head, head); }
  [[nodiscard]] auto read() { return interpreters(fake.image(), fake.layout(), FakeInterpreter::runtime); }
  void check_error(ErrorCode code) {
    const auto found = read();
    REQUIRE_FALSE(found);
    CHECK(found.error().code == code);
  }

  FakeInterpreter fake;
};

}  // namespace

TEST_CASE("all interpreters are found, the main one first") {
  for_each_layout([](const Layout& layout) {
    ThreeInterpreters three(layout);
    const auto found = three.read();
    REQUIRE(found);
    CHECK(*found == std::vector<InterpreterPlace>{{.address = FakeInterpreter::interpreter, .id = 0},
                                                  {.address = subinterpreter(0), .id = 1},
                                                  {.address = subinterpreter(1), .id = 3}});
  });
}

TEST_CASE("a layout without the list gives the main interpreter") {
  for_each_layout([](const Layout& layout) {
    Layout without = layout;
    without.interpreter.next = {};
    ThreeInterpreters three(without);
    const auto found = three.read();
    REQUIRE(found);
    CHECK(*found == std::vector<InterpreterPlace>{{.address = FakeInterpreter::interpreter, .id = 0}});
  });
}

TEST_CASE("a list whose links do not fit is torn") {
  using Break = void (*)(ThreeInterpreters&);
  constexpr std::array<Break, 6> breaks{
      [](ThreeInterpreters& three) { three.link(subinterpreter(0), 1, subinterpreter(1)); },  // a cycle
      [](ThreeInterpreters& three) { three.link(subinterpreter(1), 3, subinterpreter(1)); },  // of one
      [](ThreeInterpreters& three) { three.link(FakeInterpreter::interpreter, -1, {}); },
      [](ThreeInterpreters& three) { three.link(subinterpreter(0), 1, {}); },  // ends before the main one
      [](ThreeInterpreters& three) { three.set_head({}); },
      [](ThreeInterpreters& three) { three.set_head(Address{3}); }};
  for_each_layout([&](const Layout& layout) {
    for (const Break do_break : breaks) {
      ThreeInterpreters three(layout);
      do_break(three);
      three.check_error(ErrorCode::torn);
    }
  });
}

TEST_CASE("a list that leaves the memory is a fault") {
  for_each_layout([](const Layout& layout) {
    ThreeInterpreters three(layout);
    three.link(subinterpreter(0), 1, Address{0x7000'0000});
    three.check_error(ErrorCode::fault);
  });
}

TEST_CASE("a list that moves once is read again") {
  for_each_layout([](const Layout& layout) {
    ThreeInterpreters three(layout);
    three.set_head(Address{3});
    int reads = 0;
    const WatchedMemory memory(three.fake.image(), [&](Address) {
      if (++reads == 3) three.set_head(subinterpreter(1));
      return tidemark::base::Result<void>{};
    });
    const auto found = interpreters(memory, layout, FakeInterpreter::runtime);
    REQUIRE(found);
    CHECK(found->size() == 3);
  });
}

TEST_CASE("an endless list is cut") {
  for_each_layout([](const Layout& layout) {
    ThreeInterpreters three(layout);
    // One page that says the same wherever it lies: the ids alone, which fall, could go on for long.
    class Endless final : public tidemark::memory::MemorySource {
     public:
      explicit Endless(const Layout& of) : layout_(of) {}
      tidemark::base::Result<void> read(Address from, std::span<std::byte> into) const override {
        const auto put = [&](Address at, std::uint64_t word) {
          const std::uint64_t offset = at.value - from.value;
          if (offset <= into.size() && into.size() - offset >= sizeof(word)) {
            std::memcpy(into.data() + offset, &word, sizeof(word));
          }
        };
        const Address runtime = FakeInterpreter::runtime;
        put(runtime.plus(layout_.runtime.interpreters_main.offset()), FakeInterpreter::interpreter.value);
        put(runtime.plus(layout_.runtime.interpreters_head.offset()), subinterpreter(1).value);
        if (into.size() <= sizeof(Address)) return {};
        const Address interpreter = from.minus(extent_of(layout_.interpreter.next, layout_.interpreter.id).first);
        put(interpreter.plus(layout_.interpreter.next.offset()), interpreter.value + 0x10000);
        put(interpreter.plus(layout_.interpreter.id.offset()), next_id_--);
        return {};
      }

     private:
      const Layout& layout_;
      mutable std::uint64_t next_id_ = std::uint64_t{1} << 62;
    };
    const auto found = interpreters(Endless(layout), layout, FakeInterpreter::runtime);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::limit);
  });
}
