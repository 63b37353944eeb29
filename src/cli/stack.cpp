// `tidemark stack`: the Python stacks of all threads of one or more processes.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "detail/command_line.hpp"
#include "detail/stack_target.hpp"
#include "detail/targets.hpp"
#include "detail/terminal.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/proc/own_process.hpp"

namespace tidemark::cli {
namespace {

constexpr int first_oom_victim = 1000;

class StackRun {
 public:
  StackRun(const StackOptions& options, Streams& streams) : options_(options), streams_(streams) {}

  int run() {
    const auto root = proc::ProcRoot::open();
    if (!root) {
      return print_failure(streams_, "stack", "/proc cannot be read: " + base::describe(root.error()),
                           "mount it: mount -t proc proc /proc", ExitStatus::cannot_open);
    }
    const auto targets = find_targets(*root, options_.pids, options_.name_regex);
    if (const auto* failure = std::get_if<Failure>(&targets)) return print_failure(streams_, "stack", *failure);
    (void)proc::set_own_oom_score_adj(first_oom_victim).has_value();  // when memory runs out we go first
    const auto& named = std::get<std::vector<Target>>(targets);
    for (const auto& target : options_.children ? with_descendants(*root, named) : named) read(*root, target);
    return finish();
  }

 private:
  void read(const proc::ProcRoot& root, const StackTarget& target) {
    auto answer = read_stack_target(root, target, options_);
    const bool is_named = target.parent == 0;
    if (answer.failure && is_named) {
      first_failure_ = static_cast<int>(print_failure(streams_, "stack", *answer.failure));
      partial_ = true;
    }
    if (answer.process.reading) {
      any_read_ = true;
      partial_ = partial_ || is_partial(*answer.process.reading);
    }
    view_.processes.push_back(std::move(answer.process));
  }

  /// A process that a text has said all of on standard error is not shown again.
  void drop_told_failures() {
    std::erase_if(view_.processes,
                  [](const auto& process) { return process.failure.has_value() && process.parent == 0; });
  }

  int finish() {
    view_.own_cpu_ns = proc::own_usage().cpu_ns;
    view_.consistency = options_.stopped ? "stopped" : "racing";
    if (options_.format == StackFormat::text) drop_told_failures();
    if (options_.format == StackFormat::json || !view_.processes.empty()) streams_.out << shown() << std::flush;
    if (!streams_.out) return static_cast<int>(ExitStatus::partial);
    if (!any_read_ && first_failure_ != 0) return first_failure_;
    return static_cast<int>(partial_ ? ExitStatus::partial : ExitStatus::done);
  }

  [[nodiscard]] std::string shown() {
    switch (options_.format) {
      case StackFormat::json:
        return present::stack_json(view_);
      case StackFormat::collapsed:
        say_what_is_missing();
        return present::stack_folded(view_);
      case StackFormat::text:
        break;
    }
    return present::stack_text(view_, {.text = style_of(STDOUT_FILENO), .depth = options_.depth});
  }

  /// A folded line has no place for it.
  void say_what_is_missing() {
    std::size_t missing = 0;
    for (const auto& process : view_.processes) {
      if (!process.reading) continue;
      for (const auto& thread : process.reading->threads) missing += thread.frames ? 0 : 1;
    }
    if (missing == 0) return;
    streams_.err << fmt::format("tidemark stack: {} of the threads could not be read\n", missing);
  }

  const StackOptions& options_;
  Streams& streams_;
  present::StackView view_;
  int first_failure_ = 0;
  bool any_read_ = false;
  bool partial_ = false;
};

}  // namespace

int run_stack(std::span<const std::string> arguments, Streams& streams) {
  return run_parsed(stack_manual(), parse_stack_options(arguments), streams,
                    [&](const StackOptions& options) { return StackRun(options, streams).run(); });
}

}  // namespace tidemark::cli
