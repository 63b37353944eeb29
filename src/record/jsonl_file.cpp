#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "detail/bounded_file.hpp"
#include "detail/cell.hpp"
#include "detail/census_gatherer.hpp"
#include "detail/json_cells.hpp"
#include "detail/line_reader.hpp"
#include "detail/read_file.hpp"
#include "detail/reading_error.hpp"
#include "tidemark/record/csv_reader.hpp"
#include "tidemark/record/last_row.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

using base::Result;
using json = nlohmann::ordered_json;  // the fields of a mark stay in the order given

std::string text_at(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? unescaped(found->get_ref<const std::string&>()) : std::string();
}

/// A number as the recording has it, read as a CSV cell is; unset for null, a missing member and any other value.
template <class T>
std::optional<T> number_at(const json& line, const char* key, std::optional<T> (*parse)(std::string_view)) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? parse(found->dump()) : std::nullopt;
}

std::uint64_t count_at(const json& line, const char* key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number_at(line, key, parse_count).value_or(0), 0));
}

std::int64_t wall_at(const json& line, const char* key) { return parse_wall(text_at(line, key)).value_or(0); }

const json& member(const json& line, const char* key) {
  static const json none;
  const auto found = line.find(key);
  return found == line.end() ? none : *found;
}

model::RecordingHeader header_of(const json& line) {
  model::RecordingHeader header;
  header.format_version = static_cast<int>(number_at(line, "format_version", parse_count).value_or(1));
  header.tool = text_at(line, "tool");
  header.host = text_at(line, "host");
  header.boot_id = text_at(line, "boot_id");
  header.kernel = text_at(line, "kernel");
  for (const json& argument : member(line, "command_line")) {
    if (argument.is_string()) header.command_line.push_back(unescaped(argument.get_ref<const std::string&>()));
  }
  for (const json& pid : member(line, "targets")) {
    if (pid.is_number_integer()) header.targets.push_back(pid.get<base::Pid>());
  }
  header.started_wall_ns = wall_at(line, "timestamp");
  header.interval_seconds = number_at(line, "interval_seconds", parse_number).value_or(0);
  return header;
}

model::Mark mark_of(const json& line) {
  model::Mark mark{.label = text_at(line, "phase"), .fields = {}};
  const json& fields = member(line, "fields");
  if (!fields.is_object()) return mark;
  for (const auto& [key, value] : fields.items()) {
    if (value.is_string()) mark.fields.emplace_back(unescaped(key), unescaped(value.get_ref<const std::string&>()));
  }
  return mark;
}

model::RecordingEnd end_of(const json& line) {
  model::RecordingEnd end;
  end.why = text_at(line, "why");
  end.ticks = count_at(line, "ticks");
  end.late_ticks = count_at(line, "late_ticks");
  end.lost_ticks = count_at(line, "lost_ticks");
  end.rows = count_at(line, "rows");
  end.processes = count_at(line, "processes");
  if (const auto lived = number_at(line, "short_lived", parse_count)) {
    end.short_lived = static_cast<std::uint64_t>(std::max<std::int64_t>(*lived, 0));
  }
  end.short_lived_note = text_at(line, "short_lived_note");
  end.own_cpu_ns = number_at(line, "own_cpu_seconds", parse_elapsed).value_or(0);
  end.own_peak_rss = number_at(line, "own_peak_rss_mb", parse_mib).value_or(0);
  end.target_bytes_read = number_at(line, "target_read_mb", parse_mib).value_or(0);
  end.absent_bytes = number_at(line, "absent_mb", parse_mib).value_or(0);
  const double pause_ms = number_at(line, "longest_pause_ms", parse_number).value_or(0);
  end.longest_pause_ns = parse_elapsed(std::to_string(pause_ms / 1000)).value_or(0);
  return end;
}

/// One file's lines, told apart by their type.
class JsonlFile {
 public:
  JsonlFile(const std::string& path, Reading into) : path_(path), into_(into) {}

  [[nodiscard]] Result<void> take(const LineReader::Line& line) {
    if (line.too_long) return lose(line, "longer than " + std::to_string(max_line_bytes >> 20U) + " MB");
    if (!cells_.parse(line.text)) return lose(line, "not a JSON object");
    if (cells_.type() == "sample") return take_sample(line);
    if (cells_.type().empty()) return lose(line, "no type");
    return take_event(line);
  }

 private:
  Result<void> lose(const LineReader::Line& line, std::string why) {
    ++into_.losses.lost_rows;
    if (into_.losses.first.size() < max_named_lines) {
      into_.losses.first.push_back({path_, line.number, std::move(why)});
    }
    return {};
  }

  Result<void> take_sample(const LineReader::Line& line) {
    const Decoded decoded = into_.decoder.take(cells_.cells());
    if (decoded == Decoded::no_row) return lose(line, into_.decoder.why());
    if (decoded == Decoded::row && cells_.has_objects()) take_census(line);
    if (decoded == Decoded::row) return {};
    return base::fail(malformed(path_, "line " + std::to_string(line.number) + ": " + into_.decoder.why()));
  }

  void take_census(const LineReader::Line& line) {
    const json sample = json::parse(line.text, nullptr, false);
    const auto& cells = cells_.cells();
    KeptCensus census;
    census.wall_ns = parse_wall(cells[0]).value_or(0);
    census.elapsed_ns = parse_elapsed(cells[1]).value_or(0);
    census.process_name = unescaped(cells[2]);
    census.pid = static_cast<base::Pid>(parse_count(cells[3]).value_or(0));
    census.started_wall_ns = parse_wall(cells[7]).value_or(0);
    const json& objects = member(sample, "objects");
    const json& types = objects.is_object() ? member(objects, "types") : objects;
    for (const json& type : types) {
      if (!type.is_object() || !type.contains("type")) continue;
      const bool fits = census.add(text_at(type, "type"), count_at(type, "count"), count_at(type, "bytes"),
                                   count_at(type, "held_bytes"));
      if (!fits) break;
    }
    if (!census.is_empty()) census.give_to(into_.visitor);
  }

  /// What the report needs of the other types; the rest, and types of a later version, are passed over.
  Result<void> take_event(const LineReader::Line& line) {
    const std::string_view type = cells_.type();
    const bool wanted =
        type == "header" || type == "mark" || type == "suspend" || type == "end" || type == "process_start";
    if (!wanted) return {};
    const auto elapsed = parse_elapsed(cells_.cells()[1]);
    if (!elapsed) return lose(line, "elapsed_seconds cannot be read");
    const json event = json::parse(line.text, nullptr, false);
    if (event.is_discarded()) return lose(line, "not a JSON object");
    if (type == "header") into_.visitor.on_header(header_of(event));
    if (type == "mark") into_.visitor.on_mark(*elapsed, mark_of(event));
    if (type == "suspend") {
      into_.visitor.on_suspend(*elapsed, {number_at(event, "slept_seconds", parse_elapsed).value_or(0)});
    }
    if (type == "end") into_.visitor.on_end(*elapsed, end_of(event));
    if (type == "process_start") expect(event);
    return {};
  }

  void expect(const json& event) {
    const auto& cells = cells_.cells();
    model::ProcessInfo info;
    info.identity.start_ticks = count_at(event, "start_ticks");
    info.command_line = text_at(event, "command_line");
    info.parent_at_first_sight = static_cast<base::Pid>(number_at(event, "ppid", parse_count).value_or(0));
    into_.decoder.processes().expect({.pid = cells[3], .started = cells[7], .name = cells[2]}, std::move(info));
  }

  const std::string& path_;
  Reading into_;
  JsonCells cells_;
};

}  // namespace

Result<void> read_jsonl_file(const std::string& path, Reading into) {
  const auto ends = read_ends(path);
  if (!ends) return base::fail(ends.error());
  auto file = base::open_at(AT_FDCWD, path, O_RDONLY, reading);
  if (!file) return base::fail(std::move(file).error());
  BoundedFile bytes(std::move(*file), ends->whole_bytes);
  LineReader lines(bytes);
  JsonlFile reader(path, into);
  for (LineReader::Line line; lines.next(line);) {
    if (auto taken = reader.take(line); !taken) return taken;
  }
  if (bytes.read_errno() != 0) return base::fail(base::os_error(reading, bytes.read_errno(), path));
  if (ends->torn_bytes > 0) ++into.losses.torn_tails;
  return {};
}

}  // namespace tidemark::record::detail
