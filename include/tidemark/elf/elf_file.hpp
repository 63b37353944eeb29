// Purpose: what we ask of an ELF file: segments, sections, symbols, build-id, constant bytes. This room is the only
// user of libelf and libdw. Invariants: the file is hostile: every count and size passes a named cap, nothing is mapped
// (a file that is cut while it is mapped would end us with SIGBUS), and a file that makes no sense is an error value.
// Only 64-bit little-endian x86-64 files are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

struct Elf;

namespace tidemark::elf {

inline constexpr std::size_t max_segments = 256;
inline constexpr std::size_t max_sections = 4096;
inline constexpr std::size_t max_symbols = 4'000'000;
inline constexpr std::size_t max_build_id_bytes = 64;

enum class FileType {
  executable,     ///< ET_EXEC: loaded at the addresses it names
  shared_object,  ///< ET_DYN: a library or a position-independent program
  relocatable,    ///< ET_REL: never loaded; what dwz puts the common part of debug information into
};

/// A PT_LOAD program header.
struct LoadSegment {
  std::uint64_t address = 0;  ///< as linked
  std::uint64_t memory_bytes = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;
  bool writable = false;
};

struct Section {
  std::uint64_t address = 0;
  std::uint64_t size_bytes = 0;
};

struct Symbol {
  std::uint64_t address = 0;  ///< as linked; add the load bias
  std::uint64_t size_bytes = 0;
};

class ElfFile {
 public:
  /// Takes the descriptor of a regular file. Errors: `malformed`, `unsupported` (another class or machine), `limit`.
  [[nodiscard]] static base::Result<ElfFile> open(base::Fd file);

  [[nodiscard]] FileType type() const { return type_; }
  /// In the order of the program headers, which is by address.
  [[nodiscard]] const std::vector<LoadSegment>& load_segments() const { return load_segments_; }

  /// Errors: `not_found`, `malformed`, `limit`.
  [[nodiscard]] base::Result<Section> section(std::string_view name) const;

  /// A defined symbol, from .dynsym, else from .symtab. Errors: `not_found`, `malformed`, `limit`.
  [[nodiscard]] base::Result<Symbol> symbol(std::string_view name) const;

  /// Many names with one pass per table; nullopt for a name that no table defines. Errors: `malformed`, `limit`.
  [[nodiscard]] base::Result<std::vector<std::optional<Symbol>>> symbols(std::span<const std::string_view> names) const;

  /// Lower-case hexadecimal. Errors: `not_found`, `limit`.
  [[nodiscard]] base::Result<std::string> build_id() const;

  /// Bytes at a linked address, out of the file; only of a segment that is not writable, so that they are what the
  /// process has. Errors: `not_found` (no such segment holds the whole range), `io`.
  [[nodiscard]] base::Result<void> read_at(std::uint64_t address, std::span<std::byte> into) const;

 private:
  friend class DwarfTypes;

  struct CloseElf {
    void operator()(Elf* handle) const;
  };

  ElfFile(base::Fd file, std::unique_ptr<Elf, CloseElf> handle) : file_(std::move(file)), handle_(std::move(handle)) {}

  [[nodiscard]] base::Result<void> read_headers();

  base::Fd file_;  // outlives handle_, which reads from it on demand
  std::unique_ptr<Elf, CloseElf> handle_;
  FileType type_ = FileType::executable;
  std::vector<LoadSegment> load_segments_;
};

/// A piece of a file as it is mapped into a process.
struct MappedPart {
  base::Address start;
  std::uint64_t file_offset = 0;
};

/// What to add to a linked address to get the target's: mapped address of the first PT_LOAD − its linked address (0 for
/// ET_EXEC loaded where it was linked). Errors: `not_found` when no part maps the beginning of that segment,
/// `malformed`.
[[nodiscard]] base::Result<std::uint64_t> load_bias(std::span<const MappedPart> parts,
                                                    std::span<const LoadSegment> segments);

}  // namespace tidemark::elf
