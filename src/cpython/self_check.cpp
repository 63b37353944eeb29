#include "self_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "locate/scan.hpp"
#include "tidemark/cpython/layout_fields.hpp"
#include "untested_check.hpp"

namespace tidemark::cpython {

namespace {

using base::ErrorCode;
using model::Reason;
using model::Source;

/// The kernel gives out no thread id from here on (PID_MAX_LIMIT, include/linux/threads.h).
constexpr std::uint64_t thread_id_limit = 1 << 22;

OpenFailure miss(const LocatedRuntime& runtime, std::string detail, Reason reason = Reason::self_check) {
  return OpenFailure{.reason = reason,
                     .error = {.code = ErrorCode::malformed,
                               .doing = "check the layout against the process",
                               .path = runtime.found.module_path,
                               .detail = std::move(detail)},
                     .retry = true,  // a process that was just forked or replaced fits a moment later
                     .found = runtime.found};
}

OpenFailure unreadable(const LocatedRuntime& runtime, base::Error error) {
  const Reason reason = model::reason_of(error);
  return OpenFailure{.reason = reason, .error = std::move(error), .retry = true, .found = runtime.found};
}

bool is_read_error(Reason reason) {
  return reason == Reason::gone || reason == Reason::denied || reason == Reason::absent;
}

/// What is not read of a layout that contradicts itself in this entry; false: nothing that could be left out.
bool leave_out(MissingParts& missing, std::string_view entry) {
  const std::string_view group = entry.substr(0, entry.find('.'));
  const auto is_any_of = [group](std::initializer_list<std::string_view> groups) {
    return std::ranges::find(groups, group) != groups.end();
  };
  if (is_any_of({"gc", "generation", "generation_stats", "stats"})) return missing.gc = true;
  if (is_any_of({"frame", "cframe", "code", "stack_chunk"})) return missing.frames = true;
  if (group == "gil") return missing.gil = true;
  return is_any_of({"dict", "dict_keys", "code_array"});  // the names of threads are proved by other means
}

bool has_gap(const PythonSnapshot& snapshot, Source source) {
  return std::ranges::find(snapshot.gaps, source, &model::Gap::source) != snapshot.gaps.end();
}

/// The checks of one runtime, over as many readings as they need.
class SelfCheck {
 public:
  SelfCheck(const LocatedRuntime& runtime, const memory::MemorySource& memory, proc::ProcessFiles& process,
            SnapshotReader& reader, int strict_attempts)
      : runtime_(runtime),
        memory_(memory),
        process_(process),
        reader_(reader),
        attempts_(runtime.is_strict ? strict_attempts : max_check_attempts) {
    // A frame and the GIL may be moving: of a build that was tested nobody waits for them.
    gil_fits_ = frames_fit_ = !runtime.is_strict;
    // Without native ids nobody can say which thread holds it.
    if (runtime.found.missing.native_ids) gil_fits_ = true;
  }

  CheckResult run() {
    for (const std::string_view entry : contradictions(runtime_.layout)) {
      if (!leave_out(nonsense_, entry)) return miss(runtime_, fmt::format("the layout cannot have {} there", entry));
    }
    if (auto failed = check_code_type()) return std::move(*failed);
    for (int attempt = 0; attempt < attempts_ && !is_settled(); ++attempt) take_reading();
    if (!passed_) return std::move(*failed_);
    Checked checked{.missing = runtime_.found.missing, .ended_threads = *ended_threads_};
    checked.missing.gc = !gc_fits_ || nonsense_.gc;
    checked.missing.gil = !gil_fits_ || nonsense_.gil;
    checked.missing.frames = !frames_fit_ || nonsense_.frames;
    if (failed_ && is_read_error(failed_->reason) && checked.missing.gc) return std::move(*failed_);
    return checked;
  }

 private:
  [[nodiscard]] bool is_settled() const {
    return passed_ && gc_fits_ && gil_fits_ && frames_fit_ && ended_threads_ == std::size_t{0};
  }

  [[nodiscard]] std::optional<OpenFailure> check_code_type() const {
    auto named = is_type_named(runtime_.layout, *runtime_.module, memory_, runtime_.place.code_type, "code");
    if (!named) return unreadable(runtime_, std::move(named).error());
    return *named ? std::nullopt : std::optional(miss(runtime_, "the type of code has another name"));
  }

  void take_reading() {
    const PythonSnapshot snapshot = reader_.read();
    failed_ = check_snapshot(snapshot);
    if (!failed_) failed_ = check_thread_ids();
    if (!failed_ && runtime_.is_strict) failed_ = check_idents();
    if (failed_) return;
    passed_ = true;
    gc_fits_ = gc_fits_ || (!has_gap(snapshot, Source::gc) && fits(misfit_of_collector));
    gil_fits_ = gil_fits_ || !has_gap(snapshot, Source::gil);
    frames_fit_ = frames_fit_ || (!has_gap(snapshot, Source::frame) && fits(misfit_of_frames));
  }

  /// What a snapshot must not lack, whatever the process does; a part that merely does not fit is another matter.
  [[nodiscard]] std::optional<OpenFailure> check_snapshot(const PythonSnapshot& snapshot) const {
    for (const auto& gap : snapshot.gaps) {
      if (gap.source == Source::frame || gap.source == Source::gil) continue;
      if (gap.source == Source::gc && !is_read_error(gap.reason)) continue;
      return miss(runtime_, fmt::format("{} of its first reading", model::text_of(gap)),
                  is_read_error(gap.reason) ? gap.reason : Reason::self_check);
    }
    return std::nullopt;
  }

  template <class Check>
  [[nodiscard]] bool fits(Check check) {
    if (!runtime_.is_strict) return true;
    auto misfit = check(runtime_, memory_, reader_);
    if (!misfit && is_read_error(model::reason_of(misfit.error()))) {
      failed_ = unreadable(runtime_, std::move(misfit).error());
    }
    return misfit && !*misfit;
  }

  [[nodiscard]] std::optional<OpenFailure> check_thread_ids() {
    auto threads = proc::inner_thread_ids(process_);
    if (!threads) return unreadable(runtime_, std::move(threads).error());
    auto main_thread = proc::inner_pid(process_);
    if (!main_thread) return unreadable(runtime_, std::move(main_thread).error());
    std::ranges::sort(*threads);
    std::size_t alive = 0, ended = 0;
    bool has_main = false;
    std::uint64_t stranger = 0;
    for (const std::uint64_t id : reader_.native_thread_ids()) {
      if (id == 0) continue;  // a state made for a thread that has not begun (thread_run sets it)
      if (id >= thread_id_limit) return no_thread(id);
      if (std::ranges::binary_search(*threads, static_cast<base::Tid>(id))) {
        ++alive;
        has_main = has_main || id == static_cast<std::uint64_t>(*main_thread);
      } else {
        ++ended;
        stranger = id;
      }
    }
    const bool may_leak = !runtime_.is_strict && alive > 0 && (has_main || ended <= alive);
    if (ended > 0 && !may_leak) return no_thread(stranger);
    if (alive == 0 && !runtime_.found.missing.native_ids)
      return miss(runtime_, "no thread state has a native thread id");
    ended_threads_ = std::min(ended, ended_threads_.value_or(ended));
    return std::nullopt;
  }

  [[nodiscard]] std::optional<OpenFailure> check_idents() const {
    auto misfit = misfit_of_idents(runtime_, memory_, reader_);
    if (!misfit) return unreadable(runtime_, std::move(misfit).error());
    return *misfit ? std::optional(miss(runtime_, std::move(**misfit))) : std::nullopt;
  }

  [[nodiscard]] OpenFailure no_thread(std::uint64_t id) const {
    return miss(runtime_, fmt::format("native thread id {} is no thread of the process", id));
  }

  const LocatedRuntime& runtime_;
  const memory::MemorySource& memory_;
  proc::ProcessFiles& process_;
  SnapshotReader& reader_;
  const int attempts_;
  MissingParts nonsense_;              ///< parts of which the layout contradicts itself
  std::optional<OpenFailure> failed_;  ///< of the last reading
  bool passed_ = false;                ///< one reading had all that must hold
  bool gc_fits_ = false, gil_fits_ = false, frames_fit_ = false;
  std::optional<std::size_t> ended_threads_;
};

void drop(PythonSnapshot& snapshot, Source source) {
  std::erase_if(snapshot.gaps, [source](const model::Gap& gap) { return gap.source == source; });
  snapshot.gaps.push_back({.source = source, .reason = Reason::self_check});
}

}  // namespace

std::optional<OpenFailure> check_initialized(const LocatedRuntime& runtime, const memory::MemorySource& memory) {
  auto flag = memory.read_value<std::int32_t>(runtime.place.runtime.plus(runtime.layout.runtime.initialized.offset()));
  if (!flag) return unreadable(runtime, std::move(flag).error());
  if (*flag != 0) return std::nullopt;
  return OpenFailure{.reason = Reason::starting,
                     .error = {.code = ErrorCode::busy,
                               .doing = "read the interpreter",
                               .path = runtime.found.module_path,
                               .detail = "it is not initialised"},
                     .retry = true,
                     .found = runtime.found};
}

CheckResult self_check(const LocatedRuntime& runtime, const memory::MemorySource& memory, proc::ProcessFiles& process,
                       SnapshotReader& reader, int strict_attempts) {
  return SelfCheck(runtime, memory, process, reader, strict_attempts).run();
}

PythonSnapshot withhold(PythonSnapshot snapshot, const MissingParts& missing) {
  if (!missing.any() || has_gap(snapshot, Source::python)) return snapshot;
  if (missing.gc) {
    snapshot.reading.gc.reset();
    drop(snapshot, Source::gc);
  }
  if (missing.gil || missing.native_ids) {
    snapshot.reading.gil_holder.reset();
    drop(snapshot, Source::gil);
  }
  if (missing.frames) {
    snapshot.reading.frame.reset();
    drop(snapshot, Source::frame);
  }
  return snapshot;
}

model::StackReading withhold(model::StackReading reading, const MissingParts& missing) {
  if (!missing.any() || reading.threads.empty()) return reading;
  if (missing.gc) {
    for (auto& interpreter : reading.interpreters) interpreter.gc_running.reset();
    reading.gaps.push_back({Source::gc, Reason::self_check});
  }
  if (missing.gil) {
    for (auto& thread : reading.threads) thread.holds_gil = false;
    reading.gaps.push_back({Source::gil, Reason::self_check});
  }
  for (auto& thread : reading.threads) {
    if (missing.native_ids) thread.native_id = 0;
    if (!missing.frames) continue;
    thread.frames = nullptr;
    thread.failure = Reason::self_check;
  }
  return reading;
}

std::vector<std::string> words_of(const MissingParts& missing) {
  std::vector<std::string> words;
  if (missing.gc) words.emplace_back("gc");
  if (missing.gil) words.emplace_back("gil");
  if (missing.frames) words.emplace_back("frames");
  if (missing.native_ids) words.emplace_back("native_ids");
  return words;
}

}  // namespace tidemark::cpython
