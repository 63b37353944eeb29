// Purpose: a stretch of target memory copied at once, to be taken apart here.
// Invariants: pages that are not resident are not read and not there: `at` gives nothing that touches one, and
// `at_least` has zeros in their place. A Window is used again and again, and allocates only when it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "address_space.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::heap {

class Window {
 public:
  Window(const memory::MemorySource& memory, const AddressSpace& space) : memory_(memory), space_(space) {}

  /// Copies what of `range` is resident. False when nothing is.
  bool load(Range range);

  [[nodiscard]] Range range() const { return range_; }
  [[nodiscard]] const memory::MemorySource& source() const { return memory_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  /// Bytes that were resident when the page flags were read, and could not be read.
  [[nodiscard]] std::uint64_t lost_bytes() const { return lost_bytes_; }

  /// Null when not all of it was read.
  [[nodiscard]] const std::byte* at(std::uint64_t address, std::uint64_t bytes) const {
    if (!range_.holds(address, bytes)) return nullptr;
    if (!is_complete_ && !is_there({address, address + bytes})) return nullptr;
    return bytes_.data() + (address - range_.start);
  }
  /// The same when only the first `sure` bytes have to be there.
  [[nodiscard]] const std::byte* at_least(std::uint64_t address, std::uint64_t sure, std::uint64_t bytes) const {
    if (!range_.holds(address, bytes) || at(address, sure) == nullptr) return nullptr;
    return bytes_.data() + (address - range_.start);
  }
  template <class T>
  [[nodiscard]] const std::byte* take(std::uint64_t address, T& value) const {
    const std::byte* const from = at(address, sizeof(T));
    if (from != nullptr) std::memcpy(&value, from, sizeof(T));
    return from;
  }
  [[nodiscard]] bool is_complete() const { return is_complete_; }

 private:
  [[nodiscard]] bool is_there(Range range) const;
  void clear_gaps();

  const memory::MemorySource& memory_;
  const AddressSpace& space_;
  Range range_;
  bool is_complete_ = false;
  std::vector<std::byte> bytes_;
  std::vector<Range> there_;
  std::vector<memory::ReadRequest> requests_;
  std::uint64_t bytes_read_ = 0, lost_bytes_ = 0;
};

/// A little-endian word at a place of ours.
template <class T = std::uint64_t>
[[nodiscard]] T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace tidemark::heap
