#include "tidemark/proc/page_map.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tidemark/base/gone.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr const char* pagemap_step = "read which pages are in memory";
constexpr std::uint64_t bit(unsigned number) { return std::uint64_t{1} << number; }
constexpr std::uint64_t present_bit = bit(63), swapped_bit = bit(62), file_bit = bit(61), guard_bit = bit(58),
                        exclusive_bit = bit(56);
constexpr std::size_t entries_at_once = 16'384;

std::uint8_t flags_of(std::uint64_t entry) {
  unsigned flags = 0;
  if ((entry & present_bit) != 0) flags |= page_present;
  if ((entry & swapped_bit) != 0) flags |= (entry & guard_bit) != 0 ? page_guard : page_swapped;
  if ((entry & exclusive_bit) != 0) flags |= page_exclusive;
  if ((entry & file_bit) != 0) flags |= page_file;
  return static_cast<std::uint8_t>(flags);
}

/// include/uapi/linux/fs.h, kernel 6.7; older headers do not have it.
struct ScanRegion {
  std::uint64_t start, end, categories;
};
struct ScanArguments {
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  std::uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
constexpr unsigned long pagemap_scan = _IOWR('f', 16, ScanArguments);
constexpr std::uint64_t is_zero_page = 1 << 5;  // PAGE_IS_PFNZERO

}  // namespace

Result<PageMap> PageMap::open(int process) {
  auto file = base::open_at(process, "pagemap", O_RDONLY, pagemap_step);
  if (!file) return fail(base::absent_means_gone(std::move(file).error()));
  return PageMap(std::move(file).value());
}

Result<std::vector<std::uint8_t>> PageMap::read(std::uint64_t start, std::uint64_t end) const {
  std::vector<std::uint8_t> pages;
  pages.reserve((end - start) / page_bytes);
  std::array<std::uint64_t, entries_at_once> entries;  // NOLINT: filled before it is read
  for (std::uint64_t at = start; at < end;) {
    const std::size_t count = std::min<std::size_t>((end - at) / page_bytes, entries.size());
    const ssize_t got = ::pread(file_.get(), entries.data(), count * sizeof(std::uint64_t),
                                static_cast<off_t>(at / page_bytes * sizeof(std::uint64_t)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(base::os_error(pagemap_step, errno));
    const std::size_t entries_read = static_cast<std::size_t>(got) / sizeof(std::uint64_t);
    if (entries_read == 0) {
      return fail(
          base::Error{.code = base::ErrorCode::gone, .doing = pagemap_step, .detail = "its address space has ended"});
    }
    for (std::size_t i = 0; i < entries_read; ++i) pages.push_back(flags_of(entries[i]));
    at += entries_read * page_bytes;
  }
  return pages;
}

bool PageMap::mark_zero_pages(std::uint64_t start, std::vector<std::uint8_t>& pages) const {
  std::array<ScanRegion, 512> found{};
  const std::uint64_t end = start + pages.size() * page_bytes;
  for (std::uint64_t at = start; at < end;) {
    ScanArguments scan{};
    scan.size = sizeof scan;
    scan.start = at;
    scan.end = end;
    scan.vec = reinterpret_cast<std::uint64_t>(found.data());
    scan.vec_len = found.size();
    scan.category_mask = scan.return_mask = is_zero_page;
    const int count = ::ioctl(file_.get(), pagemap_scan, &scan);
    if (count < 0) return false;
    for (int i = 0; i < count; ++i) {
      const auto& region = found[static_cast<std::size_t>(i)];
      for (std::uint64_t page = region.start; page < region.end && page < end; page += page_bytes) {
        pages[(page - start) / page_bytes] |= page_zero;
      }
    }
    if (scan.walk_end <= at) return false;
    at = scan.walk_end;
  }
  return true;
}

}  // namespace tidemark::proc
