// Each rung of the ladder alone, on a runtime made by hand: linked at any place or at a fixed one, with and without
// section, symbols, glibc.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "fake_process.hpp"
#include "locate/scan.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::model::Reason;

namespace {

struct TypedProcess : FakeProcess {
  explicit TypedProcess(const Layout& layout) : FakeProcess(layout, 2) { fake.set_types(); }
};

/// Nothing in its tables: what `strip` and a static link leave of it.
void strip(FakeProcess& process) { process.module.symbols.clear(); }

std::vector<Site> sites_of(FakeProcess& process, std::span<const Rung> rungs, const LocateOptions& options = {}) {
  return find_sites(process.module.open(process.fake.image()), rungs, own_process(), process.fake.image(), options);
}

}  // namespace

TEST_CASE("the names of the rungs") {
  for (const Rung rung : {Rung::section, Rung::symbols, Rung::memory_symbols, Rung::debug_file, Rung::scan}) {
    CHECK(find_rung(text_of(rung)) == rung);
  }
  CHECK_FALSE(find_rung("ladder"));
  CHECK_FALSE(find_rung(""));
}

TEST_CASE("section, symbols and scan lead to the same place, in a library and in a program at a fixed address") {
  for_each_layout([](const Layout& layout) {
    for (const bool is_fixed : {false, true}) {
      for (const Rung rung : {Rung::section, Rung::symbols, Rung::scan}) {
        CAPTURE(is_fixed);
        CAPTURE(text_of(rung));
        TypedProcess process(layout);
        process.module.has_section = true;
        if (is_fixed) process.module.linked_at = FakeModule::bias;
        const LocatedRuntime runtime = process.located({.only = rung});
        CHECK(runtime.module->bias == (is_fixed ? 0 : FakeModule::bias));
        CHECK(runtime.found.located_by == text_of(rung));
        CHECK(runtime.found.version == version_of(layout));
        CHECK(runtime.place.runtime == FakeInterpreter::runtime);
        CHECK(runtime.place.code_type == FakeInterpreter::code_type);
        CHECK(runtime.is_strict == (rung == Rung::scan));
      }
    }
  });
}

TEST_CASE("a rung that finds nothing gives nothing, and the next one is tried") {
  for_each_layout([](const Layout& layout) {
    TypedProcess process(layout);
    CHECK(sites_of(process, cheap_rungs, {.only = Rung::section}).empty());
    CHECK(sites_of(process, cheap_rungs, {.only = Rung::memory_symbols}).empty());
    CHECK(sites_of(process, other_rungs, {.only = Rung::debug_file}).empty());
    CHECK(process.located().found.located_by == "symbols");
    process.module.has_section = true;
    CHECK(process.located().found.located_by == "section");
    strip(process);
    CHECK(process.located().found.located_by == "section");
    CHECK(process.located().place.code_type == FakeInterpreter::code_type);
    CHECK(process.missing().empty());
    process.module.has_section = false;
    CHECK(process.located().found.located_by == "scan");
    CHECK(process.missing().empty());
  });
}

TEST_CASE("a section that holds no runtime is left for the symbol that leads elsewhere") {
  for_each_layout([](const Layout& layout) {
    TypedProcess process(layout);
    process.module.has_section = true;
    process.module.symbol("_PyRuntime").address += 0x100;
    const auto sites = sites_of(process, cheap_rungs);
    REQUIRE(sites.size() == 1);
    CHECK(text_of(sites.front().rung) == (layout.has_debug_offsets ? "section" : "symbols"));
  });
}

TEST_CASE("a scan takes nothing for a runtime that does not lead to itself") {
  for_each_layout([](const Layout& layout) {
    if (layout.has_debug_offsets) return;  // found by its cookie
    const auto none_after = [&](const auto& spoil) {
      TypedProcess process(layout);
      strip(process);
      REQUIRE(sites_of(process, other_rungs).size() == 1);
      spoil(process.fake);
      CHECK(sites_of(process, other_rungs).empty());
    };
    const auto runtime = FakeInterpreter::runtime;
    const Address elsewhere = FakeInterpreter::garbage;
    none_after([&](auto& fake) { fake.put(runtime, layout.runtime.initialized, 0); });
    none_after([&](auto& fake) { fake.put(runtime, layout.runtime.interpreters_main, Address{}); });
    none_after([&](auto& fake) { fake.put(runtime, layout.runtime.interpreters_main, elsewhere); });
    none_after([&](auto& fake) { fake.put(runtime, layout.runtime.interpreters_head, elsewhere); });
    none_after([&](auto& fake) { fake.put(FakeInterpreter::thread(0), layout.thread.interp, elsewhere); });
    none_after([&](auto& fake) { fake.put(FakeInterpreter::thread(0), layout.thread.prev, elsewhere); });
    none_after([&](auto& fake) { fake.put_at(FakeInterpreter::version_text, '\0'); });
  });
}

TEST_CASE("a cookie that stands twice gives two places, of which one is the runtime") {
  for_each_layout([](const Layout& layout) {
    if (!layout.has_debug_offsets) return;
    TypedProcess process(layout);
    strip(process);
    process.fake.put_at(FakeInterpreter::pthread(0), cookie_word);
    process.fake.put_at(FakeInterpreter::pthread(0).plus(12), cookie_word);  // not aligned
    CHECK(sites_of(process, other_rungs).size() == 2);
  });
}

TEST_CASE("another size of code objects, name or metatype is no type of code") {
  for_each_layout([](const Layout& layout) {
    TypedProcess process(layout);
    const Module module = process.module.open(process.fake.image());
    const auto found = [&] {
      return scan_for_code_type(copy_writable(module, process.fake.image()), layout, module, process.fake.image());
    };
    CHECK(found() == FakeInterpreter::code_type);
    process.fake.put(FakeInterpreter::code_type, layout.object.type, FakeInterpreter::list_type);
    CHECK_FALSE(found());
    process.fake.set_types();
    CHECK(found() == FakeInterpreter::code_type);
    process.fake.put(FakeInterpreter::code_type, layout.type.name, FakeInterpreter::list_type.plus(0x100));
    CHECK_FALSE(found());
  });
}

TEST_CASE("an origin of the layout that is asked for") {
  for_each_layout([](const Layout& layout) {
    TypedProcess process(layout);
    CHECK(process.located({.layout_origin = LayoutOrigin::builtin}).found.layout_origin == "builtin");
    if (layout.has_debug_offsets) {
      CHECK(process.located({.layout_origin = LayoutOrigin::debug_offsets}).found.layout_origin == "debug_offsets");
      return;
    }
    const auto result = process.choose({.layout_origin = LayoutOrigin::debug_offsets});
    REQUIRE(std::holds_alternative<OpenFailure>(result));
    CHECK(std::get<OpenFailure>(result).error.detail.find("origin") != std::string::npos);
  });
}

TEST_CASE("files that can hold a runtime: the program whatever its name, libpython; then all that hold code") {
  const auto region = [](const char* path, std::uint64_t inode, bool executable) {
    return tidemark::proc::MapRegion{
        .start = inode << 20U, .end = (inode << 20U) + 4096, .executable = executable, .inode = inode, .path = path};
  };
  const std::string uv = "/root/.local/share/uv/python/cpython-3.12.7-linux-x86_64-gnu/bin/python3.12";
  CHECK(version_in_name(uv) == "3.12");
  const std::vector regions{region("/usr/lib/libpython3.11.so.1.0", 1, true),
                            region("/usr/lib/uwsgi/plugins/python3_plugin.so", 2, true),
                            region("/usr/lib/locale/locale-archive", 3, false), region("/srv/bin/server", 4, true),
                            region("[heap]", 0, false)};
  const auto named = candidate_files(regions, "/srv/bin/server");
  REQUIRE(named.size() == 2);
  CHECK(named[0][0].path == "/srv/bin/server");
  CHECK(named[1][0].path == "/usr/lib/libpython3.11.so.1.0");
  const auto others = other_files(regions, "/srv/bin/server");
  REQUIRE(others.size() == 1);
  CHECK(others[0][0].path == "/usr/lib/uwsgi/plugins/python3_plugin.so");
  CHECK_FALSE(maps_glibc(regions));
  for (const char* path : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/libc-2.31.so", "/lib/libc.so.6 (deleted)"}) {
    CHECK(maps_glibc({region(path, 5, true)}));
  }
  for (const char* path : {"/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1", "/lib/libc++.so.1"}) {
    CHECK_FALSE(maps_glibc({region(path, 5, true)}));
  }
}

TEST_CASE("the kinds of python-build-standalone: a program at a fixed address, one at any, and one on musl") {
  struct Kind {
    const char* path;
    std::uint64_t linked_at;
    const char* libc;
  };
  constexpr std::array kinds{
      Kind{"/root/.local/share/uv/python/cpython-3.8.20-linux-x86_64-gnu/bin/python3.8", FakeModule::bias,
           "/lib/x86_64-linux-gnu/libc.so.6"},
      Kind{"/home/u/.local/share/uv/python/cpython-3.13.7-linux-x86_64-gnu/bin/python3.13", 0,
           "/lib/x86_64-linux-gnu/libc.so.6"},
      Kind{"/opt/uv/cpython-3.12.11-linux-x86_64-musl/bin/python3.12", 0, "/lib/ld-musl-x86_64.so.1"}};
  for_each_layout([&](const Layout& layout) {
    for (const Kind& kind : kinds) {
      CAPTURE(kind.path);
      const auto region = [](const char* path, std::uint64_t inode) {
        return tidemark::proc::MapRegion{
            .start = inode << 20U, .end = (inode << 20U) + 4096, .executable = true, .inode = inode, .path = path};
      };
      const std::vector regions{region(kind.path, 1), region(kind.libc, 2)};
      const auto candidates = candidate_files(regions, kind.path);
      REQUIRE(candidates.size() == 1);
      CHECK(candidates[0][0].path == kind.path);
      for (const bool has_section : {false, true}) {
        TypedProcess process(layout);
        process.module.linked_at = kind.linked_at;
        process.module.has_section = has_section;
        process.module.has_foreign_pthread = !maps_glibc(regions);
        CHECK(process.located().found.located_by == (has_section ? "section" : "symbols"));
        // To 3.10 the native id is in struct pthread, which is another one on musl.
        const bool lacks_ids = layout.thread.pthread.is_present() && !maps_glibc(regions);
        CHECK(process.missing() == (lacks_ids ? std::vector<std::string>{"native_ids"} : std::vector<std::string>{}));
      }
    }
  });
}
