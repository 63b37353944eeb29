// ProcessFiles: the readings of its memory map. The files are opened for each use.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "detail/kernel_file.hpp"
#include "detail/smaps_lines.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view rollup_step = "read the memory summary of a process";
using detail::smaps_step;
constexpr std::string_view maps_step = "read the memory map of a process";

/// Hands each line of the file to `take(line)`, a Result<void>.
template <class Take>
Result<void> for_each_line(int fd, std::string_view step, Take&& take) {
  detail::LineStream lines(fd, max_map_line_bytes, step);
  while (true) {
    auto line = lines.next();
    if (!line) return fail(std::move(line).error());
    if (!line->has_value()) return {};
    auto taken = take(**line);
    if (!taken) return taken;
  }
}

}  // namespace

/// The files of the memory map say ESRCH (kernel 6.16; smaps_rollup since ever) or nothing for a zombie and a kernel
/// thread: the process lives, its memory does not.
bool ProcessFiles::is_without_memory(const base::Error& error) const { return error.os_errno == ESRCH && is_alive(); }

Result<RollupFields> ProcessFiles::smaps_rollup() const {
  auto file = open_file("smaps_rollup", rollup_step, O_RDONLY);
  if (!file) return is_without_memory(file.error()) ? Result(RollupFields{}) : fail(std::move(file).error());
  detail::TextBuffer buffer;
  auto text = buffer.read(file->get(), rollup_step);
  if (!text && is_without_memory(text.error())) return RollupFields{};
  if (!text) return fail(in_file(std::move(text).error(), "smaps_rollup"));
  auto fields = parse_rollup(*text);
  if (!fields) return fail(in_file(std::move(fields).error(), "smaps_rollup"));
  return fields;
}

Result<std::vector<model::MapsReading::Kind>> ProcessFiles::smaps_by_kind() const {
  using Kinds = std::vector<model::MapsReading::Kind>;
  auto file = open_file("smaps", smaps_step, O_RDONLY);
  if (!file) return is_without_memory(file.error()) ? Result(Kinds{}) : fail(std::move(file).error());
  SmapsByKind sums;
  auto done = for_each_line(file->get(), smaps_step, [&](std::string_view line) { return sums.add_line(line); });
  if (!done && is_without_memory(done.error())) return Kinds{};
  if (!done) return fail(in_file(std::move(done).error(), "smaps"));
  // Memory that is taken down while it streams ends the text early and in silence: half a sum would be a lie.
  auto memory_left = has_memory();
  if (!memory_left) return fail(std::move(memory_left).error());
  return *memory_left ? sums.take() : Kinds{};
}

Result<std::vector<SmapsRegion>> ProcessFiles::smaps() const {
  using Regions = std::vector<SmapsRegion>;
  auto file = open_file("smaps", smaps_step, O_RDONLY);
  if (!file) return is_without_memory(file.error()) ? Result(Regions{}) : fail(std::move(file).error());
  SmapsReader reader;
  auto done = for_each_line(file->get(), smaps_step, [&](std::string_view line) { return reader.add_line(line); });
  if (!done && is_without_memory(done.error())) return Regions{};
  if (!done) return fail(in_file(std::move(done).error(), "smaps"));
  auto memory_left = has_memory();
  if (!memory_left) return fail(std::move(memory_left).error());
  return *memory_left ? reader.take() : Regions{};
}

Result<std::vector<MapRegion>> ProcessFiles::maps() const {
  using Regions = std::vector<MapRegion>;
  auto file = open_file("maps", maps_step, O_RDONLY);
  if (!file) return is_without_memory(file.error()) ? Result(Regions{}) : fail(std::move(file).error());
  Regions regions;
  auto done = for_each_line(file->get(), maps_step, [&](std::string_view line) -> Result<void> {
    auto region = parse_map_line(line);
    if (!region) return fail(std::move(region).error());
    if (regions.size() == max_map_regions) return fail(detail::too_many_maps(maps_step));
    regions.push_back(std::move(*region));
    return {};
  });
  if (!done && is_without_memory(done.error())) return Regions{};
  if (!done) return fail(in_file(std::move(done).error(), "maps"));
  auto memory_left = has_memory();
  if (!memory_left) return fail(std::move(memory_left).error());
  return *memory_left ? std::move(regions) : Regions{};
}

/// Gone is an error; a zombie (Z) or dead task (X) has none, nor has a process whose stat shows no address space.
Result<bool> ProcessFiles::has_memory() const {
  auto now = stat();
  if (!now) return fail(std::move(now).error());
  return now->state != 'Z' && now->state != 'X' && now->vsize_bytes > 0;
}

}  // namespace tidemark::proc
