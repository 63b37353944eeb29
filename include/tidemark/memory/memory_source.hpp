// Purpose: the one way to target memory. Readers take `const MemorySource&`, so each runs on a live process, a core and
// a hand-made image alike.
// Invariants: a read gives all of its bytes or an Error whose `address` is the first byte that is missing; zeros are
// never made up. A MemorySource never writes.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::memory {

/// One piece of a vectored read. `status` is set by MemorySource::read_many.
struct ReadRequest {
  base::Address from;
  std::span<std::byte> into;
  base::Result<void> status{};
};

class MemorySource {
 public:
  MemorySource() = default;
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;
  virtual ~MemorySource() = default;

  /// Fills `into` from the address. Error codes: `fault` (not mapped), `absent` (not resident, so not read),
  /// `permission`, `gone`.
  [[nodiscard]] virtual base::Result<void> read(base::Address from, std::span<std::byte> into) const = 0;

  /// Reads all requests, with one system call where the source can; each request has its own status.
  virtual void read_many(std::span<ReadRequest> requests) const;

  /// A trivially copyable value.
  template <class T>
  [[nodiscard]] base::Result<T> read_value(base::Address from) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    auto done = read(from, std::as_writable_bytes(std::span<T, 1>(&value, 1)));
    if (!done) return base::fail(std::move(done).error());
    return value;
  }
};

}  // namespace tidemark::memory
