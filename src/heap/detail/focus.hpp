// Purpose: the objects of one type looked at closer: how large they are, which ones to show, where the collector has
// them.
// Invariant: of more objects than most_addresses some are not looked for in the collector's lists, and count as
// unknown.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tidemark/model/census.hpp"

namespace tidemark::heap {

/// An object whose sizes are known.
struct SeenObject {
  std::uint64_t address = 0;
  std::uint64_t refcount = 0;  ///< the word, with the flags that it has from 3.14 on
  std::uint64_t bytes = 0, held = 0;
  bool is_interned = false;
};

class Focus {
 public:
  /// 32 MB of addresses.
  static constexpr std::size_t most_addresses = std::size_t{1} << 22;

  Focus(std::uint32_t type, bool has_gc, std::size_t samples) : type_(type), has_gc_(has_gc), wanted_(samples) {}

  void take(const SeenObject& object);
  /// After the last take(), before place().
  void sort();
  /// The collector has an object there; that is none of this type when it was not taken.
  void place(std::uint64_t address, model::GcPlace place);
  /// All of the collector's lists have been gone through: what is not in one is not tracked.
  void end_places(bool lists_are_whole);

  [[nodiscard]] std::uint32_t type() const { return type_; }
  [[nodiscard]] bool has_gc() const { return has_gc_; }
  [[nodiscard]] std::vector<model::SizeBucket> sizes() const;
  [[nodiscard]] std::array<std::uint64_t, model::gc_place_count> places() const;
  /// Each as likely as any other; in the order of their addresses.
  [[nodiscard]] const std::vector<SeenObject>& samples() const { return samples_; }
  [[nodiscard]] model::GcPlace place_of(std::uint64_t address) const;

 private:
  [[nodiscard]] std::size_t find(std::uint64_t address) const;
  [[nodiscard]] std::uint64_t random_below(std::uint64_t end);

  static constexpr std::size_t bucket_count = 64;
  std::uint32_t type_;
  bool has_gc_;
  std::size_t wanted_;
  std::uint64_t seen_ = 0, random_ = 0x2545'f491'4f6c'dd1d;
  std::array<std::uint64_t, bucket_count> counts_{}, bytes_{};
  std::vector<std::uint64_t> addresses_;
  std::vector<std::uint8_t> places_;  ///< model::GcPlace, of the address at the same index
  std::vector<SeenObject> samples_;
};

}  // namespace tidemark::heap
