// Purpose: memory that moves while it is read.
#pragma once

#include <functional>
#include <span>
#include <utility>

#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython::test {

using base::Address;

/// Calls `before(address)` ahead of each piece that is read; an error that it gives is the piece's status. So memory
/// can move between two pieces of one vectored read, as it does under a running program.
class WatchedMemory final : public memory::MemorySource {
 public:
  using Before = std::function<base::Result<void>(Address)>;

  WatchedMemory(const memory::MemorySource& source, Before before) : source_(source), before_(std::move(before)) {}

  [[nodiscard]] base::Result<void> read(Address from, std::span<std::byte> into) const override {
    if (auto allowed = before_(from); !allowed) return allowed;
    return source_.read(from, into);
  }
  void read_many(std::span<memory::ReadRequest> requests) const override {
    ++vector_reads_;
    MemorySource::read_many(requests);
  }
  [[nodiscard]] int vector_reads() const { return vector_reads_; }

 private:
  const memory::MemorySource& source_;
  Before before_;
  mutable int vector_reads_ = 0;
};

}  // namespace tidemark::cpython::test
