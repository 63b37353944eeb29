// Purpose: small reads of neighbouring memory, with few system calls: blocks are read whole and kept for a while.
// Invariant: what is given was read in one piece at some time since the cache was made; a block that cannot be read
// whole is not kept, and read where asked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

class PageCache {
 public:
  static constexpr std::uint64_t block_bytes = 16'384;
  static constexpr std::size_t block_count = 128;

  explicit PageCache(const memory::MemorySource& memory) : memory_(memory), bytes_(block_count * block_bytes) {}

  template <class T>
  [[nodiscard]] std::optional<T> get(base::Address at) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::uint64_t within = at.value % block_bytes;
    if (within + sizeof(T) > block_bytes) return get_fresh<T>(at);
    const auto* const block = find(at.value / block_bytes);
    if (block == nullptr) return get_fresh<T>(at);
    T value;
    std::memcpy(&value, block + within, sizeof(T));
    return value;
  }
  /// Past what is kept.
  template <class T>
  [[nodiscard]] std::optional<T> get_fresh(base::Address at) const {
    const auto value = memory_.read_value<T>(at);
    return value ? std::optional<T>(*value) : std::nullopt;
  }
  void forget(base::Address at) { tags_[slot_of(at.value / block_bytes)] = none; }

 private:
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  [[nodiscard]] static std::size_t slot_of(std::uint64_t number) { return number % block_count; }

  /// Null: it cannot be read whole.
  [[nodiscard]] const std::byte* find(std::uint64_t number) {
    const std::size_t slot = slot_of(number);
    const auto block = std::span(bytes_).subspan(slot * block_bytes, block_bytes);
    if (tags_[slot] == number) return block.data();
    if (number == unreadable_) return nullptr;
    tags_[slot] = none;
    if (!memory_.read({number * block_bytes}, block)) {
      unreadable_ = number;
      return nullptr;
    }
    tags_[slot] = number;
    return block.data();
  }

  const memory::MemorySource& memory_;
  std::vector<std::byte> bytes_;
  std::array<std::uint64_t, block_count> tags_ = filled();
  std::uint64_t unreadable_ = none;  ///< the last one

  [[nodiscard]] static std::array<std::uint64_t, block_count> filled() {
    std::array<std::uint64_t, block_count> tags;
    tags.fill(none);
    return tags;
  }
};

}  // namespace tidemark::cpython
