// Purpose: all that is read of a process by a layout that may be wrong, as far as the self-check lets it through.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "compared_readings.hpp"
#include "fake_names.hpp"
#include "fake_process.hpp"
#include "fake_stacks.hpp"

namespace tidemark::cpython::test {

/// Two threads of a build that was never tested, of which the self-check asks most; made once, read often.
class ReadProcess {
 public:
  /// `unset` lies between the fields.
  ReadProcess(const Layout& layout, std::byte unset)
      : fake_(layout, thread_count, unset), runtime_(UntestedProcess(layout).located()), own_(own_process()) {
    fake_.set_types();
    fake_.put(FakeInterpreter::code_type, layout.type.name, FakeModule::code_name);
    fake_.put(FakeInterpreter::interpreter, layout.interpreter.next, Address{});
    fake_.put(FakeInterpreter::interpreter, layout.interpreter.id, 0);
    fake_.put(fake_.collector(), layout.gc.collecting, 0);
    for (std::size_t i = 0; i < thread_count; ++i) fake_.set_native_id(i, static_cast<std::uint64_t>(::gettid()));
    fake_.set_holder(FakeInterpreter::thread(0));
    put_name();
    for (std::size_t i = 0; i < thread_count; ++i) put_caller(i);
    right_ = read({});
    REQUIRE(right_.stacks.threads.size() == thread_count);
    REQUIRE(compare(layout) == Comparison::same);
  }

  /// What the layout makes of it; nullopt when it is refused as a whole.
  [[nodiscard]] std::optional<Comparison> compare(const Layout& layout) {
    runtime_.layout = layout;
    SnapshotReader reader(fake_.image(), layout, runtime_.place, ::getpid());
    const auto result = self_check(runtime_, fake_.image(), own_, reader, max_check_attempts);
    const auto* checked = std::get_if<Checked>(&result);
    if (checked == nullptr) return std::nullopt;
    return test::compare(right_, read(checked->missing));
  }

 private:
  static constexpr std::size_t thread_count = 2;

  /// The file of the innermost function has a name that is not ASCII.
  void put_name() {
    constexpr std::array<unsigned char, 7> latin{'/', 'w', 0xf6, '.', 'p', 'y', 0};
    const Address name = FakeInterpreter::string(1).plus(0x400);
    fake_.put(name, fake_.layout().object.type, FakeInterpreter::str_type);
    fake_.put(FakeInterpreter::code(0), fake_.layout().code.filename, name);
    fake_.set_string(name, latin.size() - 1, 1, false);
    fake_.put_at(name.plus(fake_.layout().unicode.compact_data), latin);
  }
  /// Below all frames one that C calls Python by, where the layout knows such frames.
  void put_caller(std::size_t of_thread) {
    const auto& field = fake_.layout().frame;
    if (!field.owner_c_stack) return;
    constexpr std::size_t free_place = 3;
    fake_.set_frame(FakeStacks::frame_number(of_thread, free_place), 1, 2, {}, *field.owner_c_stack);
    fake_.put(FakeStacks::stack_frame(of_thread, 0), field.previous, FakeStacks::stack_frame(of_thread, free_place));
  }
  [[nodiscard]] Everything read(const MissingParts& missing) {
    SnapshotReader snapshots(fake_.image(), runtime_.layout, runtime_.place, ::getpid());
    StackReader stacks(fake_.image(), runtime_.layout, runtime_.place);
    return {.snapshot = withhold(snapshots.read(), missing), .stacks = withhold(stacks.read(), missing)};
  }

  FakeStacks fake_;
  LocatedRuntime runtime_;
  proc::ProcessFiles own_;
  Everything right_;
};

/// Names of threads that keep their attributes in each way that the layout has.
class ReadNames {
 public:
  explicit ReadNames(const Layout& layout) {
    for (const Keeps keeps : {Keeps::dict_at_offset, Keeps::managed_dict, Keeps::values}) {
      if (FakeObjects(layout).knows(keeps)) made_.push_back(std::make_unique<NamedThreads>(layout, 3, keeps));
    }
    REQUIRE(compare(layout) == Comparison::same);
  }

  [[nodiscard]] Comparison compare(const Layout& layout) {
    const NamesByIdent right = NamedThreads::names({0, 1, 2});
    Comparison result = Comparison::same;
    for (const auto& threads : made_) {
      const auto names = ThreadNames(threads->fake.image(), layout).read(threads->interpreter);
      result = worst(result, names ? test::compare(right, **names) : Comparison::less);
    }
    return result;
  }

 private:
  std::vector<std::unique_ptr<NamedThreads>> made_;
};

}  // namespace tidemark::cpython::test
