#include "tidemark/proc/maps.hpp"

#include <algorithm>
#include <utility>

#include "detail/smaps_lines.hpp"
#include "detail/text.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view maps_step = "read the memory map of a process";
constexpr int hexadecimal = 16;

/// Two numbers of base 16 around a separator.
template <class T>
bool parse_pair(std::string_view text, char separator, T& first, T& second) {
  const std::size_t middle = text.find(separator);
  return middle != std::string_view::npos && detail::parse_number(text.substr(0, middle), first, hexadecimal) &&
         detail::parse_number(text.substr(middle + 1), second, hexadecimal);
}

bool parse_permissions(std::string_view text, MapRegion& out) {
  if (text.size() != 4) return false;
  const auto flag = [&](std::size_t place, char set, bool& value) {
    value = text[place] == set;
    return value || text[place] == '-';
  };
  out.shared = text[3] == 's';
  return flag(0, 'r', out.readable) && flag(1, 'w', out.writable) && flag(2, 'x', out.executable) &&
         (out.shared || text[3] == 'p');
}

/// The kernel escapes the newline alone (fs/proc/task_mmu.c: seq_path(m, …, "\n")) and no backslash, so \012 is the
/// only escape; another \ooo is part of the name.
std::string decode_path(std::string_view escaped) {
  constexpr std::string_view newline_escape = "\\012";
  std::string path;
  path.reserve(escaped.size());
  for (std::size_t at = escaped.find(newline_escape); at != std::string_view::npos; at = escaped.find(newline_escape)) {
    path.append(escaped.substr(0, at)).push_back('\n');
    escaped.remove_prefix(at + newline_escape.size());
  }
  return path.append(escaped);
}

}  // namespace

std::string_view without_deleted_mark(std::string_view path) {
  constexpr std::string_view mark = " (deleted)";
  if (path.ends_with(mark)) path.remove_suffix(mark.size());
  return path;
}

std::string_view file_name_of(std::string_view path) {
  path = without_deleted_mark(path);
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

Result<MapRegion> parse_map_line(std::string_view line) {
  MapRegion out;
  std::string_view rest = line;
  const std::string_view range = detail::next_word(rest);
  const std::string_view permissions = detail::next_word(rest);
  const std::string_view offset = detail::next_word(rest);
  const std::string_view device = detail::next_word(rest);
  const bool whole = parse_pair(range, '-', out.start, out.end) && out.start < out.end &&
                     parse_permissions(permissions, out) && detail::parse_number(offset, out.offset, hexadecimal) &&
                     parse_pair(device, ':', out.device_major, out.device_minor) &&
                     detail::take_number(rest, out.inode);
  if (!whole) return fail(detail::malformed(maps_step, "a column is missing or wrong", line));
  const std::size_t path = rest.find_first_not_of(' ');  // no path begins with a blank: they begin with / or [
  if (path != std::string_view::npos) out.path = decode_path(rest.substr(path));
  return out;
}

Result<std::vector<MapRegion>> parse_maps(std::string_view text) {
  std::vector<MapRegion> regions;
  std::string_view rest = text, line;
  while (detail::next_line(rest, line)) {
    auto region = parse_map_line(line);
    if (!region) return fail(std::move(region).error());
    if (regions.size() == max_map_regions) {
      return fail(detail::too_many_maps(maps_step));
    }
    regions.push_back(std::move(*region));
  }
  if (!rest.empty()) return fail(detail::malformed(maps_step, "cut line", rest));
  return regions;
}

std::string_view kind_name(std::string_view map_path) {
  if (map_path.empty() || map_path.starts_with("[anon:")) return "[anon]";
  if (map_path.starts_with("[stack:")) return "[stack]";
  return map_path;
}

Result<void> SmapsByKind::begin_region(std::string_view line) {
  auto region = parse_map_line(line);
  if (!region) return fail(std::move(region).error());
  if (++regions_ > max_map_regions) {
    return fail(detail::too_many_maps(detail::smaps_step));
  }
  std::string name(kind_name(region->path));
  auto known = index_.find(name);
  if (known == index_.end() && index_.size() + 1 >= max_map_kinds) {
    name = more_kinds_name;
    known = index_.find(name);
  }
  if (known == index_.end()) {
    known = index_.emplace(name, kinds_.size()).first;
    kinds_.push_back(Kind{.name = std::move(name)});
  }
  current_ = known->second;
  ++kinds_[current_].maps;
  return {};
}

Result<void> SmapsByKind::add_line(std::string_view line) {
  if (detail::is_head_line(line)) return begin_region(line);
  std::string_view key, value;
  if (regions_ == 0 || !detail::split_key(line, key, value)) {
    return fail(detail::malformed(detail::smaps_step, "neither a mapping nor a field of one", line));
  }
  auto& kind = kinds_[current_];
  return detail::add_size(key == "Size" ? &kind.size : detail::smaps_member(kind, key), value, line);
}

std::vector<SmapsByKind::Kind> SmapsByKind::take() {
  std::vector<Kind> kinds = std::exchange(kinds_, {});
  index_.clear();
  current_ = regions_ = 0;
  std::sort(kinds.begin(), kinds.end(), [](const Kind& left, const Kind& right) {
    return left.rss != right.rss ? left.rss > right.rss : left.name < right.name;
  });
  return kinds;
}

}  // namespace tidemark::proc
