#include "detail/outputs.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include "tidemark/base/clock.hpp"
#include "tidemark/record/objects.hpp"

namespace tidemark::cli {

record::Format format_of(const std::string& path) {
  return path.ends_with(".jsonl") ? record::Format::jsonl : record::Format::csv;
}

std::string default_stem(const std::string& name, base::Pid pid, std::int64_t wall_ns) {
  constexpr std::size_t longest_name = 64;
  std::string safe;
  for (const char byte : name.substr(0, longest_name)) {
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       byte == '.' || byte == '-' || byte == '_';
    safe += plain ? byte : '_';
  }
  const std::time_t seconds = wall_ns / base::ns_per_second;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("tidemark_{}_{}_{:%Y%m%d_%H%M%S}", safe, pid, local);
}

namespace {

/// Whether a file can be made or written there. Asked for all before the first is opened, so that a mistyped one leaves
/// the others as they were.
base::Result<void> check_place(const std::string& path) {
  if (path == "-") return {};
  const std::filesystem::path file(path);
  const std::string directory = file.has_parent_path() ? file.parent_path().string() : ".";
  const bool exists = ::access(path.c_str(), F_OK) == 0;
  const int refused = exists ? ::access(path.c_str(), W_OK) : ::access(directory.c_str(), W_OK | X_OK);
  if (refused != 0) return base::fail(base::os_error("open the recording", errno, path));
  return {};
}

struct Place {
  std::string path;
  record::Format format;
};

/// Each file of censuses comes after its CSV, so that it never holds a tick that the CSV does not.
std::vector<Place> places_of(const OutputOptions& options) {
  std::vector<Place> places;
  for (const auto& path : options.paths) {
    places.push_back({path, format_of(path)});
    const bool has_objects = options.objects && path.ends_with(".csv");
    if (has_objects) places.push_back({record::objects_path(path), record::Format::objects});
  }
  return places;
}

}  // namespace

std::variant<Outputs, Outputs::OpenFailure> Outputs::open(const OutputOptions& options,
                                                          const model::RecordingHeader& header) {
  const auto places = places_of(options);
  for (const auto& [path, format] : places) {
    if (auto possible = check_place(path); !possible) return OpenFailure{path, std::move(possible).error()};
  }
  Outputs outputs;
  for (const auto& [path, format] : places) {
    record::FileOptions file_options;
    file_options.path = path;
    file_options.format = format;
    file_options.append = options.append && path != "-";
    file_options.rotate_bytes = options.rotate_bytes;
    file_options.keep = options.keep;
    auto file = record::RecordingFile::open(file_options, header);
    if (!file) return OpenFailure{path, std::move(file).error()};
    outputs.names_.push_back((*file)->name());
    outputs.files_.push_back(std::move(*file));
  }
  return outputs;
}

void Outputs::write(std::span<const model::Event> events, const model::Tick* tick,
                    const std::function<void(const std::string&, const base::Error&)>& on_lost) {
  for (std::size_t i = 0; i < files_.size();) {
    const auto written = files_[i]->write(events, tick);
    if (written) {
      ++i;
      continue;
    }
    lost_ = true;
    on_lost(files_[i]->name(), written.error());
    files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::vector<std::string> Outputs::names() const { return names_; }

std::vector<std::string> Outputs::displaced() const {
  std::vector<std::string> all;
  for (const auto& file : files_) all.insert(all.end(), file->displaced().begin(), file->displaced().end());
  return all;
}

std::optional<record::LastRow> Outputs::continues() const {
  std::optional<record::LastRow> furthest;
  for (const auto& file : files_) {
    const auto& row = file->continues();
    if (row && (!furthest || row->elapsed_ns > furthest->elapsed_ns)) furthest = row;
  }
  return furthest;
}

}  // namespace tidemark::cli
