// `tidemark record`: options -> targets -> collector -> files -> recorder.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "detail/command_line.hpp"
#include "detail/recorded_readings.hpp"
#include "detail/recorder.hpp"
#include "detail/runtime_directories.hpp"
#include "detail/targets.hpp"
#include "detail/terminal.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/record_options.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/proc/clocks.hpp"
#include "tidemark/proc/own_process.hpp"

namespace tidemark::cli {
namespace {

constexpr int not_found_status = 127;
constexpr int not_executable_status = 126;
constexpr int first_oom_victim = 1000;
constexpr std::int64_t python_patience_ns = 5 * base::ns_per_second;
constexpr std::int64_t python_pause_ns = 5 * base::ns_per_ms;
constexpr std::array end_signals{SIGINT, SIGTERM, SIGHUP};

/// More descriptors than a shell's 1024 are kept open for a large tree; what we had is given back to a COMMAND.
OriginalState take_state() {
  OriginalState original;
  ::sigprocmask(SIG_SETMASK, nullptr, &original.signal_mask);
  ::getrlimit(RLIMIT_NOFILE, &original.open_files);
  return original;
}

void prepare_ourselves() {
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe and a file size limit are errors of a write, not our death
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  // When memory runs out we are to go first, not the target. A sandbox may refuse it; the recording goes on.
  (void)proc::set_own_oom_score_adj(first_oom_victim).has_value();
}

std::variant<std::vector<base::Pid>, Failure> resolve_targets(const RecordOptions& options) {
  if (options.name_regex.empty()) return options.pids;
  const auto root = proc::ProcRoot::open();
  if (!root) return Failure{base::describe(root.error()), "is /proc mounted?", ExitStatus::cannot_open};
  const auto found = find_by_name(*root, options.name_regex);
  if (!found) return Failure{base::describe(found.error()), {}, ExitStatus::cannot_open};
  if (found->empty()) return explain_no_match(options.name_regex);
  return *found;
}

model::RecordingHeader make_header(const RecordOptions& options, std::span<const std::string> arguments,
                                   const std::vector<base::Pid>& targets, std::int64_t wall_ns) {
  model::RecordingHeader header;
  header.tool = std::string("tidemark ") + TIDEMARK_VERSION;
  utsname system{};
  if (::uname(&system) == 0) {
    header.host = system.nodename;
    header.kernel = system.release;
  }
  constexpr std::size_t boot_id_cap = 256;
  header.boot_id =
      base::read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot_id_cap, "read the boot id").value_or({});
  while (!header.boot_id.empty() && header.boot_id.back() == '\n') header.boot_id.pop_back();
  header.command_line = {"tidemark", "record"};
  header.command_line.insert(header.command_line.end(), arguments.begin(), arguments.end());
  header.targets = targets;
  header.started_wall_ns = wall_ns;
  header.interval_seconds = static_cast<double>(options.interval_ns) / 1e9;
  return header;
}

std::vector<std::string> output_paths(const RecordOptions& options, const std::string& name, base::Pid pid,
                                      std::int64_t wall_ns) {
  if (!options.outputs.empty()) return options.outputs;
  const std::string stem = default_stem(name, pid, wall_ns);
  return {stem + ".csv", stem + ".jsonl"};
}

/// Marks are a convenience: a recording without them goes on, and says so.
std::optional<record::MarkServer> open_marks(const std::vector<std::string>& paths, std::int64_t wall_ns,
                                             Streams& streams) {
  auto server = record::MarkServer::open(
      {.recordings = paths, .runtime_directories = own_runtime_directories(), .started_wall_ns = wall_ns});
  if (!server) {
    streams.err << "tidemark record: no marks in this recording: " << base::describe(server.error()) << '\n';
    return std::nullopt;
  }
  for (const auto& problem : server->problems()) {
    streams.err << "tidemark record: marks may not find this recording: " << base::describe(problem) << '\n';
  }
  return std::move(*server);
}

std::vector<int> heard_signals(const RecordOptions& options) {
  std::vector<int> signals(end_signals.begin(), end_signals.end());
  if (options.mark_signal) signals.push_back(SIGUSR1);
  if (!options.command.empty()) signals.push_back(SIGCHLD);
  return signals;
}

/// Sleeps; true as soon as somebody asks for the end. Other signals stay for the recording.
bool is_asked_to_end_within(std::int64_t pause_ns) {
  sigset_t asked;
  ::sigemptyset(&asked);
  for (const int number : end_signals) ::sigaddset(&asked, number);
  const timespec pause{pause_ns / base::ns_per_second, pause_ns % base::ns_per_second};
  return ::sigtimedwait(&asked, nullptr, &pause) > 0;
}

/// One run of the command, step by step. A step that fails has printed why and gives the exit status.
class RecordRun {
 public:
  RecordRun(const RecordOptions& options, std::span<const std::string> arguments, Streams& streams)
      : options_(options), arguments_(arguments), streams_(streams), original_(take_state()) {}

  int run() {
    using Step = std::optional<int> (RecordRun::*)();
    // Targets come before files, so that a wrong one leaves no files; a COMMAND runs only when its files are there.
    constexpr std::array steps{&RecordRun::find_targets,    &RecordRun::open_waiter,   &RecordRun::fork_command,
                               &RecordRun::open_targets,    &RecordRun::check_targets, &RecordRun::open_outputs,
                               &RecordRun::release_command, &RecordRun::check_command};
    for (const Step step : steps) {
      if (const auto status = (this->*step)()) return *status;
    }
    return record();
  }

 private:
  [[nodiscard]] bool wraps() const { return !options_.command.empty(); }

  /// 125 when a COMMAND's own status could be taken for ours.
  int print(const Failure& failure) {
    return print_failure(streams_, "record", failure.message, failure.hint,
                         wraps() ? ExitStatus::wrapper_failed : failure.status);
  }

  /// A COMMAND that cannot be run has the shells' statuses.
  int print_not_run(const base::Error& error) {
    const auto text =
        fmt::format("the command '{}' cannot be run: {}", present::printable(options_.command.front(), 40),
                    std::generic_category().message(error.os_errno));
    (void)print_failure(streams_, "record", text, {}, ExitStatus::wrapper_failed);
    return error.os_errno == ENOENT ? not_found_status : not_executable_status;
  }

  std::optional<int> find_targets() {
    if (wraps()) return std::nullopt;
    auto resolved = resolve_targets(options_);
    if (const auto* failure = std::get_if<Failure>(&resolved)) return print(*failure);
    targets_ = std::move(std::get<std::vector<base::Pid>>(resolved));
    return std::nullopt;
  }

  std::optional<int> open_waiter() {
    auto waiter = PollWaiter::open(heard_signals(options_));
    if (!waiter) return print({base::describe(waiter.error()), {}, ExitStatus::usage});
    waiter_ = std::move(*waiter);
    return std::nullopt;
  }

  std::optional<int> fork_command() {
    if (wraps()) {
      const char* path = std::getenv("PATH");
      const auto runnable = check_runnable(options_.command.front(), path == nullptr ? "/bin:/usr/bin" : path);
      if (!runnable) return print_not_run(runnable.error());
      auto command = ChildCommand::prepare(options_.command, original_);
      if (!command) return print({base::describe(command.error()), {}, ExitStatus::wrapper_failed});
      targets_ = {command->pid()};
      command_ = std::move(*command);
    }
    prepare_ourselves();
    return std::nullopt;
  }

  std::optional<int> open_targets() { return wraps() ? std::nullopt : open_collector(collect::ForkCounter::open()); }

  std::optional<int> open_collector(collect::ForkCounter forks) {
    auto opened = collect::Collector::open(collect_options(options_), clock_, targets_, std::move(forks));
    if (const auto* failure = std::get_if<collect::TargetFailure>(&opened)) {
      return print(explain_target(failure->pid, failure->error));
    }
    collector_ = std::move(std::get<std::unique_ptr<collect::Collector>>(opened));
    return std::nullopt;
  }

  std::optional<int> open_outputs() {
    const std::int64_t wall_ns = clock_.wall_ns();
    const std::string name =
        wraps() ? std::filesystem::path(options_.command.front()).filename().string() : collector_->name_of_first();
    paths_ = output_paths(options_, name, targets_.front(), wall_ns);
    const bool with_objects = options_.census_interval_ns.has_value();
    auto opened = Outputs::open({paths_, options_.append, options_.rotate_bytes, options_.keep, with_objects},
                                make_header(options_, arguments_, targets_, wall_ns));
    if (const auto* failed = std::get_if<Outputs::OpenFailure>(&opened))
      return print(explain_output(failed->path, failed->error));
    outputs_ = std::move(std::get<Outputs>(opened));
    for (const auto& path : outputs_.displaced()) {
      if (!options_.quiet) streams_.err << "tidemark record: an older recording is kept as " << path << '\n';
    }
    return std::nullopt;
  }

  std::optional<int> release_command() {
    if (!command_) return std::nullopt;
    auto forks = collect::ForkCounter::open();  // listens before the first fork
    if (const auto released = command_->release(); !released) return print_not_run(released.error());
    const auto failed = open_collector(std::move(forks));
    if (failed) return shell_status(command_->reap(true).value_or(0));
    return std::nullopt;
  }

  std::optional<int> check_targets() { return wraps() ? std::nullopt : require_python(); }

  std::optional<int> check_command() { return wraps() ? require_python() : std::nullopt; }

  std::optional<int> require_python() {
    if (!options_.require_python) return std::nullopt;
    const std::int64_t end_ns = clock_.monotonic_ns() + python_patience_ns;
    bool asked_to_end = false;
    while (const auto* failure = collector_->try_python()) {
      if (failure->retry && clock_.monotonic_ns() < end_ns) {
        asked_to_end = is_asked_to_end_within(python_pause_ns);
        if (!asked_to_end) continue;
      }
      if (command_) command_->forward(SIGTERM);
      return print(explain_no_python(targets_.front(), *failure, asked_to_end));
    }
    return std::nullopt;
  }

  int record() {
    for (const base::Pid target : targets_) {
      if (auto pidfd = proc::open_pidfd(target)) waiter_->watch_end(std::move(*pidfd));
    }
    if (!options_.quiet && is_terminal(STDERR_FILENO) && !wraps()) {
      streams_.err << "Recording " << present::printable(collector_->name_of_first(), 40) << " (pid "
                   << targets_.front() << "); Ctrl-C ends it.\n";
    }
    Recorder recorder(options_, streams_, clock_, std::move(collector_), std::move(outputs_), std::move(waiter_));
    recorder.use_command(std::move(command_));
    recorder.use_marks(open_marks(paths_, clock_.wall_ns(), streams_));
    return recorder.run();
  }

  const RecordOptions& options_;
  std::span<const std::string> arguments_;
  Streams& streams_;
  OriginalState original_;
  base::SystemClock clock_;
  std::vector<base::Pid> targets_;
  std::vector<std::string> paths_;
  std::unique_ptr<PollWaiter> waiter_;
  std::optional<ChildCommand> command_;
  std::unique_ptr<collect::Collector> collector_;
  Outputs outputs_;
};

}  // namespace

int run_record(std::span<const std::string> arguments, Streams& streams) {
  return run_parsed(record_manual(), parse_record_options(arguments), streams,
                    [&](const RecordOptions& options) { return RecordRun(options, arguments, streams).run(); });
}

}  // namespace tidemark::cli
