#include <sys/wait.h>

#include "detail/json_line.hpp"
#include "detail/stack_tables.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/encoder.hpp"
#include "tidemark/record/heap_file.hpp"
#include "tidemark/record/objects.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record {
namespace {

using detail::JsonLine;

JsonLine line_of(std::string& out, std::string_view type, const model::Event& event) {
  return JsonLine(out, type, event.wall_ns, event.elapsed_ns);
}

/// The columns that name a process. Null for an event that concerns none.
void put_process(JsonLine& line, const model::ProcessInfo* process) {
  line.field("process_name", process == nullptr ? Value{} : Value{std::string_view(process->name)});
  line.field("pid", process == nullptr ? Value{} : Value{std::int64_t{process->identity.pid}});
  line.field("process_started", process == nullptr ? Value{} : Value{Instant{process->started_wall_ns}});
}

/// Writes the line of each kind of event.
struct EventWriter {
  std::string& out;
  const model::Event& event;

  void operator()(const model::Mark& mark) const {
    auto line = line_of(out, "mark", event);
    line.field("phase", std::string_view(mark.label));
    line.open("fields");
    for (const auto& [key, value] : mark.fields) line.text(key, value);
    line.close();
    line.end();
  }

  void operator()(const model::ProcessStart& start) const {
    auto line = line_of(out, "process_start", event);
    put_process(line, start.process.get());
    line.field("start_ticks", start.process->identity.start_ticks);
    line.field("ppid", std::int64_t{start.process->parent_at_first_sight});
    line.text("command_line", start.process->command_line);
    line.end();
  }

  void operator()(const model::PythonFound& found) const {
    auto line = line_of(out, "python", event);
    put_process(line, found.process.get());
    line.text("version", found.version);
    line.text("layout_origin", found.layout_origin);
    line.text("module_path", found.module_path);
    line.end();
  }

  void operator()(const model::ProcessExit& exit) const {
    auto line = line_of(out, "process_exit", event);
    put_process(line, exit.last->process.get());
    line.field("last_seen_elapsed_seconds", seconds(exit.last_seen_elapsed_ns));
    put_wait_status(line, exit.wait_status);
    line.open("last");
    const model::Tick no_tick;  // columns of the tick are not among those written here
    const Row row{no_tick, *exit.last};
    for (const Column& column : columns()) {
      if (column.scope == Scope::sample) line.field(column.name, column.value(row));
    }
    line.close();
    line.end();
  }

  void operator()(const model::SourceError& error) const {
    auto line = line_of(out, "error", event);
    put_process(line, error.process.get());
    line.field("source", text_of(error.gap.source));
    line.field("reason", text_of(error.gap.reason));
    line.text("text", error.text);
    line.end();
  }

  void operator()(const model::RationRate& rate) const {
    auto line = line_of(out, "rate", event);
    line.field("source", text_of(rate.source));
    line.field("interval_seconds", rounded(rate.interval_seconds, 3));
    line.field("cost_ms", rounded(rate.cost_ms, 3));
    line.field("spent_percent", rounded(rate.spent_percent, 4));
    line.end();
  }

  void operator()(const model::MapsReading& reading) const {
    auto line = line_of(out, "maps", event);
    put_process(line, reading.process.get());
    line.open_list("kinds");
    for (const auto& kind : reading.kinds) put_kind(line, kind);
    line.close_list();
    line.end();
  }

  void operator()(const model::Suspend& suspend) const {
    auto line = line_of(out, "suspend", event);
    line.field("slept_seconds", seconds(suspend.slept_ns));
    line.end();
  }

  void operator()(const model::RecordingEnd& end) const {
    auto line = line_of(out, "end", event);
    line.text("why", end.why);
    line.field("ticks", end.ticks);
    line.field("late_ticks", end.late_ticks);
    line.field("lost_ticks", end.lost_ticks);
    line.field("rows", end.rows);
    line.field("processes", end.processes);
    line.field("short_lived", end.short_lived ? Value{*end.short_lived} : Value{});
    line.text("short_lived_note", end.short_lived_note);
    line.field("own_cpu_seconds", seconds(end.own_cpu_ns));
    line.field("own_peak_rss_mb", mib(end.own_peak_rss));
    line.field("target_read_mb", mib(end.target_bytes_read));
    line.field("absent_mb", mib(end.absent_bytes));
    line.field("longest_pause_ms", milliseconds(end.longest_pause_ns));
    line.end();
  }

 private:
  static void put_wait_status(JsonLine& line, std::optional<int> status) {
    const bool exited = status && WIFEXITED(*status);
    const bool signaled = status && WIFSIGNALED(*status);
    line.field("exit_status", exited ? Value{std::int64_t{WEXITSTATUS(*status)}} : Value{});
    line.field("signal", signaled ? Value{std::int64_t{WTERMSIG(*status)}} : Value{});
  }

  static void put_kind(JsonLine& line, const model::MapsReading::Kind& kind) {
    line.open_item();
    line.field("kind", std::string_view(kind.name));
    line.field("maps", kind.maps);
    line.field("size_mb", mib(kind.size));
    line.field("rss_mb", mib(kind.rss));
    line.field("pss_mb", mib(kind.pss));
    line.field("private_dirty_mb", mib(kind.private_dirty));
    line.field("private_clean_mb", mib(kind.private_clean));
    line.field("shared_dirty_mb", mib(kind.shared_dirty));
    line.field("shared_clean_mb", mib(kind.shared_clean));
    line.field("anonymous_mb", mib(kind.anonymous));
    line.field("swap_mb", mib(kind.swap));
    line.field("anon_huge_mb", mib(kind.anon_huge));
    line.close();
  }
};

}  // namespace

JsonlEncoder::JsonlEncoder(const model::RecordingHeader& header) : stacks_(std::make_unique<detail::StackTables>()) {
  JsonLine line(header_, "header", header.started_wall_ns, 0);
  line.field("format_version", std::int64_t{header.format_version});
  line.text("tool", header.tool);
  line.text("host", header.host);
  line.text("boot_id", header.boot_id);
  line.text("kernel", header.kernel);
  line.open_list("command_line");
  for (const std::string& argument : header.command_line) line.text_item(argument);
  line.close_list();
  line.open_list("targets");
  for (const base::Pid pid : header.targets) line.item(std::int64_t{pid});
  line.close_list();
  line.field("interval_seconds", rounded(header.interval_seconds, 6));
  line.open("units");
  for (const Column& column : columns()) line.field(column.name, column.unit);
  line.close();
  line.end();
}

JsonlEncoder::~JsonlEncoder() = default;

bool JsonlEncoder::begin_file() {
  stacks_->begin_file();
  return true;
}

void JsonlEncoder::append_event(std::string& out, const model::Event& event) {
  std::visit(EventWriter{out, event}, event.what);
  if (const auto* exit = std::get_if<model::ProcessExit>(&event.what)) stacks_->forget(exit->last->process->identity);
}

void JsonlEncoder::append_tick(std::string& out, const model::Tick& tick) {
  for (const model::ProcessSample& sample : tick.samples) {
    const std::string stacks = sample.stacks ? stacks_->append(out, tick, sample) : std::string();
    const Row row{tick, sample};
    out += R"({"type":"sample")";
    for (const Column& column : columns()) {
      out += R"(,")";
      out += column.name;  // a name of ours needs no escape
      out += R"(":)";
      append_json(out, column.value(row));
    }
    if (!stacks.empty()) out += R"(,"stacks":)" + stacks;
    if (sample.heap) out += R"(,"heap":)" + heap_sample_json(*sample.heap);
    if (sample.census) out += R"(,"objects":)" + objects_sample_json(*sample.census);
    out += "}\n";
  }
}

}  // namespace tidemark::record
