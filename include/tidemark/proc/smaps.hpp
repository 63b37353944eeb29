// Purpose: /proc/PID/smaps, mapping by mapping.
// Invariants: a mapping is taken whole or the text is refused; sizes are bytes. The kernel takes the mmap lock of the
// process while it makes the text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/maps.hpp"

namespace tidemark::proc {

/// Fields of fs/proc/task_mmu.c, show_smap (kernel 6.18). Pages of hugetlbfs are not in Rss.
struct SmapsRegion {
  MapRegion region;
  std::uint64_t rss = 0, pss = 0;
  std::uint64_t private_clean = 0, private_dirty = 0, shared_clean = 0, shared_dirty = 0;
  std::uint64_t anonymous = 0;  ///< of Rss: pages that belong to no file
  std::uint64_t swap = 0;
  std::uint64_t anon_huge = 0;    ///< of Rss: in transparent huge pages
  std::uint64_t hugetlb = 0;      ///< Shared_Hugetlb and Private_Hugetlb
  bool is_hugetlb = false;        ///< VmFlags ht
  bool is_dont_copy = false;      ///< VmFlags dc: fork leaves it out (MADV_DONTFORK, or a driver's)
  bool is_wiped_on_fork = false;  ///< VmFlags wf
  /// Not of smaps: whoever looks at the page tables of a clone does not find its pages there.
  bool is_elsewhere = false;

  [[nodiscard]] bool is_file() const { return region.inode != 0; }
  /// Private memory that was never a file's: its pages are this process's, or shared with a parent until written.
  [[nodiscard]] bool is_private_anonymous() const {
    return !region.shared && region.inode == 0 && !is_hugetlb && !is_special();
  }
  /// [vdso], [vvar], [vsyscall]: of the kernel.
  [[nodiscard]] bool is_special() const { return region.path.starts_with("[v"); }
};

/// Takes the lines of smaps one by one.
class SmapsReader {
 public:
  /// Malformed: a field before the first head line, a number that is none. More than max_map_regions is `limit`.
  [[nodiscard]] base::Result<void> add_line(std::string_view line);
  [[nodiscard]] std::vector<SmapsRegion> take() { return std::move(regions_); }

 private:
  std::vector<SmapsRegion> regions_;
};

}  // namespace tidemark::proc
