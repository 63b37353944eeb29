// Purpose: what the debug information of a file says of C types: where members lie, how large types are, what
// enumerators are worth. Invariants: the file is hostile: sizes of its sections, entries looked at, members of a type,
// depth of nesting and of typedefs have named caps, so a pass ends; what makes no sense is "not there". All sizes and
// offsets are in bytes. DWARF 2 to 5 as libdw reads it, with the file that .gnu_debugaltlink names (dwz) when the
// caller has it; split DWARF (.dwo) is not followed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/elf/elf_file.hpp"

namespace tidemark::elf {

/// All sections of a file that say something of types, decompressed. Debian's python3.15 has 25 MB.
inline constexpr std::uint64_t max_debug_bytes = std::uint64_t{512} << 20;
/// Top level entries of all units. Debian's python3.15 has 0.35 million.
inline constexpr std::size_t max_debug_entries = 20'000'000;
inline constexpr std::size_t max_members = 4096;     ///< of one struct, or enumerators of one enum
inline constexpr std::size_t max_member_depth = 8;   ///< of anonymous structs in one another
inline constexpr std::size_t max_type_links = 32;    ///< typedefs and qualifiers before a type
inline constexpr std::size_t max_path_members = 16;  ///< "a.b[2].c" has three
inline constexpr std::size_t max_type_names = 1024;  ///< asked for in one pass

struct Member {
  std::uint64_t offset = 0;                 ///< from the start of the struct that the path begins in
  std::optional<std::uint64_t> size_bytes;  ///< nullopt where the type has none (a flexible array)
};

/// The file that .gnu_debugaltlink of a debug file names, as it stands there; its build-id in hexadecimal.
struct AlternateLink {
  std::string path;
  std::string build_id;
};

class DwarfTypes {
 public:
  /// Finds the types of these names (struct and union tags, enum tags, typedefs) in one pass over all units, which ends
  /// early when it has all of them. Of a name that is defined more than once the first complete definition is taken.
  /// Errors: `not_found` (no debug information), `malformed`, `limit`.
  [[nodiscard]] static base::Result<DwarfTypes> read(const ElfFile& file, std::span<const std::string_view> names,
                                                     const ElfFile* alternate = nullptr);

  /// Errors: `not_found` when the file names none, `malformed`.
  [[nodiscard]] static base::Result<AlternateLink> alternate_link(const ElfFile& file);

  /// `path` is "member", "member.member", "member[2].member"; members of anonymous structs and unions are found by
  /// their own name. nullopt when there is no such type or member.
  [[nodiscard]] std::optional<Member> member(std::string_view type, std::string_view path) const;
  [[nodiscard]] std::optional<std::uint64_t> size_of(std::string_view type) const;
  [[nodiscard]] std::optional<std::int64_t> enumerator(std::string_view type, std::string_view name) const;

  DwarfTypes(DwarfTypes&&) noexcept;
  DwarfTypes& operator=(DwarfTypes&&) noexcept;
  ~DwarfTypes();

 private:
  class Impl;
  explicit DwarfTypes(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::elf
