// Purpose: an ELF file as it lies in a process, for when the file itself cannot be had: deleted or replaced on disk
// while map_files is refused, or without section headers.
// Invariants: all of it is hostile: every count passes a named cap, every address that is followed lies inside the
// mapped segments, every walk is bounded. What is not resident is not read, so a name may be not found though it is
// there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/elf/elf_file.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

inline constexpr std::size_t max_dynamic_entries = 512;
inline constexpr std::uint32_t max_hash_buckets = 1 << 22;
/// Symbols of one bucket; real ones have a handful.
inline constexpr std::uint32_t max_hash_chain = 4096;
inline constexpr std::size_t max_note_bytes = 4096;

class MappedElf {
 public:
  /// `start`: where the beginning of the file is mapped. Errors: those of reading; `malformed`, `unsupported`, `limit`.
  [[nodiscard]] static base::Result<MappedElf> open(base::Address start, const memory::MemorySource& memory);

  [[nodiscard]] const std::vector<elf::LoadSegment>& load_segments() const { return segments_; }
  [[nodiscard]] std::uint64_t bias() const { return bias_; }

  /// A defined dynamic symbol, by DT_GNU_HASH or else DT_HASH; its linked address. Errors: those of reading;
  /// `not_found`, `malformed`, `limit`.
  [[nodiscard]] base::Result<elf::Symbol> symbol(std::string_view name, const memory::MemorySource& memory) const;

  /// Of its notes. Lower-case hexadecimal. Errors: those of reading; `not_found`.
  [[nodiscard]] base::Result<std::string> build_id(const memory::MemorySource& memory) const;

 private:
  struct Range {
    std::uint64_t address = 0, bytes = 0;  ///< linked
  };
  /// What the dynamic section leads to, as linked addresses; 0: it does not.
  struct Tables {
    std::uint64_t symbols = 0, strings = 0, strings_bytes = 0, gnu_hash = 0, hash = 0;
  };
  friend class SymbolSearch;

  [[nodiscard]] base::Result<Tables> tables(const memory::MemorySource& memory) const;
  [[nodiscard]] std::uint64_t linked(std::uint64_t pointer) const;
  [[nodiscard]] bool holds(std::uint64_t address) const;

  std::vector<elf::LoadSegment> segments_;
  std::optional<Range> dynamic_;
  std::vector<Range> notes_;
  std::uint64_t bias_ = 0;
};

}  // namespace tidemark::cpython
