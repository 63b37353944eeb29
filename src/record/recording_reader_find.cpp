#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "detail/file_probe.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/record/encoder.hpp"
#include "tidemark/record/last_row.hpp"
#include "tidemark/record/objects.hpp"
#include "tidemark/record/recording_reader.hpp"
#include "tidemark/record/rotated_set.hpp"

namespace tidemark::record {
namespace {

namespace fs = std::filesystem;
using base::Result;
using detail::FileProbe;
using detail::probe_file;
using model::RecordedFormat;

/// A recording found, with what its ends say.
struct Found {
  RecordingFiles files;
  FileProbe begin;  ///< of its oldest file
};

/// `x.csv` for `x.7.csv`; empty for a name that no rotation gives.
std::string current_of(const fs::path& part) {
  const std::string number = part.stem().extension().string();
  std::uint64_t value = 0;
  if (number.size() < 2) return {};
  const auto [end, error] = std::from_chars(number.data() + 1, number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size() || value == 0) return {};
  return (part.parent_path() / (part.stem().stem().string() + part.extension().string())).string();
}

/// Whether `later` goes on where `earlier` ends. Two recordings that only have such names both begin at time 0.
bool goes_on(const FileProbe& earlier, const FileProbe& later) {
  if (earlier.format != later.format || earlier.format == RecordedFormat::foreign_csv) return false;
  if (!earlier.last || !later.first) return true;  // a file without rows yet
  return later.first->elapsed_ns >= earlier.last->elapsed_ns;
}

/// The set of `current` when it has `named` and its files make one recording; else nullopt. A recorder that died
/// between two files leaves no current one, or an empty one.
std::optional<Found> find_set(const std::string& current, const std::string& named) {
  const auto rotated = RotatedSet::scan(current);
  if (!rotated || rotated->empty()) return std::nullopt;
  Found found;
  found.files.name = current;
  for (const std::uint64_t number : rotated->numbers()) found.files.paths.push_back(rotated->path_of(number));
  std::error_code ignored;
  if (const auto size = fs::file_size(current, ignored); !ignored && size > 0) found.files.paths.push_back(current);
  auto& paths = found.files.paths;
  if (named != current && (paths.size() < 2 || std::find(paths.begin(), paths.end(), named) == paths.end())) {
    return std::nullopt;
  }
  std::optional<FileProbe> before;
  for (const std::string& path : paths) {
    const auto probe = probe_file(path);
    if (!probe || (before && !goes_on(*before, *probe))) return std::nullopt;
    if (!before) found.begin = *probe;
    before = *probe;
  }
  found.files.format = found.begin.format;
  return found;
}

/// Whether the file has the header of censuses: one that only has such a name is somebody else's.
bool holds_objects(const std::string& path) {
  const auto ends = read_ends(path);
  return ends && ends->whole_bytes > 0 && ends->first_line + '\n' == ObjectsEncoder().header_line();
}

/// The censuses beside a CSV of ours.
std::vector<std::string> objects_of(const RecordingFiles& files) {
  if (files.format != RecordedFormat::csv) return {};
  const std::string current = objects_path(files.name);
  std::vector<std::string> paths;
  if (const auto rotated = RotatedSet::scan(current)) {
    for (const std::uint64_t number : rotated->numbers()) paths.push_back(rotated->path_of(number));
  }
  paths.push_back(current);
  std::erase_if(paths, [](const std::string& path) { return !holds_objects(path); });
  return paths;
}

/// The recording that a file of objects belongs to, when that is there; else the file itself.
std::string recording_named(const std::string& path) {
  std::error_code ignored;
  const auto recording = recording_of_objects(path);
  return recording && fs::exists(*recording, ignored) && holds_objects(path) ? *recording : path;
}

Result<Found> find_one(const std::string& named) {
  for (const std::string& current : {current_of(named), named}) {
    if (current.empty()) continue;
    if (auto set = find_set(current, named)) return std::move(*set);
  }
  const auto probe = probe_file(named);
  if (!probe) return base::fail(probe.error());
  return Found{.files = {.name = named, .paths = {named}, .format = probe->format, .twins = {}}, .begin = *probe};
}

/// Whether two recordings are one run in two formats. Rotated sets may have lost different files at their beginning;
/// then the moment at which the run began decides, as far as the wall clock was not set meanwhile.
bool are_twins(const Found& csv, const Found& jsonl) {
  if (csv.files.format != RecordedFormat::csv || jsonl.files.format != RecordedFormat::jsonl) return false;
  const fs::path a(csv.files.name), b(jsonl.files.name);
  if (a.parent_path() != b.parent_path() || a.stem() != b.stem() || !csv.begin.first || !jsonl.begin.first)
    return false;
  if (*csv.begin.first == *jsonl.begin.first) return true;
  if (csv.files.paths.size() < 2 && jsonl.files.paths.size() < 2) return false;
  constexpr std::int64_t most_apart_ns = 2 * base::ns_per_second;
  const auto began = [](const detail::RowTime& row) { return row.wall_ns - row.elapsed_ns; };
  return std::abs(began(*csv.begin.first) - began(*jsonl.begin.first)) < most_apart_ns;
}

/// Leaves each CSV aside whose JSONL is there too; the JSONL takes the place of the one named first.
void join_twins(std::vector<Found>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      const bool is_csv_first = are_twins(all[i], all[j]);
      if (!is_csv_first && !are_twins(all[j], all[i])) continue;
      if (is_csv_first) std::swap(all[i], all[j]);
      all[i].files.twins.push_back(all[j].files.name);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(j));
      break;
    }
  }
}

}  // namespace

Result<std::vector<RecordingFiles>> find_recordings(const std::vector<std::string>& named) {
  std::vector<Found> all;
  for (const std::string& name : named) {
    const std::string path = recording_named(fs::path(name).lexically_normal().string());
    const bool is_known = std::any_of(all.begin(), all.end(), [&](const Found& found) {
      return std::find(found.files.paths.begin(), found.files.paths.end(), path) != found.files.paths.end();
    });
    if (is_known) continue;
    auto found = find_one(path);
    if (!found) return base::fail(std::move(found).error());
    all.push_back(std::move(*found));
  }
  join_twins(all);
  std::vector<RecordingFiles> recordings;
  for (Found& found : all) {
    found.files.objects = objects_of(found.files);
    recordings.push_back(std::move(found.files));
  }
  return recordings;
}

}  // namespace tidemark::record
