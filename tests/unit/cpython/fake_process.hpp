// Purpose: a process made by hand: its memory, and the file of its runtime, as the self-check looks at them.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "fake_interpreter.hpp"
#include "fake_module.hpp"
#include "locate/runtime.hpp"
#include "self_check.hpp"
#include "stated_words.hpp"

namespace tidemark::cpython::test {

inline std::string version_of(const Layout& layout) { return "3." + std::to_string(layout.minor) + ".0"; }

/// A process by hand: its memory, and the file of its runtime. Its threads are this process's own.
struct FakeProcess {
  FakeInterpreter fake;
  FakeModule module;

  explicit FakeProcess(const Layout& layout, std::size_t threads = 1, std::byte unset = {})
      : fake(layout, threads, unset), module(layout) {
    if (layout.has_debug_offsets) put_offsets(stated_words(layout));
    fake.put(FakeInterpreter::runtime, layout.runtime.initialized, 1);
    fake.put(FakeInterpreter::runtime, layout.runtime.interpreters_head, FakeInterpreter::interpreter);
    fake.put(FakeInterpreter::interpreter, layout.interpreter.next, Address{});
    fake.put(FakeInterpreter::code_type, layout.type.name, FakeModule::code_name);
    for (std::size_t i = 0; i < threads; ++i) fake.set_native_id(i, static_cast<std::uint64_t>(::gettid()));
    fake.set_version_text(version_of(layout) + " (default, Jan  1 2026, 00:00:00) \n[GCC 12.2.0]");
  }

  void put_offsets(const Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) fake.put_at(FakeInterpreter::runtime.plus(8 * i), words[i]);
  }

  /// The first place that the ladder finds; what it has must be there.
  [[nodiscard]] LocateResult choose(const LocateOptions& options = {}) {
    const auto opened = std::make_shared<const Module>(module.open(fake.image()));
    auto sites = find_sites(*opened, cheap_rungs, own_process(), fake.image(), options);
    if (sites.empty()) sites = find_sites(*opened, other_rungs, own_process(), fake.image(), options);
    REQUIRE_FALSE(sites.empty());
    return choose_layout(opened, sites.front(), own_process(), fake.image(), options);
  }
  [[nodiscard]] LocatedRuntime located(const LocateOptions& options = {}) {
    auto result = choose(options);
    if (const auto* failed = std::get_if<OpenFailure>(&result)) FAIL(base::describe(failed->error));
    return std::move(std::get<LocatedRuntime>(result));
  }
  [[nodiscard]] CheckResult checked(const memory::MemorySource& memory) {
    const LocatedRuntime runtime = located();
    auto process = own_process();
    SnapshotReader reader(memory, runtime.layout, runtime.place, ::getpid());
    return self_check(runtime, memory, process, reader);
  }
  /// Why nothing may be read; nullopt: all or a part may.
  [[nodiscard]] std::optional<OpenFailure> check(const memory::MemorySource& memory) {
    auto result = checked(memory);
    const auto* failed = std::get_if<OpenFailure>(&result);
    return failed != nullptr ? std::optional(*failed) : std::nullopt;
  }
  [[nodiscard]] std::optional<OpenFailure> check() { return check(fake.image()); }
  /// What is missing of a runtime that may be used.
  [[nodiscard]] std::vector<std::string> missing() {
    const auto result = checked(fake.image());
    if (const auto* failed = std::get_if<OpenFailure>(&result)) FAIL(base::describe(failed->error));
    return words_of(std::get<Checked>(result).missing);
  }
};

/// Two threads in a build whose _PyRuntime is larger than any that was tested. What is not set is neither null nor a
/// pointer.
struct UntestedProcess : FakeProcess {
  explicit UntestedProcess(const Layout& layout) : FakeProcess(layout, 2, std::byte{0x41}) {
    auto& size = module.symbol("_PyRuntime").size_bytes;
    size += 8;
    if (layout.has_debug_offsets) fake.put_at(FakeInterpreter::runtime.plus(8 * runtime_size_word), size);
    fake.set_types();
    fake.set_holder({});
  }
};

}  // namespace tidemark::cpython::test
