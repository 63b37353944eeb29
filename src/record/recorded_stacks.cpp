#include "tidemark/record/recorded_stacks.hpp"

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "detail/bounded_file.hpp"
#include "detail/cell.hpp"
#include "detail/line_reader.hpp"
#include "detail/reading_error.hpp"
#include "detail/stack_resolver.hpp"
#include "tidemark/record/last_row.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record {
namespace {

using base::Result;
using detail::StackResolver;
using Json = StackResolver::Json;
using Visit = std::function<void(const RecordedStacks&)>;

std::string text_at(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The cells that name a process, as in every line that concerns one.
std::string process_key(const Json& line) {
  const auto pid = line.find("pid");
  return (pid == line.end() ? std::string() : pid->dump()) + ' ' + text_at(line, "process_started");
}

RecordedStacks stamped(const Json& line) {
  RecordedStacks stacks;
  stacks.wall_ns = detail::parse_wall(text_at(line, "timestamp")).value_or(0);
  if (const auto elapsed = line.find("elapsed_seconds"); elapsed != line.end() && elapsed->is_number()) {
    stacks.elapsed_ns = detail::parse_elapsed(elapsed->dump()).value_or(0);
  }
  if (const auto pid = line.find("pid"); pid != line.end() && pid->is_number_integer()) {
    stacks.process.identity.pid = pid->get<base::Pid>();
  }
  stacks.process.name = unescaped(text_at(line, "process_name"));
  stacks.process.started_wall_ns = detail::parse_wall(text_at(line, "process_started")).value_or(0);
  return stacks;
}

/// The lines of one file that have to do with stacks.
class StackFile {
 public:
  StackFile(const Visit& visit, StackLosses& losses) : visit_(visit), losses_(losses) {}

  void take(const detail::LineReader::Line& line) {
    // Most lines of a recording without stacks need no parsing.
    const bool matters = line.text.find(R"("stacks")") != std::string_view::npos ||
                         line.text.starts_with(R"({"type":"header")") ||
                         line.text.starts_with(R"({"type":"process_exit")");
    if (line.too_long) ++losses_.lost;
    if (!matters) return;
    const Json json = Json::parse(line.text, nullptr, false);
    if (!json.is_object()) {
      ++losses_.lost;
      return;
    }
    const std::string type = text_at(json, "type");
    if (type == "header") resolver_.begin_file();
    if (type == "process_exit") resolver_.forget(process_key(json));
    if (type == "stacks" && !resolver_.take_tables(json)) ++losses_.lost;
    if (type == "sample" && json.contains("stacks")) take_sample(json);
  }

 private:
  void take_sample(const Json& line) {
    auto reading = resolver_.resolve(process_key(line), line["stacks"]);
    if (!reading) {
      ++losses_.lost;
      return;
    }
    ++losses_.readings;
    RecordedStacks stacks = stamped(line);
    stacks.reading = std::move(reading);
    visit_(stacks);
  }

  const Visit& visit_;
  StackLosses& losses_;
  StackResolver resolver_;
};

Result<void> read_file(const std::string& path, const Visit& visit, StackLosses& losses) {
  const auto ends = read_ends(path);
  if (!ends) return base::fail(ends.error());
  auto file = base::open_at(AT_FDCWD, path, O_RDONLY, detail::reading);
  if (!file) return base::fail(std::move(file).error());
  detail::BoundedFile bytes(std::move(*file), ends->whole_bytes);
  detail::LineReader lines(bytes);
  StackFile reader(visit, losses);
  for (detail::LineReader::Line line; lines.next(line);) reader.take(line);
  if (bytes.read_errno() != 0) return base::fail(base::os_error(detail::reading, bytes.read_errno(), path));
  return {};
}

}  // namespace

Result<StackLosses> read_recorded_stacks(const RecordingFiles& files, const Visit& visit) {
  if (files.format != model::RecordedFormat::jsonl) {
    return base::fail({.code = base::ErrorCode::unsupported,
                       .doing = detail::reading,
                       .path = files.name,
                       .detail = "only a JSONL recording has stacks"});
  }
  StackLosses losses;
  for (const std::string& path : files.paths) {
    if (auto read = read_file(path, visit, losses); !read) return base::fail(std::move(read).error());
  }
  return losses;
}

}  // namespace tidemark::record
