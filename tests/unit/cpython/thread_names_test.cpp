#include "read/thread_names.hpp"

#include <array>

#include "fake_names.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made objects
using tidemark::base::ErrorCode;

namespace {

/// Runs the body for each way in which a layout can keep the attributes of a Thread.
void for_each_way(std::size_t threads, const std::function<void(NamedThreads&)>& body) {
  for_each_layout([&](const Layout& layout) {
    for (const Keeps keeps : {Keeps::dict_at_offset, Keeps::managed_dict, Keeps::values}) {
      CAPTURE(static_cast<int>(keeps));
      if (!FakeObjects(layout).knows(keeps)) continue;
      NamedThreads made(layout, threads, keeps);
      body(made);
    }
  });
}

}  // namespace

TEST_CASE("thread names are read by ident") {
  for_each_way(3, [](NamedThreads& threads) {
    CHECK(threads.read() == NamedThreads::names({0, 1, 2}));
    threads.add_thread(3, true);
    threads.items[1].value = {};  // has ended
    threads.set_active();
    CHECK(threads.read() == NamedThreads::names({0, 2, 3}));
  });
}

TEST_CASE("thread names that did not move are the same object, by one vector read") {
  for_each_way(20, [](NamedThreads& threads) {
    const WatchedMemory memory(threads.fake.image(), [](Address) { return tidemark::base::Result<void>{}; });
    ThreadNames names(memory, threads.fake.layout());
    const auto first = names.read(threads.interpreter);
    REQUIRE(first);
    CHECK((*first)->size() == 20);
    const int reads = memory.vector_reads();
    for (int i = 1; i <= 100; ++i) {
      const auto again = names.read(threads.interpreter);
      REQUIRE(again);
      CHECK(*again == *first);
      CHECK(memory.vector_reads() == reads + i);
    }
  });
}

TEST_CASE("a kept reading sees each change") {
  for_each_way(3, [](NamedThreads& threads) {
    ThreadNames names(threads.fake.image(), threads.fake.layout());
    const auto read = [&] { return **names.read(threads.interpreter); };
    CHECK(read() == NamedThreads::names({0, 1, 2}));
    // Another str, and then other characters at the same address.
    threads.fake.put_at(threads.name_slot(1), threads.fake.text("renamed"));
    auto expected = NamedThreads::names({0, 2});
    expected.emplace(first_ident + 0x1000, "renamed");
    CHECK(read() == expected);
    threads.fake.put_text(threads.texts[0].plus(threads.fake.layout().unicode.ascii_data), "T0");
    expected[first_ident] = "T0";
    CHECK(read() == expected);
    // A thread more; one less.
    threads.add_thread(3);
    threads.set_active();
    expected.emplace(first_ident + 0x3000, "t3");
    CHECK(read() == expected);
    threads.items.erase(threads.items.begin());
    threads.set_active();
    expected.erase(first_ident);
    CHECK(read() == expected);
    // No `threading` any more, and again.
    const Address empty = threads.fake.dict({});
    threads.fake.put(threads.interpreter, threads.fake.layout().interpreter.modules, empty);
    for (int i = 0; i < 2; ++i) {
      const auto none = names.read(threads.interpreter);
      REQUIRE_FALSE(none);
      CHECK(none.error().code == ErrorCode::not_found);
    }
    threads.fake.put(threads.interpreter, threads.fake.layout().interpreter.modules, threads.modules);
    CHECK(read() == expected);
  });
}

TEST_CASE("a thread that says no name of its own has none, and the others keep theirs") {
  for_each_way(3, [](NamedThreads& threads) {
    const std::size_t odd = threads.items.size();
    threads.add_thread(3);
    threads.fake.put_at(threads.name_slot(odd), threads.fake.integer(5));  // no str
    threads.add(threads.fake.integer(1), "another's ident", threads.fake.integer(2));
    threads.add(threads.fake.integer(3), "its ident is no int", threads.fake.text("3"));
    threads.add(threads.fake.text("4"), "its key is no int", threads.fake.integer(4));
    threads.add(threads.fake.integer(7, true), "its ident is negative", threads.fake.integer(7, true));
    threads.add(threads.fake.integer(8), "a str of another type", threads.fake.integer(8));
    threads.fake.put(threads.texts.back(), threads.fake.layout().object.type,
                     threads.fake.type({.flags = type_flags::str_subclass}));
    threads.add(threads.fake.integer(9), "no compact str", threads.fake.integer(9));
    threads.fake.put(threads.texts.back(), threads.fake.layout().unicode.state, 0);
    threads.items.push_back({.key = threads.fake.integer(10), .value = Address{0x7000'0000}});
    threads.items.push_back({.key = threads.fake.integer(11), .value = Address{3}});
    threads.items.push_back({.key = threads.fake.integer(12),  // no attributes
                             .value = threads.fake.object(threads.fake.type({.basic_size = 16}), 16)});
    threads.set_active();
    CHECK(threads.read() == NamedThreads::names({0, 1, 2}));
  });
}

TEST_CASE("a thread without a name is looked at again after a while") {
  for_each_way(2, [](NamedThreads& threads) {
    const Address slot = threads.name_slot(1);
    threads.fake.put_at(slot, threads.fake.integer(5));
    ThreadNames names(threads.fake.image(), threads.fake.layout());
    CHECK(**names.read(threads.interpreter) == NamedThreads::names({0}));
    threads.fake.put_at(slot, threads.texts[1]);
    for (int i = 0; i < readings_until_another_look; ++i) CHECK(names.read(threads.interpreter));
    CHECK(**names.read(threads.interpreter) == NamedThreads::names({0, 1}));
  });
}

TEST_CASE("what is no sys.modules, no module and no dict gives an error and no names") {
  using Break = void (*)(NamedThreads&);
  constexpr std::array<std::pair<Break, ErrorCode>, 5> breaks{{
      {[](NamedThreads& threads) {
         threads.fake.put(threads.interpreter, threads.fake.layout().interpreter.modules, {});
       },
       ErrorCode::torn},
      {[](NamedThreads& threads) {
         const Address lost{0x7000'0000};
         threads.fake.put(threads.interpreter, threads.fake.layout().interpreter.modules, lost);
       },
       ErrorCode::fault},
      {[](NamedThreads& threads) {  // _active is no dict
         threads.fake.put(threads.active, threads.fake.layout().object.type, threads.fake.int_type);
       },
       ErrorCode::malformed},
      {[](NamedThreads& threads) {  // the module has just begun to be imported
         const Address module = threads.fake.instance(Keeps::dict_at_offset, {});
         const Address modules = threads.fake.dict({{threads.fake.text("threading"), module}});
         threads.fake.put(threads.interpreter, threads.fake.layout().interpreter.modules, modules);
       },
       ErrorCode::not_found},
      {[](NamedThreads& threads) {  // more entries than any program has threads
         const auto& layout = threads.fake.layout();
         const Address keys =
             threads.fake.image().read_value<Address>(threads.active.plus(layout.dict.keys.offset())).value();
         threads.fake.put(keys, layout.dict_keys.size, std::int64_t{1} << 30);
         threads.fake.put(keys, layout.dict_keys.log2_size, 30);
         threads.fake.put(keys, layout.dict_keys.log2_index_bytes, 32);
         threads.fake.put(keys, layout.dict_keys.entries_used, std::int64_t{max_active_entries} + 1);
       },
       ErrorCode::limit},
  }};
  for (const auto& [do_break, code] : breaks) {
    for_each_way(2, [&](NamedThreads& threads) {
      do_break(threads);
      threads.check_error(code);
    });
  }
}

TEST_CASE("a layout that does not know sys.modules has no names") {
  for_each_layout([](const Layout& layout) {
    NamedThreads threads(layout, 1, Keeps::dict_at_offset);
    Layout without = layout;
    without.interpreter.modules = {};
    const auto found = ThreadNames(threads.fake.image(), without).read(threads.interpreter);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::unsupported);
  });
}

// Whatever word moves after whatever piece was read: a thread never gets the name of another.
TEST_CASE("threads that change places at any moment of the reading keep their names") {
  for_each_way(2, [](NamedThreads& threads) {
    const Address slots[] = {threads.name_slot(0), threads.name_slot(1)};
    const auto attributes_of = [&](std::size_t i) { return threads.items[i].value; };
    const auto contents = read_dict(threads.fake.image(), threads.fake.layout(), threads.active, 10);
    REQUIRE(contents);
    for (int moment = 1; moment < 120; ++moment) {
      int reads = 0;
      bool moved = false;
      const WatchedMemory memory(threads.fake.image(), [&](Address) {
        if (++reads == moment) {
          moved = true;
          // Thread 0 has ended, and its Thread object with it; a third thread has its ident and the object of thread 1.
          threads.fake.put_at(contents->items[0].value_slot, attributes_of(1));
          threads.fake.put_at(slots[0], threads.texts[1]);
        }
        return tidemark::base::Result<void>{};
      });
      const auto found = ThreadNames(memory, threads.fake.layout()).read(threads.interpreter);
      REQUIRE(found);
      if (const auto name = (*found)->find(first_ident); name != (*found)->end()) {
        // Before it moved; never by the object of thread 1, whose ident is another.
        CHECK((!moved || name->second != "t1"));
      }
      threads.fake.put_at(contents->items[0].value_slot, attributes_of(0));
      threads.fake.put_at(slots[0], threads.texts[0]);
      if (!moved) break;
    }
  });
}
