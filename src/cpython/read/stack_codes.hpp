// Purpose: names and lines of the code objects on stacks.
// Invariant: a code object is used for a stack only when it was looked at again after that stack was copied and was the
// one that its names were read from: a frame keeps its code object alive, so it was the same in between.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "batch.hpp"
#include "code_cache.hpp"
#include "frame_struct.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cpython {

/// A large program has tens of thousands of functions; few are on stacks while we look.
inline constexpr CodeCache::Limits stack_code_limits{.codes = 16'384, .table_bytes = 32 << 20};
/// Lines remembered of one code object.
inline constexpr std::size_t max_kept_lines = 4096;

class StackCodes {
 public:
  StackCodes(const memory::MemorySource& memory, const Layout& layout, base::Address code_type)
      : memory_(memory), layout_(layout), code_type_(code_type), cache_(stack_code_limits) {}

  /// Adds the code objects that the last reading used, to be looked at again. After what they are to prove. A round may
  /// go without: then `prove` looks at what it needs.
  void add_checks(Batch& batch);
  void judge_checks(const Batch& batch);

  /// Forgets what was proved: the memory that comes next is read later.
  void begin_round() {
    ++round_;
    checks_.clear();
  }
  /// Makes sure that these code objects are known and were looked at in this round: at most one vector read, besides
  /// what reading the names of new ones takes. What fails is not usable.
  void prove(const std::vector<base::Address>& codes);
  [[nodiscard]] bool is_proved(base::Address code) const;
  /// All that the last reading used have been proved in this round, and none was dropped since.
  [[nodiscard]] bool are_all_proved() const { return all_proved_; }
  /// Goes up when a code object is dropped: what was made of it must be made anew.
  [[nodiscard]] std::uint64_t drops() const { return cache_.drops(); }

  /// Null unless proved.
  [[nodiscard]] const CachedCode* find(base::Address code) const;
  /// The line that the frame is on. Errors: `torn` when the instruction is not in its code; those of line_of.
  [[nodiscard]] base::Result<std::optional<std::int64_t>> line_of_frame(const CachedCode& code, const Frame& frame);

  /// Marks the code object as one that this reading uses.
  void use(base::Address code);
  /// Begins a new reading: what is used from now on is what the next one checks along with its stacks.
  void begin_reading();

 private:
  struct State {
    std::uint64_t proved_in = 0;                                          ///< round
    std::uint64_t used_in = 0;                                            ///< reading
    std::unordered_map<std::int64_t, std::optional<std::int64_t>> lines;  ///< by code unit
  };
  struct Ids {
    base::Address code;
    Batch::Id head = 0;
    std::vector<Batch::Id> witnesses;
  };

  [[nodiscard]] std::optional<Ids> add_check(Batch& batch, base::Address code) const;
  void judge_check(const Batch& batch, const Ids& ids);
  [[nodiscard]] bool is_as_known(const Batch& batch, const Ids& ids, const CachedCode& known) const;

  const memory::MemorySource& memory_;
  const Layout& layout_;
  const base::Address code_type_;
  CodeCache cache_;
  std::unordered_map<std::uint64_t, State> states_;
  std::uint64_t round_ = 1, reading_ = 1;
  std::vector<base::Address> used_, used_before_;
  std::vector<Ids> checks_;
  bool all_proved_ = false;
};

}  // namespace tidemark::cpython
