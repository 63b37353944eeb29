#include "detail/read_back.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tidemark/analysis/recording_builder.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

constexpr std::size_t shown_path_columns = 200;
constexpr std::size_t named_lines = 3;

std::string shown(const std::string& path) { return present::printable(path, shown_path_columns); }

Failure explain_recording(const base::Error& error) {
  const std::string path = shown(error.path);
  switch (error.code) {
    case base::ErrorCode::not_found:
      return {fmt::format("{} does not exist", path), {}, ExitStatus::cannot_open};
    case base::ErrorCode::permission:
      return {fmt::format("{} may not be read", path), "it may belong to another user (sudo tidemark …)",
              ExitStatus::cannot_open};
    case base::ErrorCode::malformed:
      return {fmt::format("{} cannot be reported: {}", path, present::printable(error.detail, shown_path_columns)),
              "a recording of tidemark (CSV or JSONL), or a CSV with timestamp, elapsed_seconds, process_name, pid, "
              "cpu_percent, memory_rss_mb and memory_percent",
              ExitStatus::cannot_open};
    case base::ErrorCode::unsupported:
      return {fmt::format("{} is not a regular file", path), "save the stream to a file first",
              ExitStatus::cannot_open};
    default:
      return {fmt::format("{} cannot be read: {}", path, present::printable(base::describe(error), shown_path_columns)),
              {},
              ExitStatus::cannot_open};
  }
}

std::string_view plural(std::uint64_t count) { return count == 1 ? "" : "s"; }

std::vector<std::string> notes_on(const record::RecordingFiles& files, const record::ReadingLosses& losses) {
  std::vector<std::string> notes;
  if (losses.lost_rows > 0) {
    notes.push_back(fmt::format("{} row{} could not be read and {} left out:", losses.lost_rows,
                                plural(losses.lost_rows), losses.lost_rows == 1 ? "is" : "are"));
    for (std::size_t i = 0; i < std::min(losses.first.size(), named_lines); ++i) {
      const auto& lost = losses.first[i];
      notes.back() += fmt::format("{} {} line {} ({})", i == 0 ? "" : ",",
                                  shown(std::filesystem::path(lost.path).filename().string()), lost.line,
                                  present::printable(lost.why, 60));
    }
    notes.back() += losses.lost_rows > named_lines ? ", …" : ".";
  }
  if (losses.bad_cells > 0) {
    notes.push_back(fmt::format("{} cell{} held no number and {} taken as empty.", losses.bad_cells,
                                plural(losses.bad_cells), losses.bad_cells == 1 ? "is" : "are"));
  }
  if (losses.torn_tails > 0) {
    notes.emplace_back("The last line is not whole (a recorder that still writes, or was killed): left out.");
  }
  if (losses.foreign_censuses > 0) {
    notes.push_back(fmt::format("{} holds {} census{} from before or after this recording, left out.",
                                shown(files.objects.back()), losses.foreign_censuses,
                                losses.foreign_censuses == 1 ? "" : "es"));
  }
  for (const auto& twin : files.twins) {
    notes.push_back(fmt::format("{} holds the same recording and is left aside.", shown(twin)));
  }
  return notes;
}

}  // namespace

std::vector<std::string> ReadBack::paths() const {
  auto all = files.paths;
  all.insert(all.end(), files.objects.begin(), files.objects.end());
  return all;
}

std::variant<std::vector<ReadBack>, Failure> read_back(const std::vector<std::string>& named) {
  const auto found = record::find_recordings(named);
  if (!found) return explain_recording(found.error());
  std::vector<ReadBack> all;
  for (const auto& files : *found) {
    analysis::RecordingBuilder builder;
    const auto losses = record::read_recording(files, builder);
    if (!losses) return explain_recording(losses.error());
    all.push_back({files, builder.take(), notes_on(files, *losses)});
  }
  return all;
}

}  // namespace tidemark::cli
