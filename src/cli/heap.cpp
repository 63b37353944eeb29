// `tidemark heap`: where the memory of one or more processes is, or how that changed.
#include "tidemark/present/heap.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "detail/command_line.hpp"
#include "detail/heap_run.hpp"
#include "detail/targets.hpp"
#include "detail/terminal.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/proc/own_process.hpp"
#include "tidemark/record/heap_file.hpp"

namespace tidemark::cli {
namespace {

constexpr int first_oom_victim = 1000;

std::string word_of(Consistency consistency) {
  switch (consistency) {
    case Consistency::racing:
      return "racing";
    case Consistency::stopped:
      return "stopped";
    case Consistency::frozen:
      return "frozen";
    case Consistency::automatic:
      return "auto";
  }
  return {};
}

present::HeapTables tables_of(HeapView view) {
  switch (view) {
    case HeapView::owners:
      return present::HeapTables::owners;
    case HeapView::arenas:
      return present::HeapTables::arenas;
    case HeapView::files:
      return present::HeapTables::files;
    case HeapView::types:
      return present::HeapTables::types;
  }
  return {};
}

class HeapRun {
 public:
  HeapRun(const HeapOptions& options, const HeapTargetReader& reader, Streams& streams)
      : options_(options), reader_(reader), streams_(streams) {}

  int run() {
    if (!options_.diff_file.empty()) {
      if (const auto failed = read_saved()) return *failed;
    }
    const auto root = proc::ProcRoot::open();
    if (!root) {
      return print_failure(streams_, "heap", "/proc cannot be read: " + base::describe(root.error()),
                           "mount it: mount -t proc proc /proc", ExitStatus::cannot_open);
    }
    const auto found = find_targets(*root, options_.pids, options_.name_regex);
    if (const auto* failure = std::get_if<Failure>(&found)) return print_failure(streams_, "heap", *failure);
    (void)proc::set_own_oom_score_adj(first_oom_victim).has_value();  // when memory runs out we go first
    const auto& targets = std::get<std::vector<Target>>(found);
    if (options_.growth_ns) read_first(*root, targets);
    read_all(*root, targets, true, now_);
    return finish();
  }

 private:
  std::optional<int> read_saved() {
    auto saved = record::read_heap(options_.diff_file);
    if (!saved) return print_failure(streams_, "heap", explain_saved(options_.diff_file, saved.error()));
    before_ = std::move(*saved);
    return std::nullopt;
  }

  /// The ledger that --growth compares with, and the wait. What fails here is told by the second reading.
  void read_first(const proc::ProcRoot& root, const std::vector<Target>& targets) {
    const std::int64_t began_ns = clock_.monotonic_ns();
    read_all(root, targets, false, before_);
    const std::int64_t rest_ns = *options_.growth_ns - (clock_.monotonic_ns() - began_ns);
    if (rest_ns > 0) {
      if (is_terminal(STDERR_FILENO)) streams_.err << "Reading again in " << present::duration(rest_ns) << ".\n";
      std::this_thread::sleep_for(std::chrono::nanoseconds(rest_ns));
    }
    apart_ns_ = clock_.monotonic_ns() - began_ns;
  }

  void read_all(const proc::ProcRoot& root, const std::vector<Target>& targets, bool tells, model::HeapReading& into) {
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

  void take_in(const HeapAnswer& answer) {
    if (answer.failure) {
      if (answer.process.parent != 0) return;  // told in its own part
      first_failure_ = static_cast<int>(print_failure(streams_, "heap", *answer.failure));
      is_partial_ = true;
      return;
    }
    any_read_ = true;
    if (model::books_of(answer.process.ledger).balance()) return;
    is_partial_ = true;
    streams_.err << fmt::format("tidemark heap: the ledger of pid {} does not add up: do not trust it\n",
                                answer.process.identity.pid);
  }

  int finish() {
    if (!any_read_ && first_failure_ != 0 && !options_.json) return first_failure_;
    const auto not_saved = save();
    streams_.out << (compares() ? compared() : shown()) << std::flush;
    if (not_saved) return *not_saved;
    if (!streams_.out) return static_cast<int>(ExitStatus::partial);
    if (!any_read_ && first_failure_ != 0) return first_failure_;
    return static_cast<int>(is_partial_ ? ExitStatus::partial : ExitStatus::done);
  }

  /// A status when that failed: what was read is shown all the same.
  std::optional<int> save() {
    if (options_.save_file.empty() || !any_read_) return std::nullopt;
    const auto saved = record::save_heap(options_.save_file, now_);
    if (saved) return std::nullopt;
    return print_failure(streams_, "heap", explain_save(options_.save_file, saved.error()));
  }

  [[nodiscard]] bool compares() const { return options_.growth_ns || !options_.diff_file.empty(); }

  [[nodiscard]] std::string shown() {
    if (options_.json) return record::heap_json(now_);
    // A process that standard error has said all of is not shown again.
    std::erase_if(now_.processes, [](const auto& process) { return !process.failure.empty() && process.parent == 0; });
    return present::heap_text(now_, {.text = style_of(STDOUT_FILENO), .by = tables_of(options_.by)});
  }

  [[nodiscard]] std::string compared() {
    present::HeapDiffView view{.before_file = options_.diff_file,
                               .before_wall_ns = options_.diff_file.empty() ? 0 : before_.wall_ns,
                               .apart_ns = apart_ns_,
                               .compared = analysis::compare_heaps(before_.processes, now_.processes)};
    if (!view.apart_ns && before_.wall_ns != 0 && before_.wall_ns < now_.wall_ns) {
      view.apart_ns = now_.wall_ns - before_.wall_ns;
    }
    // A saved tree may have more processes than were asked for now; one that was asked for must be matched.
    if (!view.compared.only_after.empty()) is_partial_ = true;
    return options_.json ? present::heap_diff_json(view) : present::heap_diff_text(view, style_of(STDOUT_FILENO));
  }

  const HeapOptions& options_;
  const HeapTargetReader& reader_;
  Streams& streams_;
  base::SystemClock clock_;
  model::HeapReading before_, now_;
  std::optional<std::int64_t> apart_ns_;
  int first_failure_ = 0;
  bool any_read_ = false;
  bool is_partial_ = false;
};

}  // namespace

int run_heap(const HeapOptions& options, const HeapTargetReader& reader, Streams& streams) {
  return HeapRun(options, reader, streams).run();
}

int run_heap(std::span<const std::string> arguments, Streams& streams) {
  return run_parsed(heap_manual(), parse_heap_options(arguments), streams,
                    [&](const HeapOptions& options) { return run_heap(options, read_heap_target, streams); });
}

}  // namespace tidemark::cli
