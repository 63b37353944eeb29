// What a memory cgroup says.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "detail/kernel_file.hpp"
#include "detail/text.hpp"
#include "tidemark/proc/cgroup.hpp"

namespace tidemark::proc {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view open_step = "open a memory cgroup";
constexpr std::string_view read_step = "read a memory cgroup";

struct FileNames {
  const char* usage;
  const char* limit;
};

FileNames names_of(CgroupVersion version) {
  return version == CgroupVersion::v1 ? FileNames{"memory.usage_in_bytes", "memory.limit_in_bytes"}
                                      : FileNames{"memory.current", "memory.max"};
}

std::string parent_of(const std::string& directory) { return directory.substr(0, directory.rfind('/')); }

Result<base::Fd> open_in(const std::string& directory, const char* file) {
  return base::open_at(AT_FDCWD, directory + "/" + file, O_RDONLY, std::string(open_step));
}

base::Error at(base::Error error, std::string path) {
  if (error.os_errno == ENODEV) error.code = ErrorCode::gone;  // kernfs: the directory of an open file was removed
  error.path = std::move(path);
  return error;
}

/// One number on one line.
Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::string_view rest = text, line;
  std::uint64_t bytes = 0;
  if (detail::next_line(rest, line) && detail::parse_number(line, bytes) && rest.empty()) return bytes;
  return fail(detail::malformed(read_step, "no number", text));
}

/// The smaller of two limits, where either may be missing.
std::optional<std::uint64_t> lower(std::optional<std::uint64_t> left, std::optional<std::uint64_t> right) {
  if (!left || !right) return left ? left : right;
  return std::min(*left, *right);
}

/// v1 says "unlimited" as PAGE_COUNTER_MAX pages: LONG_MAX rounded down to a page, whatever the page size.
std::optional<std::uint64_t> real_limit(std::uint64_t bytes) {
  constexpr std::uint64_t beyond_all_memory = std::uint64_t{1} << 62;
  return bytes < beyond_all_memory ? std::optional(bytes) : std::nullopt;
}

std::optional<std::uint64_t>* member_of(CgroupStat& stat, std::string_view key) {
  if (key == "inactive_file") return &stat.inactive_file;
  if (key == "total_inactive_file") return &stat.total_inactive_file;
  if (key == "hierarchical_memory_limit") return &stat.hierarchical_limit;
  if (key == "anon") return &stat.anon;
  if (key == "file") return &stat.file;
  if (key == "kernel") return &stat.kernel;
  if (key == "total_rss") return &stat.total_rss;
  if (key == "total_cache") return &stat.total_cache;
  return nullptr;
}

}  // namespace

Result<CgroupStat> parse_cgroup_stat(std::string_view text) {
  CgroupStat out;
  std::string_view rest = text, line;
  while (detail::next_line(rest, line)) {
    const std::string_view whole = line, key = detail::next_word(line);
    std::optional<std::uint64_t>* const value = member_of(out, key);
    if (value == nullptr) continue;
    if (!detail::take_number(line, value->emplace())) return fail(detail::malformed(read_step, "no number", whole));
  }
  if (!rest.empty()) return fail(detail::malformed(read_step, "cut line", rest));
  return out;
}

Result<std::optional<std::uint64_t>> parse_cgroup_limit(std::string_view text) {
  if (text == "max\n") return std::optional<std::uint64_t>();
  auto bytes = parse_bytes(text);
  if (!bytes) return fail(std::move(bytes).error());
  return real_limit(*bytes);
}

Result<CgroupFiles> CgroupFiles::open(const ProcRoot& root, base::Pid pid, const std::string& filesystem_root) {
  auto mounts = read_cgroup_mounts(root);
  if (!mounts) return fail(std::move(mounts).error());
  auto location = find_memory_cgroup(root, pid, *mounts, filesystem_root);
  if (!location) return fail(std::move(location).error());
  return open(*location);
}

Result<CgroupFiles> CgroupFiles::open(const CgroupLocation& location) {
  // On v2 a cgroup without the controller is charged to the nearest ancestor that has it.
  std::string directory = location.directory;
  auto usage = open_in(directory, names_of(location.version).usage);
  while (!usage && usage.error().code == ErrorCode::not_found && directory != location.mount_directory) {
    directory = parent_of(directory);
    usage = open_in(directory, names_of(location.version).usage);
  }
  if (!usage) {
    base::Error error = std::move(usage).error();
    if (error.code == ErrorCode::not_found) error.code = ErrorCode::unsupported;
    return fail(std::move(error));
  }
  CgroupFiles files(location.version, std::move(directory));
  files.usage_ = std::move(*usage);
  auto stat = open_in(files.path_, "memory.stat");
  if (!stat) return fail(std::move(stat).error());
  files.stat_ = std::move(*stat);
  auto limits = files.open_limits(location.mount_directory);
  if (!limits) return fail(std::move(limits).error());
  return files;
}

/// v1 tells the lowest of all ancestors in memory.stat; on v2 each level is asked. The root has no memory.max.
Result<void> CgroupFiles::open_limits(const std::string& mount_directory) {
  std::string directory = path_;
  while (limits_.size() < max_cgroup_depth) {
    auto limit = open_in(directory, names_of(version_).limit);
    if (!limit && limit.error().code != ErrorCode::not_found) return fail(std::move(limit).error());
    if (limit) limits_.push_back(std::move(*limit));
    if (version_ == CgroupVersion::v1 || directory == mount_directory) break;
    directory = parent_of(directory);
  }
  return {};
}

Result<std::optional<std::uint64_t>> CgroupFiles::lowest_limit(const CgroupStat& stat) const {
  auto lowest = stat.hierarchical_limit ? real_limit(*stat.hierarchical_limit) : std::nullopt;
  detail::TextBuffer buffer;
  for (const base::Fd& file : limits_) {
    auto text = buffer.read(file.get(), read_step);
    if (!text) return fail(std::move(text).error());
    auto limit = parse_cgroup_limit(*text);
    if (!limit) return limit;
    lowest = lower(lowest, *limit);
  }
  return lowest;
}

Result<std::uint64_t> CgroupFiles::read_usage() const {
  detail::TextBuffer buffer;
  auto text = buffer.read(usage_.get(), read_step);
  auto usage = text ? parse_bytes(*text) : fail(std::move(text).error());
  if (!usage) return fail(at(std::move(usage).error(), path_ + "/" + names_of(version_).usage));
  return usage;
}

Result<CgroupStat> CgroupFiles::read_stat() const {
  detail::TextBuffer buffer;
  auto text = buffer.read(stat_.get(), read_step);
  auto stat = text ? parse_cgroup_stat(*text) : fail(std::move(text).error());
  if (!stat) return fail(at(std::move(stat).error(), path_ + "/memory.stat"));
  return stat;
}

Result<CgroupFiles::Figures> CgroupFiles::read_figures() const {
  const auto usage = read_usage();
  if (!usage) return fail(usage.error());
  auto stat = read_stat();
  if (!stat) return fail(stat.error());
  auto limit = lowest_limit(*stat);
  if (!limit) return fail(at(std::move(limit).error(), path_ + "/" + names_of(version_).limit));
  return Figures{.usage = *usage, .stat = std::move(*stat), .limit = *limit};
}

Result<model::CgroupReading> CgroupFiles::read() const {
  const auto figures = read_figures();
  if (!figures) return fail(figures.error());
  model::CgroupReading reading{.memory = figures->usage, .working_set = std::nullopt, .limit = figures->limit};
  const auto& stat = figures->stat;
  const auto inactive = version_ == CgroupVersion::v1 ? stat.total_inactive_file : stat.inactive_file;
  if (inactive) reading.working_set = figures->usage - std::min(figures->usage, *inactive);
  return reading;
}

Result<CgroupParts> CgroupFiles::read_parts() const {
  const auto figures = read_figures();
  if (!figures) return fail(figures.error());
  const auto anon = version_ == CgroupVersion::v1 ? figures->stat.total_rss : figures->stat.anon;
  const auto file = version_ == CgroupVersion::v1 ? figures->stat.total_cache : figures->stat.file;
  if (!anon || !file) {
    return fail(base::Error{.code = ErrorCode::unsupported,
                            .doing = std::string(read_step),
                            .path = path_ + "/memory.stat",
                            .detail = "it does not say what the usage is made of"});
  }
  return CgroupParts{.usage = figures->usage,
                     .anon = *anon,
                     .file = *file,
                     .kernel = figures->stat.kernel.value_or(0),
                     .limit = figures->limit};
}

}  // namespace tidemark::proc
