// `tidemark doctor`: which tier works here, for one target or for none, and why not more.
#include "tidemark/cli/doctor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "detail/command_line.hpp"
#include "detail/locate_options.hpp"
#include "detail/terminal.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/cli/failure.hpp"

namespace tidemark::cli {
namespace {

struct DoctorOptions {
  std::optional<base::Pid> pid;
  bool json = false;
  bool all = false;
  cpython::LocateOptions locate;
};

auto parse(const Manual& manual, std::span<const std::string> arguments) {
  return parse_command<DoctorOptions>(manual, arguments, false, [](const CommandLine& line) {
    DoctorOptions options{
        .pid = {}, .json = line.has("json"), .all = line.has("all"), .locate = locate_options_of(line)};
    if (line.has("pid")) options.pid = parse_pid(line.text("pid"));
    return options;
  });
}

int doctor(const DoctorOptions& options, Streams& streams) {
  const auto no_proc = [&](const base::Error& error) {
    return print_failure(streams, "doctor", "/proc cannot be read: " + base::describe(error),
                         "mount it: mount -t proc proc /proc", ExitStatus::cannot_open);
  };
  const auto root = proc::ProcRoot::open();
  if (!root) return no_proc(root.error());
  auto own = find_own_facts(*root);
  if (!own) return no_proc(own.error());
  DoctorFacts facts{.own = std::move(*own), .target = {}};
  if (options.pid) facts.target = find_target_facts(*root, *options.pid, options.locate);
  const auto view = judge(facts);
  auto style = style_of(STDOUT_FILENO);
  style.all = options.all;
  streams.out << (options.json ? present::doctor_json(view) : present::doctor_text(view, style)) << std::flush;
  return streams.out ? view.exit_status : static_cast<int>(ExitStatus::partial);
}

}  // namespace

Manual doctor_manual() {
  Manual manual;
  manual.name = "doctor";
  manual.summary = "say what works here, why not more, and what to do";
  manual.synopsis = {"tidemark doctor [-p PID] [options]"};
  manual.description =
      "Looks at our privileges, the kernel, and with -p at a process: may its files and\n"
      "memory be read, was its Python found, does the layout fit. Each problem comes\n"
      "with its remedy for bare metal, Docker and Kubernetes. It only observes: nothing\n"
      "is stopped or written.\n";
  auto add = manual.options.add_options();
  add("help,h", "this text");
  add("pid,p", boost::program_options::value<std::string>()->value_name("PID"), "the process to look at");
  add("json", "one JSON object (docs/doctor.md)");
  add("all", "every C extension module, not only the largest");
  add_locate_options(add);
  manual.examples = {
      {"tidemark doctor", "what works here for any process"},
      {"tidemark doctor -p 4711", "may this process be read, and its Python?"},
      {"tidemark doctor -p 4711 --json | jq -r '.tier'", "python, proc or none"},
  };
  manual.exit_status =
      "0 everything works, with -p the interpreter included; 2 usage;\n"
      "3 the target (or /proc) cannot be opened; 4 partial: the columns of /proc, as\n"
      "far as they are not refused, but not all of them or of the interpreter. Without\n"
      "the cgroup's figures or fork events it is 0 all the same.\n";
  return manual;
}

int run_doctor(std::span<const std::string> arguments, Streams& streams) {
  const Manual manual = doctor_manual();
  return run_parsed(manual, parse(manual, arguments), streams,
                    [&streams](const DoctorOptions& options) { return doctor(options, streams); });
}

}  // namespace tidemark::cli
