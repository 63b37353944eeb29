// Purpose: /proc/PID/maps as values, and smaps summed by kind while it streams.
// Invariants: a line is taken whole or refused; memory use is bounded by the caps below whatever the target maps; the
// kinds of SmapsByKind add up to what smaps said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/model/event.hpp"

namespace tidemark::proc {

/// The kernel's default vm.max_map_count is 65530; an administrator may raise it, hardly beyond this.
inline constexpr std::size_t max_map_regions = 1'000'000;
/// A path is at most 4095 bytes; with every byte escaped as \ooo, and the columns before it, a line stays below this.
inline constexpr std::size_t max_map_line_bytes = 32 * 1024;
/// Kinds beyond this many are summed as `more_kinds_name`, so the total stays right.
inline constexpr std::size_t max_map_kinds = 4096;
inline constexpr std::string_view more_kinds_name = "[more]";

struct MapRegion {
  std::uint64_t start = 0, end = 0;  ///< [start, end), start < end
  bool readable = false, writable = false, executable = false, shared = false;
  std::uint64_t offset = 0;  ///< into the file, in bytes
  std::uint32_t device_major = 0, device_minor = 0;
  std::uint64_t inode = 0;
  std::string path;  ///< as the kernel names it, \012 decoded: empty, "[heap]", "/usr/bin/x", "/tmp/y (deleted)"

  [[nodiscard]] std::uint64_t size() const { return end - start; }
};

/// The path of a mapped file or of /proc/PID/exe without what the kernel appends when the file has been deleted.
[[nodiscard]] std::string_view without_deleted_mark(std::string_view path);
/// Its last part, without that mark too.
[[nodiscard]] std::string_view file_name_of(std::string_view path);

/// One line of maps, or the head line of an entry of smaps, without its newline.
[[nodiscard]] base::Result<MapRegion> parse_map_line(std::string_view line);

/// A whole text of maps. Empty for a zombie.
[[nodiscard]] base::Result<std::vector<MapRegion>> parse_maps(std::string_view text);

/// What a mapping is summed under: "[anon]" for anonymous memory also when prctl named it ([anon:glibc: malloc]),
/// "[stack]" also for the [stack:TID] of kernels before 4.5, else the path as the kernel names it.
[[nodiscard]] std::string_view kind_name(std::string_view map_path);

/// Takes the lines of smaps one by one.
class SmapsByKind {
 public:
  using Kind = model::MapsReading::Kind;

  /// Malformed: a field before the first head line, a number that is none, a sum beyond 2^64.
  [[nodiscard]] base::Result<void> add_line(std::string_view line);
  /// Largest RSS first, equal ones by name.
  [[nodiscard]] std::vector<Kind> take();

 private:
  [[nodiscard]] base::Result<void> begin_region(std::string_view line);

  std::vector<Kind> kinds_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t current_ = 0;
  std::size_t regions_ = 0;
};

}  // namespace tidemark::proc
