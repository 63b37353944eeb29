// Every line of the self-check fails here once, on a runtime that fits in all but that; what fits passes.
#include "self_check.hpp"

#include <signal.h>

#include <array>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "debug_offsets_v3_13_0.hpp"
#include "fake_interpreter.hpp"
#include "fake_process.hpp"
#include "locate/runtime.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::base::Error;
using tidemark::base::ErrorCode;
using tidemark::base::fail;
using tidemark::base::Result;
using tidemark::base::Tid;
using tidemark::model::Reason;

namespace {

/// No thread has it: the kernel's PID_MAX_LIMIT, which is never given out.
constexpr Tid no_thread = 1 << 22;

/// The id of a thread that was one of this process. It can be joined a moment before the kernel has forgotten it.
Tid ended_thread() {
  Tid id = 0;
  std::thread([&id] { id = ::gettid(); }).join();
  while (::tgkill(::getpid(), id, 0) == 0) std::this_thread::yield();
  return id;
}

void check_failed(const std::optional<OpenFailure>& failed, Reason reason, std::string_view detail) {
  REQUIRE(failed);
  CHECK(tidemark::model::text_of(failed->reason) == tidemark::model::text_of(reason));
  CHECK(failed->retry);
  CHECK_FALSE(failed->found.version.empty());
  CAPTURE(failed->error.detail);
  CHECK(failed->error.detail.find(detail) != std::string::npos);
}

void check_refused(const LocateResult& result, Reason reason, bool retry, const std::string& version) {
  const auto* failed = std::get_if<OpenFailure>(&result);
  REQUIRE(failed != nullptr);
  CHECK(tidemark::model::text_of(failed->reason) == tidemark::model::text_of(reason));
  CHECK(failed->retry == retry);
  CHECK(failed->found.version == version);
  CHECK(failed->found.layout_origin.empty());
}

const Layout& layout_with_cookie() {
  const Layout* layout = find_layout(3, 13);
  REQUIRE(layout != nullptr);
  return *layout;
}

/// Of a 3.13 whose debug offsets have another word.
LocateResult choose_with_word(std::size_t word, std::uint64_t value) {
  Words words = stated_words(layout_with_cookie());
  words[word] = value;
  FakeProcess process(layout_with_cookie());
  process.put_offsets(words);
  return process.choose();
}

/// The image, in which reading the bytes [first, first + 16) fails.
WatchedMemory without(FakeInterpreter& fake, Address first, ErrorCode code) {
  return {fake.image(), [first, code](Address at) -> Result<void> {
            if (at < first || at >= first.plus(16)) return {};
            return fail(Error{.code = code, .doing = "read", .address = at});
          }};
}

}  // namespace

TEST_CASE("a runtime that fits is located, initialised and passes") {
  for_each_layout([](const Layout& layout) {
    FakeProcess process(layout);
    const LocatedRuntime runtime = process.located();
    CHECK(runtime.found.version == version_of(layout));
    CHECK(runtime.found.layout_origin == (layout.has_debug_offsets ? "debug_offsets" : "builtin"));
    CHECK(runtime.layout.free_threaded == layout.free_threaded);
    CHECK(differences(runtime.layout, layout).empty());
    CHECK(runtime.place.runtime == FakeInterpreter::runtime);
    CHECK(runtime.place.code_type == FakeInterpreter::code_type);
    CHECK_FALSE(check_initialized(runtime, process.fake.image()));
    CHECK_FALSE(process.check());
  });
}

TEST_CASE("a size of _PyRuntime that no known build has is an untested micro") {
  for_each_layout([](const Layout& layout) {
    UntestedProcess process(layout);
    const LocatedRuntime runtime = process.located();
    CHECK(runtime.is_strict);
    CHECK(runtime.found.layout_origin ==
          (layout.has_debug_offsets ? "debug_offsets, untested micro" : "builtin, untested micro"));
    CHECK_FALSE(process.check());
    process.module.symbol("_PyRuntime").size_bytes = 8;
    if (layout.has_debug_offsets) return;  // contradicts the cookie
    check_refused(process.choose(), Reason::self_check, false, version_of(layout));
  });
}

TEST_CASE("what an untested micro must have, and a tested one need not be asked for") {
  struct Case {
    const char* missing;
    std::function<void(FakeInterpreter&, const Layout&)> spoil;
    bool is_of_rings = false;  ///< which free-threaded builds do not have
  };
  const auto code = FakeInterpreter::code(0);
  const Address none = FakeInterpreter::code_type;
  const std::vector<Case> cases{
      {"frames", [](auto& fake, auto& l) { fake.put(FakeInterpreter::code_type, l.type.basic_size, 168); }},
      {"gc", [](auto& fake, auto& l) { fake.put(fake.collector(), l.gc.enabled, 2); }},
      {"gc", [](auto& fake, auto&) { fake.put_at(fake.oldest_generation(), FakeInterpreter::garbage); }, true},
      {"gc", [](auto& fake, auto&) { fake.put_at(fake.oldest_generation().plus(8), Address{}); }, true},
      {"gc", [=](auto& fake, auto& l) { fake.put(FakeInterpreter::garbage, l.object.type, none); }},
      {"frames", [=](auto& fake, auto& l) { fake.put(FakeInterpreter::string(0), l.object.type, none); }},
      {"frames", [=](auto& fake, auto& l) { fake.put(FakeInterpreter::string(1), l.object.type, none); }},
      {"frames", [=](auto& fake, auto& l) { fake.put(FakeInterpreter::string(2), l.object.type, none); }},
      {"frames", [=](auto& fake, auto& l) { fake.put(code, l.code.first_line, 0); }},
      {"gil", [=](auto& fake, auto&) { fake.set_holder(FakeInterpreter::garbage); }},
      {"frames", [=](auto& fake, auto& l) { fake.put(code, l.object.type, FakeInterpreter::garbage); }},
  };
  for_each_layout([&](const Layout& layout) {
    for (const Case& one : cases) {
      CAPTURE(one.missing);
      if (layout.free_threaded && one.is_of_rings) continue;
      UntestedProcess untested(layout);
      one.spoil(untested.fake, layout);
      CHECK(untested.missing() == std::vector<std::string>{one.missing});
      FakeProcess tested(layout);
      one.spoil(tested.fake, layout);
      CHECK(tested.missing().empty());
    }
  });
}

TEST_CASE("lists of the collector whose heads lie at no multiple of 8, and are empty: Debian's 3.13.5") {
  for_each_layout([](const Layout& layout) {
    if (layout.free_threaded) return;  // has no lists
    UntestedProcess process(layout);
    const Address collector = process.fake.collector();
    const std::uint32_t all_bytes = 3 * layout.generation.size_bytes;
    const Address moved = collector.plus(layout.gc.generations_end - all_bytes - 4);
    process.fake.put(collector, layout.gc.generation0, moved);
    const Address oldest = moved.plus(2 * std::uint64_t{layout.generation.size_bytes});
    process.fake.put_at(oldest, oldest);
    process.fake.put_at(oldest.plus(8), oldest);
    CHECK(process.missing().empty());
    process.fake.put_at(oldest.plus(8), Address{oldest.value + 8});
    CHECK(process.missing() == std::vector<std::string>{"gc"});
  });
}

TEST_CASE("a cookie that is missing, or says something else than the file") {
  check_refused(choose_with_word(0, cookie_word ^ 1U), Reason::self_check, true, "3.13.0");
  check_refused(choose_with_word(0, 0), Reason::self_check, true, "3.13.0");
  for (const std::uint64_t other : {0x030c00f0ULL, 0x030d01f0ULL, 0x030e00f0ULL, 0x040d00f0ULL, 0ULL}) {
    CAPTURE(other);
    check_refused(choose_with_word(1, other), Reason::self_check, true, "3.13.0");
  }
  check_refused(choose_with_word(runtime_size_word, layout_with_cookie().runtime_sizes.front() + 8), Reason::self_check,
                true, "3.13.0");
  check_refused(choose_with_word(9, ~0ULL), Reason::self_check, false, "3.13.0");  // threads_head
}

TEST_CASE("a version without a table") {
  FakeProcess process(layout_with_cookie());
  process.module.version_hex = 0x031000b2;
  check_refused(process.choose(), Reason::version, false, "3.16.0b2");
}

TEST_CASE("a version without a table, or none yet, of a runtime that states it as text") {
  FakeProcess process(*find_layout(3, 10));
  process.fake.set_version_text("3.7.16 (default, May  9 2026, 07:33:04) \n[GCC 12.2.0]");
  check_refused(process.choose(), Reason::version, false, "3.7.16");
  // Not written yet; the made-up file's name holds no version.
  process.fake.put_at(FakeInterpreter::version_text, '\0');
  check_refused(process.choose(), Reason::starting, true, "");
}

TEST_CASE("a debug build is known by the symbols that only it has, and needs its own word of its layout") {
  for_each_layout([](const Layout& layout) {
    for (const char* name : {"_Py_RefTotal", "_Py_INCREF_IncRefTotal"}) {
      UntestedProcess process(layout);
      process.module.symbols.push_back({name, FakeModule::runtime_at, 8});
      const auto table_alone = process.choose({.layout_origin = LayoutOrigin::builtin});
      check_refused(table_alone, Reason::debug_build, false, version_of(layout));
      if (!layout.has_debug_offsets) {
        check_refused(process.choose(), Reason::debug_build, false, version_of(layout));
        continue;
      }
      const LocatedRuntime runtime = process.located();
      CHECK(runtime.found.layout_origin == "debug_offsets, untested micro");
      CHECK(runtime.is_strict);
      CHECK(process.missing().empty());
    }
  });
}

TEST_CASE("a type of code that is not exported is found by what it is, or not at all") {
  for_each_layout([](const Layout& layout) {
    FakeProcess process(layout);
    process.module.remove("PyCode_Type");
    check_refused(process.choose(), Reason::unsupported, false, version_of(layout));
    process.fake.set_types();
    CHECK(process.located().place.code_type == FakeInterpreter::code_type);
    CHECK(process.missing().empty());
    process.fake.put(FakeInterpreter::code_type, layout.type.basic_size, layout.code.size_bytes + 8);
    check_refused(process.choose(), Reason::unsupported, false, version_of(layout));
  });
}

TEST_CASE("a runtime that has no main interpreter yet is starting") {
  for_each_layout([](const Layout& layout) {
    FakeProcess process(layout);
    const LocatedRuntime runtime = process.located();
    process.fake.put(FakeInterpreter::runtime, layout.runtime.initialized, 0);
    process.fake.put(FakeInterpreter::runtime, layout.runtime.interpreters_main, Address{});
    check_failed(check_initialized(runtime, process.fake.image()), Reason::starting, "not initialised");
    // One that calls itself initialised and has none is not what we take it for.
    process.fake.put(FakeInterpreter::runtime, layout.runtime.initialized, 1);
    CHECK_FALSE(check_initialized(runtime, process.fake.image()));
    check_failed(process.check(), Reason::self_check, "python:self_check");
    const Address flag = FakeInterpreter::runtime.plus(layout.runtime.initialized.offset());
    check_failed(check_initialized(runtime, without(process.fake, flag, ErrorCode::absent)), Reason::absent, "");
  });
}

TEST_CASE("a type of code with another name") {
  for_each_layout([](const Layout& layout) {
    for (const char* name : {"cod", "codec", "Code", ""}) {
      CAPTURE(name);
      FakeProcess process(layout);
      process.module.type_name = name;
      check_failed(process.check(), Reason::self_check, "another name");
    }
  });
}

TEST_CASE("the type's name is the process's where it is resident, else the file's") {
  for_each_layout([](const Layout& layout) {
    const Address resident = FakeInterpreter::garbage.plus(0x100);
    FakeProcess process(layout);
    process.fake.put(FakeInterpreter::code_type, layout.type.name, resident);
    process.fake.put_at(resident, std::array<char, 6>{"frame"});
    check_failed(process.check(), Reason::self_check, "another name");
    process.fake.put_at(resident, std::array<char, 6>{"code"});
    process.module.type_name = "frame";
    CHECK_FALSE(process.check());
    // Not resident, and at no place that is constant in the file.
    check_failed(process.check(without(process.fake, resident, ErrorCode::absent)), Reason::absent, "");
    const Address type_name = FakeInterpreter::code_type.plus(layout.type.name.offset());
    check_failed(process.check(without(process.fake, type_name, ErrorCode::permission)), Reason::denied, "");
  });
}

TEST_CASE("a thread state that does not point back") {
  for_each_layout([](const Layout& layout) {
    FakeProcess to_interpreter(layout);
    to_interpreter.fake.put(FakeInterpreter::thread(0), layout.thread.interp, FakeInterpreter::interpreter.plus(16));
    check_failed(to_interpreter.check(), Reason::self_check, "threads:");
    FakeProcess to_previous(layout);
    to_previous.fake.put(FakeInterpreter::thread(0), layout.thread.prev, FakeInterpreter::thread(1));
    check_failed(to_previous.check(), Reason::self_check, "threads:");
    FakeProcess to_itself(layout);
    to_itself.fake.put(FakeInterpreter::thread(0), layout.thread.next, FakeInterpreter::thread(0));
    check_failed(to_itself.check(), Reason::self_check, "threads:");
  });
}

TEST_CASE("a thread state that cannot be read keeps the reason of that") {
  for_each_layout([](const Layout& layout) {
    FakeProcess process(layout);
    const WatchedMemory memory = without(process.fake, FakeInterpreter::thread(0), ErrorCode::absent);
    check_failed(process.check(memory), Reason::absent, "threads:absent");
  });
}

TEST_CASE("a collector whose pointers lead out of it is missing, and its figures are withheld") {
  for_each_layout([](const Layout& layout) {
    if (!layout.gc.generation0.is_present()) return;
    FakeProcess process(layout);
    process.fake.put(process.fake.collector(), layout.gc.generation0, FakeInterpreter::garbage);
    CHECK(process.missing() == std::vector<std::string>{"gc"});
  });
}

TEST_CASE("what is missing is a gap, and nothing else is") {
  using tidemark::model::Gap;
  using tidemark::model::Source;
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout, 2);
    fake.set_holder(FakeInterpreter::thread(0));
    const PythonSnapshot whole = fake.read();
    REQUIRE(whole.gaps.empty());
    REQUIRE(whole.reading.gil_holder);
    const auto gaps_of = [&](MissingParts missing) { return withhold(whole, missing).gaps; };
    CHECK(gaps_of({}).empty());
    CHECK(gaps_of({.gc = true}) == std::vector<Gap>{{Source::gc, Reason::self_check}});
    CHECK(gaps_of({.gil = true}) == std::vector<Gap>{{Source::gil, Reason::self_check}});
    CHECK(gaps_of({.native_ids = true}) == std::vector<Gap>{{Source::gil, Reason::self_check}});
    CHECK(gaps_of({.frames = true}) == std::vector<Gap>{{Source::frame, Reason::self_check}});
    const auto nothing = withhold(whole, {.gc = true, .gil = true, .frames = true, .native_ids = true}).reading;
    CHECK_FALSE(nothing.gc);
    CHECK_FALSE(nothing.gil_holder);
    CHECK_FALSE(nothing.frame);
    CHECK(nothing.threads == whole.reading.threads);
  });
}

TEST_CASE("a frame that moves does not fail the check") {
  for_each_layout([](const Layout& layout) {
    FakeProcess process(layout);
    process.fake.set_current_frame(0, Address{0x1234567});
    CHECK_FALSE(process.check());
  });
}

TEST_CASE("a native thread id that is no thread of the process") {
  for_each_layout([](const Layout& layout) {
    const auto own = static_cast<std::uint64_t>(::gettid());
    // The last: right in its lower half, as it is where a layout is off by less than a word.
    for (const std::uint64_t id : {std::uint64_t{no_thread}, ~std::uint64_t{0}, own | std::uint64_t{1} << 32U}) {
      CAPTURE(id);
      FakeProcess process(layout);
      if (layout.thread.pthread.is_present() && id != no_thread) continue;  // half a word there
      process.fake.set_native_id(0, id);
      check_failed(process.check(), Reason::self_check, "no thread of the process");
    }
  });
}

TEST_CASE("a thread that has not begun states no id; one that has must be there") {
  for_each_layout([](const Layout& layout) {
    FakeProcess process(layout);
    process.fake.set_native_id(0, 0);
    check_failed(process.check(), Reason::self_check, "no thread state has a native thread id");
    process.fake.put(FakeInterpreter::thread(0), layout.thread.next, FakeInterpreter::thread(1));
    process.fake.set_thread(1, FakeInterpreter::thread(0), {}, ::gettid());
    CHECK_FALSE(process.check());
    process.fake.set_thread(1, FakeInterpreter::thread(0), {}, no_thread);
    check_failed(process.check(), Reason::self_check, "no thread of the process");
  });
}

TEST_CASE("states of threads that have ended are counted, unless they are too many or the build was never tested") {
  for_each_layout([](const Layout& layout) {
    const auto ended = static_cast<std::uint64_t>(ended_thread());
    FakeProcess process(layout, 3);
    process.fake.set_native_id(0, ended);
    process.fake.set_native_id(1, ended);
    const auto result = process.checked(process.fake.image());
    REQUIRE(std::holds_alternative<Checked>(result));  // the third is the process's own main thread
    CHECK(std::get<Checked>(result).ended_threads == 2);
    CHECK_FALSE(std::get<Checked>(result).missing.any());
    process.fake.set_native_id(2, ended);
    check_failed(process.check(), Reason::self_check, "no thread of the process");
    UntestedProcess untested(layout);
    CHECK(untested.missing().empty());
    untested.fake.set_native_id(0, ended);
    check_failed(untested.check(), Reason::self_check, "no thread of the process");
  });
}

TEST_CASE("a pthread_t that is not glibc's leads to no native id") {
  for_each_layout([](const Layout& layout) {
    if (!layout.thread.pthread.is_present()) return;
    FakeProcess process(layout);
    process.module.has_foreign_pthread = true;
    CHECK(process.missing() == std::vector<std::string>{"native_ids"});
    const LocatedRuntime runtime = process.located();
    SnapshotReader reader(process.fake.image(), runtime.layout, runtime.place, ::getpid());
    CHECK(reader.read().reading.threads == 1);
    CHECK(reader.native_thread_ids() == std::vector<std::uint64_t>{0});
  });
}
