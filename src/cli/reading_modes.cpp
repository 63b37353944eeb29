#include "detail/reading_modes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "detail/headroom.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/control/frozen_target.hpp"
#include "tidemark/control/stopped_target.hpp"
#include "tidemark/memory/copied_memory.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/proc/own_process.hpp"

namespace tidemark::cli {
namespace {

using memory::CopiedMemory;

/// Below this a copy takes less of the target's time than a clone costs it afterwards (docs/heap.md has the figures).
constexpr std::uint64_t stop_below_bytes = std::uint64_t{300} << 20;
/// The heap may grow until it stands still.
constexpr std::uint64_t spare_share = 32, spare_bytes = std::uint64_t{2} << 20;

std::vector<std::pair<std::string, std::uint64_t>> calls_of(const std::vector<control::InterruptedCall>& interrupted) {
  std::vector<std::pair<std::string, std::uint64_t>> calls;
  for (const auto& [name, count] : interrupted) calls.emplace_back(name, count);
  return calls;
}

/// What is not in a clone, or in what stands still, the target has: mappings that a fork leaves out, pages of files
/// that were only read.
class HeldBeforeTarget final : public memory::MemorySource {
 public:
  HeldBeforeTarget(const memory::MemorySource& held, const memory::MemorySource& target)
      : held_(held), target_(target) {}

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override {
    auto done = held_.read(from, into);
    if (done || !is_left_out(done.error())) return done;
    while (!into.empty()) {
      const auto piece = into.first(std::min<std::uint64_t>(into.size(), page_bytes - from.value % page_bytes));
      auto part = held_.read(from, piece);
      if (!part && is_left_out(part.error())) part = target_.read(from, piece);
      if (!part) return part;
      from = from.plus(piece.size());
      into = into.subspan(piece.size());
    }
    return {};
  }

 private:
  static constexpr std::uint64_t page_bytes = proc::page_bytes;

  static bool is_left_out(const base::Error& error) {
    return error.code == base::ErrorCode::absent || error.code == base::ErrorCode::fault;
  }

  const memory::MemorySource& held_;
  const memory::MemorySource& target_;
};

class Modes {
 public:
  Modes(const HeapSubject& subject, const ReadingMode& options, const MomentReader& read)
      : subject_(subject), options_(options), read_(read) {}

  [[nodiscard]] ModeOutcome run() {
    switch (options_.consistency) {
      case Consistency::racing:
        return racing();
      case Consistency::stopped:
        return after_a_look(&Modes::stopped);
      case Consistency::frozen:
        return after_a_look(&Modes::frozen);
      case Consistency::automatic:
        return after_a_look(&Modes::gentlest);
    }
    return racing();
  }

 private:
  [[nodiscard]] base::Pid pid() const { return subject_.files.pid(); }

  [[nodiscard]] HeapRefusal refused(const base::Error& error) const {
    return {.failure = explain_target(pid(), error), .error = error};
  }

  /// The exact modes want to know first how much there is.
  ModeOutcome after_a_look(ModeOutcome (Modes::*mode)(const heap::Moment& before)) {
    const auto before = moment_of(subject_.files);
    return before ? (this->*mode)(*before) : refused(before.error());
  }

  ModeOutcome racing() {
    auto moment = moment_of(subject_.files);
    if (!moment) return refused(moment.error());
    read_(subject_.memory, *moment);
    return ModeReport{.consistency = "racing"};
  }

  /// Room for a copy of what is resident now, and a little more; null in low-memory mode, which copies nothing.
  std::variant<std::unique_ptr<CopiedMemory>, HeapRefusal> prepare(const heap::Moment& now) {
    const std::uint64_t resident = now.resident_bytes();
    const std::uint64_t copy = options_.low_memory ? 0 : resident + resident / spare_share + spare_bytes;
    const MemoryNeed need{.ours = copy + spare_bytes, .targets = 0};
    if (const auto lacking = too_little_memory(subject_.root, pid(), need)) return without_room(need, *lacking);
    if (options_.low_memory) return std::unique_ptr<CopiedMemory>{};
    auto prepared = CopiedMemory::prepare(copy, &subject_.memory);
    if (!prepared) return refused(prepared.error());
    return std::move(*prepared);
  }

  /// And what would do with less: without a copy, without a clone.
  [[nodiscard]] HeapRefusal without_room(const MemoryNeed& need, const std::string& lacking) const {
    const bool is_about_freezing = need.targets != 0;
    const char* hint = "--consistency racing needs next to no memory";
    if (!too_little_memory(subject_.root, pid(), {.ours = spare_bytes, .targets = 0})) {
      hint = is_about_freezing ? "--consistency stopped --low-memory is as exact, and makes no clone"
                               : "--low-memory reads it piece by piece instead";
    }
    const char* what = is_about_freezing ? "cloned" : "copied";
    return {.failure = {fmt::format("pid {} is not {}: {}", pid(), what, lacking), hint, ExitStatus::cannot_open},
            .error = base::Error{.code = base::ErrorCode::limit, .doing = "copy a heap", .detail = lacking},
            .is_about_freezing = is_about_freezing};
  }

  /// Out of the copy, or straight out of what stands still when there is none.
  void read_copy(const CopiedMemory& copy, const heap::Moment& moment, ModeReport& report) const {
    read_(copy, moment);
    report.cost.bytes_read = copy.bytes_copied();
    if (copy.bytes_lost() == 0) return;
    report.notes.push_back(
        fmt::format("{} could not be copied.", present::megabytes(static_cast<double>(copy.bytes_lost()))));
  }

  ModeOutcome stopped(const heap::Moment& before) {
    auto prepared = prepare(before);
    if (auto* refusal = std::get_if<HeapRefusal>(&prepared)) return std::move(*refusal);
    auto& copy = std::get<std::unique_ptr<CopiedMemory>>(prepared);
    std::optional<proc::Hurry> hurry(std::in_place);
    auto stop = control::StoppedTarget::stop(subject_.root, pid(), {.max_pause_ns = options_.max_pause_ns});
    if (!stop) return HeapRefusal{.failure = explain_no_stop(pid(), stop.error()), .error = stop.error()};

    auto moment = moment_of(subject_.files);
    ModeReport done;
    std::optional<base::Error> trouble;
    if (!moment) {
      trouble = moment.error();
    } else if (copy) {
      if (auto copied = copy->copy(stop->memory(), moment->resident()); !copied) trouble = copied.error();
    } else {
      const HeldBeforeTarget memory(stop->memory(), subject_.memory);
      read_(memory, *moment);
    }
    const auto report = stop->resume();
    hurry.reset();
    if (!report) return HeapRefusal{.failure = explain_no_stop(pid(), report.error()), .error = report.error()};
    if (report->reading_is_void()) {
      return HeapRefusal{.failure = explain_void_stop(pid(), *report, options_.max_pause_ns),
                         .error = base::Error{.code = base::ErrorCode::torn, .doing = "read a heap"}};
    }
    if (trouble) return refused(*trouble);
    if (copy) read_copy(*copy, *moment, done);
    done.consistency = "stopped";
    done.cost.pause_ns = report->pause_ns;
    done.cost.threads = report->threads;
    done.cost.interrupted_calls = calls_of(report->interrupted);
    return done;
  }

  ModeOutcome frozen(const heap::Moment& before) {
    // What it writes while the clone lives is there twice. The clone is read as it is: to copy it first would take as
    // long as to walk it, most of that for memory that we do not have yet (docs/objects.md has the figures).
    const MemoryNeed need{.ours = spare_bytes, .targets = before.resident_bytes()};
    if (const auto lacking = too_little_memory(subject_.root, pid(), need)) return without_room(need, *lacking);
    std::optional<proc::Hurry> hurry(std::in_place);  // the clone costs the target faults as long as it lives
    auto freeze = control::FrozenTarget::freeze(subject_.root, pid(), {.max_pause_ns = options_.max_pause_ns});
    if (!freeze) return not_frozen(freeze.error());

    auto files = proc::ProcessFiles::open(subject_.root, freeze->clone_pid());
    if (!files) return refused(files.error());
    auto smaps = files->smaps();
    const auto target_smaps = subject_.files.smaps();
    const auto pages = proc::PageMap::open(files->dir_fd());
    if (!smaps || !target_smaps || !pages) {
      return refused(!smaps ? smaps.error() : !target_smaps ? target_smaps.error() : pages.error());
    }
    auto moment = heap::Moment::take(heap::with_files_of(std::move(*smaps), *target_smaps), *pages);
    if (!moment) return refused(moment.error());
    moment->take_exclusiveness_of(before);
    ModeReport done;
    read_(HeldBeforeTarget(freeze->memory(), subject_.memory), *moment);
    const auto report = freeze->release();
    hurry.reset();
    if (!report) return not_frozen(report.error());
    done.consistency = "frozen";
    done.cost.pause_ns = report->pause_ns;
    done.cost.reap_pause_ns = report->reap_pause_ns;
    done.cost.threads = report->threads;
    done.cost.caused_faults = report->minor_faults;
    done.cost.interrupted_calls = calls_of(report->interrupted);
    if (!report->reaped)
      done.notes.emplace_back("A zombie of ours is left in the process; the next run has it waited for.");
    return done;
  }

  [[nodiscard]] HeapRefusal not_frozen(const base::Error& error) const {
    const bool is_about_freezing = error.code == base::ErrorCode::unsupported || error.os_errno != 0;
    return {.failure = explain_no_freeze(pid(), error), .error = error, .is_about_freezing = is_about_freezing};
  }

  ModeOutcome gentlest(const heap::Moment& before) {
    const std::uint64_t resident = before.resident_bytes();
    if (resident < stop_below_bytes) {
      return because(stopped(before),
                     fmt::format("copying {} takes less of its time than a clone would cost it afterwards",
                                 present::megabytes(static_cast<double>(resident))));
    }
    auto outcome = frozen(before);
    const auto* const refusal = std::get_if<HeapRefusal>(&outcome);
    if (refusal == nullptr) {
      return because(std::move(outcome), fmt::format("a clone of {} stops it for less time than a copy",
                                                     present::megabytes(static_cast<double>(resident))));
    }
    if (!refusal->is_about_freezing) return outcome;
    const auto& error = refusal->error;
    const auto why = !error ? refusal->failure.message : error->detail.empty() ? base::describe(*error) : error->detail;
    return because(stopped(before), "no clone could be had: " + why);
  }

  static ModeOutcome because(ModeOutcome outcome, std::string why) {
    if (auto* report = std::get_if<ModeReport>(&outcome)) report->why_consistency = std::move(why);
    return outcome;
  }

  const HeapSubject& subject_;
  const ReadingMode& options_;
  const MomentReader& read_;
};

}  // namespace

base::Result<heap::Moment> moment_of(proc::ProcessFiles& files) {
  auto smaps = files.smaps();
  if (!smaps) return base::fail(smaps.error());
  const auto pages = proc::PageMap::open(files.dir_fd());
  if (!pages) return base::fail(pages.error());
  return heap::Moment::take(std::move(*smaps), *pages);
}

ModeOutcome read_in_mode(const HeapSubject& subject, const ReadingMode& mode, const MomentReader& read) {
  return Modes(subject, mode, read).run();
}

}  // namespace tidemark::cli
