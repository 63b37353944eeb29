// Purpose: which pages of a process are in memory, page by page, by /proc/PID/pagemap.
// Invariants: nothing is faulted in: the kernel looks at the page tables. The kept descriptor belongs to the address
// space of the moment it was opened; when that has ended a reading is `gone`.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::proc {

inline constexpr std::uint64_t page_bytes = 4096;  ///< x86-64

/// One page; bits of Documentation/admin-guide/mm/pagemap.rst.
enum PageFlag : std::uint8_t {
  page_present = 1,
  page_swapped = 2,
  page_exclusive = 4,  ///< mapped by nobody else (bit 56, kernel 4.2)
  page_file = 8,       ///< of a file, or shared anonymous (bit 61)
  page_guard = 32,     ///< of MADV_GUARD_INSTALL (kernel 6.13; bit 58 since 6.15): no memory, whoever touches it ends
  page_zero = 16,      ///< present, and only the kernel's page of zeros: in no RSS
};

class PageMap {
 public:
  /// `process` is the descriptor of /proc/PID. Errors: `gone`, `permission`.
  [[nodiscard]] static base::Result<PageMap> open(int process);

  /// One byte of PageFlags for each page of [start, end), both page-aligned. Errors: those of reading; `gone`.
  [[nodiscard]] base::Result<std::vector<std::uint8_t>> read(std::uint64_t start, std::uint64_t end) const;

  /// Sets page_zero where the page of zeros is mapped. False where the kernel does not tell (PAGEMAP_SCAN, kernel 6.7).
  [[nodiscard]] bool mark_zero_pages(std::uint64_t start, std::vector<std::uint8_t>& pages) const;

 private:
  explicit PageMap(base::Fd file) : file_(std::move(file)) {}

  base::Fd file_;
};

}  // namespace tidemark::proc
