// Purpose: the memory of a process of which pages of files need not be resident: what nobody may write is in the file,
// too. A forked worker has hardly any of its program's constants in memory (names of types, say) before it uses them.
// Invariants: only pages of mappings that may not be written, and that are neither present nor swapped out, are read
// from a file; and only from one that is surely the mapped one: through the kernel's own link (map_files), or by its
// path when device and inode are those of the mapping. All else is what the source behind says.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tidemark/base/fd.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/proc/maps.hpp"
#include "tidemark/proc/page_map.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::heap {

class FileBackedMemory final : public memory::MemorySource {
 public:
  /// Both outlive it. The mappings are those of now; none when they cannot be read.
  FileBackedMemory(const memory::MemorySource& memory, const proc::ProcessFiles& process);

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override;
  void read_many(std::span<memory::ReadRequest> requests) const override;

 private:
  [[nodiscard]] const proc::MapRegion* find(std::uint64_t address) const;
  [[nodiscard]] base::Result<void> read_by_pages(base::Address from, std::span<std::byte> into) const;
  [[nodiscard]] bool read_file(base::Address from, std::span<std::byte> into) const;
  [[nodiscard]] const base::Fd& file_of(const proc::MapRegion& region) const;

  const memory::MemorySource& memory_;
  const proc::ProcessFiles& process_;
  std::optional<proc::PageMap> pages_;
  std::vector<proc::MapRegion> regions_;            ///< of files, not writable, by address
  mutable std::map<std::uint64_t, base::Fd> open_;  ///< by start of the region; not open: it cannot be had
};

}  // namespace tidemark::heap
