// Where the memory cgroup of a process is: /proc/PID/cgroup, mountinfo, and the directory that fits both.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "detail/text.hpp"
#include "tidemark/proc/cgroup.hpp"

namespace tidemark::proc {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view mounts_step = "find the cgroup mounts";
constexpr std::string_view name_step = "find the memory cgroup of a process";
constexpr std::string_view place_step = "find the directory of a cgroup";

using Parts = std::vector<std::string_view>;

/// mountinfo escapes blank, tab, newline, backslash and '#' as \ooo (fs/proc_namespace.c), the backslash too: no
/// ambiguity.
std::string decode_octal(std::string_view escaped) {
  constexpr int octal = 8;
  std::string plain;
  plain.reserve(escaped.size());
  for (std::size_t at = 0; at < escaped.size(); ++at) {
    unsigned char byte = 0;
    const bool is_escape = escaped[at] == '\\' && at + 3 < escaped.size();
    if (is_escape && detail::parse_number(escaped.substr(at + 1, 3), byte, octal)) {
      plain.push_back(static_cast<char>(byte));
      at += 3;
    } else {
      plain.push_back(escaped[at]);
    }
  }
  return plain;
}

/// True when one of the comma-separated words is the one looked for.
bool lists(std::string_view words, std::string_view wanted) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(','), words.size());
    if (words.substr(0, end) == wanted) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

/// proc(5): id, parent, device, root, mount point, options, optional fields…, "-", type, source, super options.
/// nullopt for a mount that holds no memory cgroups. False when the line is cut.
bool take_mount(std::string_view line, std::optional<CgroupMount>& out) {
  std::string_view rest = line;
  for (int column = 0; column < 3; ++column) {
    if (detail::next_word(rest).empty()) return false;
  }
  const std::string_view root = detail::next_word(rest);
  const std::string_view point = detail::next_word(rest);
  std::string_view word = detail::next_word(rest);
  while (!word.empty() && word != "-") word = detail::next_word(rest);
  const std::string_view type = detail::next_word(rest);
  if (type.empty()) return false;
  const std::size_t super_options = rest.rfind(' ');  // the source between may be empty: two blanks
  const bool is_v1 =
      type == "cgroup" && super_options != std::string_view::npos && lists(rest.substr(super_options + 1), "memory");
  if (is_v1 || type == "cgroup2") {
    out = CgroupMount{.version = is_v1 ? CgroupVersion::v1 : CgroupVersion::v2,
                      .root = decode_octal(root),
                      .point = decode_octal(point)};
  }
  return true;
}

Parts parts_of(std::string_view path) {
  Parts parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

/// The way from the mount's root down to the cgroup; nullopt when the mount does not show it. In a cgroup namespace
/// both are given relative to the namespace's root and may begin with ".." (kernfs_path_from_node): equal beginnings
/// cancel, what is left may not climb.
std::optional<Parts> below_mount(std::string_view cgroup, std::string_view mount_root) {
  const Parts wanted = parts_of(cgroup), root = parts_of(mount_root);
  if (root.size() > wanted.size() || !std::equal(root.begin(), root.end(), wanted.begin())) return std::nullopt;
  Parts below(wanted.begin() + static_cast<std::ptrdiff_t>(root.size()), wanted.end());
  if (std::find(below.begin(), below.end(), "..") != below.end()) return std::nullopt;
  return below;
}

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

base::Error unsupported(std::string detail) {
  return base::Error{.code = ErrorCode::unsupported, .doing = std::string(place_step), .detail = std::move(detail)};
}

}  // namespace

Result<std::vector<CgroupMount>> parse_cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  std::string_view rest = mountinfo, line;
  while (detail::next_line(rest, line)) {
    std::optional<CgroupMount> mount;
    if (!take_mount(line, mount)) return fail(detail::malformed(mounts_step, "a column is missing", line));
    if (mount) mounts.push_back(std::move(*mount));
  }
  if (!rest.empty()) return fail(detail::malformed(mounts_step, "cut line", rest));
  return mounts;
}

Result<std::vector<CgroupMount>> read_cgroup_mounts(const ProcRoot& root) {
  constexpr std::size_t max_mountinfo_bytes = 16 << 20;  // fs.mount-max is 100,000 mounts
  const std::string path = root.path() + "/self/mountinfo";
  auto text = base::read_file(root.fd(), "self/mountinfo", max_mountinfo_bytes, std::string(mounts_step));
  auto mounts = text ? parse_cgroup_mounts(*text) : fail(std::move(text).error());
  if (mounts) return mounts;
  base::Error error = std::move(mounts).error();
  error.path = path;
  return fail(std::move(error));
}

Result<CgroupName> parse_cgroup_name(std::string_view text) {
  std::optional<CgroupName> unified;
  std::string_view rest = text, line;
  while (detail::next_line(rest, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) return fail(detail::malformed(name_step, "no two colons", line));
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    if (!path.starts_with('/')) return fail(detail::malformed(name_step, "no path", line));
    if (lists(controllers, "memory")) return CgroupName{CgroupVersion::v1, path};
    if (controllers.empty() && line.substr(0, first) == "0") unified = CgroupName{CgroupVersion::v2, path};
  }
  if (!rest.empty()) return fail(detail::malformed(name_step, "cut line", rest));
  if (unified) return *unified;
  return fail(base::Error{.code = ErrorCode::not_found, .doing = std::string(name_step), .detail = "it is in none"});
}

Result<CgroupLocation> locate_cgroup(const CgroupName& name, const std::vector<CgroupMount>& mounts,
                                     const std::string& filesystem_root) {
  std::optional<CgroupLocation> best;
  std::size_t best_missing = 0;
  for (const CgroupMount& mount : mounts) {
    if (mount.version != name.version) continue;
    const auto below = below_mount(name.path, mount.root);
    const std::string top = (filesystem_root == "/" ? std::string() : filesystem_root) + mount.point;
    if (!below || !is_directory(top)) continue;
    if (below->size() > max_cgroup_depth) {
      return fail(base::Error{.code = ErrorCode::limit, .doing = std::string(place_step), .detail = "too deep"});
    }
    std::string directory = top;
    std::size_t found = 0;
    for (; found < below->size(); ++found) {
      std::string deeper = directory + "/" + std::string((*below)[found]);
      if (!is_directory(deeper)) break;
      directory = std::move(deeper);
    }
    const std::size_t missing = below->size() - found;
    if (best && best_missing <= missing) continue;
    best = CgroupLocation{.version = name.version, .mount_directory = top, .directory = std::move(directory)};
    best_missing = missing;
  }
  if (best) return *best;
  return fail(unsupported("no mount shows " + name.path));
}

Result<CgroupLocation> find_memory_cgroup(const ProcRoot& root, base::Pid pid, const std::vector<CgroupMount>& mounts,
                                          const std::string& filesystem_root) {
  constexpr std::size_t max_cgroup_bytes = 1 << 20;  // a line per hierarchy, each path at most PATH_MAX
  const std::string file = std::to_string(pid) + "/cgroup";
  const auto in_file = [&](base::Error error) {
    // ENOENT is the process: the file itself belongs to every kernel with cgroups.
    if (error.os_errno == ENOENT) error.code = ErrorCode::gone;
    error.path = root.path() + "/" + file;
    return fail(std::move(error));
  };
  auto text = base::read_file(root.fd(), file, max_cgroup_bytes, std::string(name_step));
  if (!text) return in_file(std::move(text).error());
  auto name = parse_cgroup_name(*text);
  if (!name) return in_file(std::move(name).error());
  return locate_cgroup(*name, mounts, filesystem_root);
}

}  // namespace tidemark::proc
