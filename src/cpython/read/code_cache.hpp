// Purpose: names and line tables of code objects, kept by address.
// Invariants: an entry is used only for the code object that it was made from: what is kept is compared with the code
// object's present bytes, and by its co_version (3.12 on, another number for each code object) or else with the present
// contents of its strings, so that one freed and made anew at the same address is not shown under the old name. The
// cache is bounded; when it is full it is emptied.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "batch.hpp"
#include "bytecodes.hpp"
#include "copies.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cpython {

inline constexpr std::size_t max_cached_codes = 1024;
inline constexpr std::size_t max_cached_table_bytes = 2 << 20;

/// What identifies a code object while it lives.
struct CodeHead {
  std::int64_t size = 0;  ///< code units where they lie in the code object itself
  std::int32_t first_line = 0;
  std::uint32_t version = 0;  ///< 0: none
  base::Address filename, qualname, line_table;
  base::Address bytecode;  ///< null where the instructions lie in the code object itself
  std::int32_t first_traceable = 0;
  base::Address bytecodes;  ///< the array of their copies; null where the layout has none

  bool operator==(const CodeHead&) const = default;
};

[[nodiscard]] Extent code_extent(const Layout& layout);

/// nullopt when it is no code object: its type is not `code_type`, or it lacks a field.
[[nodiscard]] std::optional<CodeHead> decode_code(const Layout& layout, base::Address code_type, const Piece& piece);

/// Errors: those of reading, `torn` when it is no code object.
[[nodiscard]] base::Result<CodeHead> read_code_head(const memory::MemorySource& memory, const Layout& layout,
                                                    base::Address code_type, base::Address code);

struct CachedCode {
  CodeHead head;
  std::int64_t code_units = 0;
  std::shared_ptr<const model::CodeInfo> info;
  std::vector<std::byte> line_table;
  std::vector<base::Address> bytecodes;  ///< where the copies of its instructions begin, the first one's own
  /// Of its strings, so still, unless co_version identifies it; of the array of its copies, which may get more.
  std::vector<Witness> witnesses;
};

class CodeCache {
 public:
  struct Limits {
    std::size_t codes = max_cached_codes;
    std::size_t table_bytes = max_cached_table_bytes;
  };

  CodeCache() = default;
  explicit CodeCache(Limits limits) : limits_(limits) {}

  /// Null when the address is unknown.
  [[nodiscard]] const CachedCode* find(base::Address code) const;

  /// Reads the names and the line table of the code object unless the entry at that address has this head.
  [[nodiscard]] base::Result<void> load(const memory::MemorySource& memory, const Layout& layout, base::Address code,
                                        const CodeHead& head);

  /// As `load`, and the code object is still there once its names are read: strings are freed with it and their memory
  /// is used again at once. Errors: `torn` besides.
  [[nodiscard]] base::Result<void> learn(const memory::MemorySource& memory, const Layout& layout,
                                         base::Address code_type, base::Address code, const CodeHead& head);

  /// Forgets the entry: its witnesses no longer hold.
  void forget(base::Address code);

  /// Goes up whenever an entry is dropped: a pointer from `find` is good for as long as this does not change.
  [[nodiscard]] std::uint64_t drops() const { return drops_; }

 private:
  Limits limits_;
  std::uint64_t drops_ = 0;
  std::unordered_map<std::uint64_t, CachedCode> entries_;
  std::size_t table_bytes_ = 0;
};

}  // namespace tidemark::cpython
