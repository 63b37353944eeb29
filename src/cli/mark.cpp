// `tidemark mark`: opens a phase in a recording that another tidemark is writing.
#include <fmt/format.h>

#include <iostream>
#include <optional>
#include <variant>

#include "detail/command_line.hpp"
#include "detail/runtime_directories.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/usage.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/record/mark_client.hpp"
#include "tidemark/record/mark_label.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* default_timeout = "10";
constexpr std::size_t shown_path_columns = 200;
const char* const try_help = "try tidemark mark --help";
const char* const name_one = "--recording FILE names one, from any user and directory";

struct MarkOptions {
  model::Mark mark;
  std::string recording;  ///< empty: the only one that runs
  std::int64_t timeout_ns = 0;
};

using ParsedMarkOptions = std::variant<MarkOptions, UsageError, HelpWanted>;

/// A recorder to talk to.
struct RecorderAddress {
  std::string socket;
  std::string file;  ///< what a person calls the recording
};

Failure usage(std::string message, std::string hint = try_help) {
  return {std::move(message), std::move(hint), ExitStatus::usage};
}

std::string shown(const std::string& text) { return present::printable(text, shown_path_columns); }

/// The first word is the label, whatever is in it; the others are fields.
base::Result<model::Mark> make_mark(const std::vector<std::string>& words) {
  model::Mark mark{.label = words.front(), .fields = {}};
  for (const auto& word : std::span(words).subspan(1)) {
    auto field = record::parse_mark_field(word);
    if (!field) return base::fail(std::move(field).error());
    mark.fields.push_back(std::move(*field));
  }
  if (auto checked = record::check_mark(mark); !checked) return base::fail(std::move(checked).error());
  return mark;
}

ParsedMarkOptions parse_mark_options(const Manual& manual, std::span<const std::string> arguments) {
  return parse_command<MarkOptions>(manual, arguments, true, [](const CommandLine& line) {
    const auto words = line.words();
    if (words.empty()) refuse("no label", "tidemark mark LABEL [key=value…]; " + std::string(try_help));
    auto mark = make_mark(words);
    if (!mark) refuse(mark.error().detail);
    const std::int64_t timeout_ns = line.time_ns("timeout");
    if (timeout_ns == 0) refuse("--timeout 0 waits for nothing");
    MarkOptions options{.mark = std::move(*mark), .recording = {}, .timeout_ns = timeout_ns};
    if (line.has("recording")) {
      options.recording = line.text("recording");
      if (options.recording.empty()) refuse("--recording needs a file name");
    }
    return options;
  });
}

std::string files_of(const record::RunningRecording& running) {
  std::string files;
  for (const auto& file : running.recordings) {
    // One on standard output has no name; its socket is taken as one.
    files += (files.empty() ? "" : ", ") + (file == "-" && !running.sockets.empty() ? running.sockets.front() : file);
  }
  return files;
}

Failure several_run(const std::vector<record::RunningRecording>& running) {
  std::string list;
  for (const auto& one : running) list += fmt::format("\n  pid {}  {}", one.pid, shown(files_of(one)));
  return usage(fmt::format("{} recordings run:{}", running.size(), list), name_one);
}

std::variant<RecorderAddress, Failure> find_recorder(const MarkOptions& options) {
  const auto directories = own_runtime_directories();
  if (!options.recording.empty()) {
    auto socket = record::find_socket(options.recording, directories);
    if (socket) return RecorderAddress{std::move(*socket), options.recording};
    return Failure{fmt::format("nobody is recording to {}", shown(options.recording)),
                   "only a recording that still runs takes marks", ExitStatus::cannot_open};
  }
  const auto running = record::list_running(directories);
  if (running.empty()) {
    return Failure{"no recording of this user is running",
                   fmt::format("start one with tidemark record -p PID; {}", name_one), ExitStatus::cannot_open};
  }
  if (running.size() > 1) return several_run(running);
  const auto& only = running.front();
  return RecorderAddress{only.sockets.front(), only.recordings.empty() ? "-" : only.recordings.front()};
}

Failure explain_no_mark(const RecorderAddress& recorder, const base::Error& error) {
  const std::string file = shown(recorder.file);
  switch (error.code) {
    case base::ErrorCode::permission:
      return {fmt::format("{} is recorded by another user", file),
              "mark as that user or as root (sudo tidemark mark …)", ExitStatus::cannot_open};
    case base::ErrorCode::busy:
      return {fmt::format("the recorder of {} gave no answer in time", file),
              "the phase may still be opened; --timeout SECONDS waits longer", ExitStatus::cannot_open};
    case base::ErrorCode::closed:
    case base::ErrorCode::not_found:
      return {fmt::format("the recording {} ended before it made the mark", file), {}, ExitStatus::cannot_open};
    default:
      return {fmt::format("no mark in {}: {}", file, shown(base::describe(error))), {}, ExitStatus::cannot_open};
  }
}

int send(const MarkOptions& options, const RecorderAddress& recorder, Streams& streams) {
  const base::SystemClock clock;
  const auto reply = record::send_mark(recorder.socket, options.mark, options.timeout_ns, clock);
  if (!reply) return print_failure(streams, "mark", explain_no_mark(recorder, reply.error()));
  if (reply->outcome != record::MarkOutcome::written) {
    return print_failure(
        streams, "mark",
        {fmt::format("no mark in {}: {}", shown(recorder.file), reply->text), {}, ExitStatus::cannot_open});
  }
  streams.out << fmt::format("phase \"{}\" opened at {:.1f} s in {}\n", options.mark.label,
                             static_cast<double>(reply->elapsed_ns) / static_cast<double>(base::ns_per_second),
                             recorder.file == "-" ? "standard output" : shown(recorder.file));
  return static_cast<int>(ExitStatus::done);
}

}  // namespace

Manual mark_manual() {
  Manual manual;
  manual.name = "mark";
  manual.summary = "open a phase in a running recording";
  manual.synopsis = {"tidemark mark LABEL [key=value…] [options]"};
  manual.description = fmt::format(
      "The rows carry LABEL from now on. Returns when the phase and its first row are\n"
      "in the file. LABEL is any text of up to {} bytes; fields go into the JSONL.\n"
      "-- ends the options, for a LABEL that begins with a dash.\n",
      record::mark_label_cap_bytes);
  auto add = manual.options.add_options();
  add("recording", po::value<std::string>()->value_name("FILE"),
      "the recording, when several run or another user's is meant");
  add("timeout", po::value<std::string>()->default_value(default_timeout)->value_name("SECONDS"),
      "how long to wait for the recorder");
  add("help,h", "this text");
  manual.positional = "WORD";
  manual.examples = {
      {"tidemark mark warm-up", "before a load test begins"},
      {"tidemark mark 'load test' users=200 build=$(git rev-parse --short HEAD)", "with fields"},
      {"tidemark mark after-fix --recording /var/tmp/soak.csv", "when several recordings run"},
      {"sudo tidemark mark idle --recording /home/ann/night.csv", "another user's"},
  };
  manual.exit_status =
      "0 the phase is in the file, 2 usage (also when several recordings\n"
      "run and none is named), 3 no recorder could make the mark.\n";
  return manual;
}

int run_mark(std::span<const std::string> arguments, Streams& streams) {
  const Manual manual = mark_manual();
  return run_parsed(manual, parse_mark_options(manual, arguments), streams, [&streams](const MarkOptions& options) {
    const auto found = find_recorder(options);
    if (const auto* failure = std::get_if<Failure>(&found)) return print_failure(streams, "mark", *failure);
    return send(options, std::get<RecorderAddress>(found), streams);
  });
}

}  // namespace tidemark::cli
