// Purpose: the course of `heap` and `objects`: read every target, once or twice; save; show or compare; an exit status.
// Invariants: a failure is told once; what was read is shown although another part failed.
//
// A Kind says what is read (heap_run.hpp, objects_run.hpp):
//   Options, Reading, Answer, command;
//   read_saved(file), save(file, reading), json(reading), show(options, reading), compare(options, Compared&);
//   trouble(answer): what makes it not be trusted, or empty;
//   missing(options, reading): what was asked for and no process has, or empty.
#pragma once

#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "reading_options.hpp"
#include "targets.hpp"
#include "terminal.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/proc/own_process.hpp"

namespace tidemark::cli {

/// Two readings, and how far apart they are.
template <class Reading>
struct Compared {
  Reading before, now;
  std::optional<std::int64_t> apart_ns;
  bool is_partial = false;  ///< set by Kind::compare: one that was asked for has nothing to compare with
};

template <class Kind>
class SnapshotRun {
 public:
  using Options = typename Kind::Options;
  using Reading = typename Kind::Reading;
  using Answer = typename Kind::Answer;
  using Reader = typename Kind::Reader;

  SnapshotRun(const Options& options, const Reader& reader, Streams& streams)
      : options_(options), reader_(reader), streams_(streams) {}

  int run() {
    if (!options_.diff_file.empty()) {
      if (const auto failed = read_saved()) return *failed;
    }
    const auto root = proc::ProcRoot::open();
    if (!root) {
      return print_failure(streams_, Kind::command, "/proc cannot be read: " + base::describe(root.error()),
                           "mount it: mount -t proc proc /proc", ExitStatus::cannot_open);
    }
    const auto found = find_targets(*root, options_.pids, options_.name_regex);
    if (const auto* failure = std::get_if<Failure>(&found)) return print_failure(streams_, Kind::command, *failure);
    constexpr int first_oom_victim = 1000;
    (void)proc::set_own_oom_score_adj(first_oom_victim).has_value();  // when memory runs out we go first
    const auto& targets = std::get<std::vector<Target>>(found);
    if (options_.growth_ns) read_first(*root, targets);
    read_all(*root, targets, true, both_.now);
    return finish();
  }

 private:
  static constexpr SavedKind saved_kind{.name = Kind::saved, .command = Kind::command};

  std::optional<int> read_saved() {
    auto saved = Kind::read_saved(options_.diff_file);
    if (!saved)
      return print_failure(streams_, Kind::command, explain_saved(saved_kind, options_.diff_file, saved.error()));
    both_.before = std::move(*saved);
    return std::nullopt;
  }

  /// What --growth compares with, and the wait. What fails here is told by the second reading.
  void read_first(const proc::ProcRoot& root, const std::vector<Target>& targets) {
    const std::int64_t began_ns = clock_.monotonic_ns();
    read_all(root, targets, false, both_.before);
    const std::int64_t rest_ns = *options_.growth_ns - (clock_.monotonic_ns() - began_ns);
    if (rest_ns > 0) {
      if (is_terminal(STDERR_FILENO)) streams_.err << "Reading again in " << present::duration(rest_ns) << ".\n";
      std::this_thread::sleep_for(std::chrono::nanoseconds(rest_ns));
    }
    both_.apart_ns = clock_.monotonic_ns() - began_ns;
  }

  void read_all(const proc::ProcRoot& root, const std::vector<Target>& targets, bool tells, Reading& into) {
    into.tool = std::string("tidemark ") + TIDEMARK_VERSION;
    into.consistency = word_of(options_.consistency);
    into.wall_ns = clock_.wall_ns();
    for (const auto& target : options_.children ? with_descendants(root, targets) : targets) {
      auto answer = reader_(root, target, options_);
      answer.process.identity.pid = target.pid;
      answer.process.parent = target.parent;
      if (answer.failure) answer.process.failure = answer.failure->message;
      if (tells) take_in(answer);
      into.processes.push_back(std::move(answer.process));
    }
  }

  void take_in(const Answer& answer) {
    if (answer.failure) {
      if (answer.process.parent != 0) return;  // told in its own part
      first_failure_ = static_cast<int>(print_failure(streams_, Kind::command, *answer.failure));
      is_partial_ = true;
      return;
    }
    any_read_ = true;
    tell(Kind::trouble(answer));
  }

  void tell(const std::string& trouble) {
    if (trouble.empty()) return;
    is_partial_ = true;
    streams_.err << "tidemark " << Kind::command << ": " << trouble << '\n';
  }

  int finish() {
    if (!any_read_ && first_failure_ != 0 && !options_.json) return first_failure_;
    const auto not_saved = save();
    if (any_read_) tell(Kind::missing(options_, both_.now));
    streams_.out << (options_.growth_ns || !options_.diff_file.empty() ? compared() : shown()) << std::flush;
    if (not_saved) return *not_saved;
    if (!streams_.out) return static_cast<int>(ExitStatus::partial);
    if (!any_read_ && first_failure_ != 0) return first_failure_;
    return static_cast<int>(is_partial_ ? ExitStatus::partial : ExitStatus::done);
  }

  /// A status when that failed: what was read is shown all the same.
  std::optional<int> save() {
    if (options_.save_file.empty() || !any_read_) return std::nullopt;
    const auto saved = Kind::save(options_.save_file, both_.now);
    if (saved) return std::nullopt;
    return print_failure(streams_, Kind::command, explain_save(saved_kind, options_.save_file, saved.error()));
  }

  [[nodiscard]] std::string shown() {
    if (options_.json) return Kind::json(options_, both_.now);
    // A process that standard error has said all of is not shown again.
    std::erase_if(both_.now.processes,
                  [](const auto& process) { return !process.failure.empty() && process.parent == 0; });
    return Kind::show(options_, both_.now);
  }

  [[nodiscard]] std::string compared() {
    if (!both_.apart_ns && both_.before.wall_ns != 0 && both_.before.wall_ns < both_.now.wall_ns) {
      both_.apart_ns = both_.now.wall_ns - both_.before.wall_ns;
    }
    auto text = Kind::compare(options_, both_);
    is_partial_ = is_partial_ || both_.is_partial;
    return text;
  }

  const Options& options_;
  const Reader& reader_;
  Streams& streams_;
  base::SystemClock clock_;
  Compared<Reading> both_;
  int first_failure_ = 0;
  bool any_read_ = false;
  bool is_partial_ = false;
};

}  // namespace tidemark::cli
