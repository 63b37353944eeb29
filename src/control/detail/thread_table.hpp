// Purpose: the tracer's threads. Lives in the tracer only: no allocation but one mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tidemark/base/address.hpp"

namespace tidemark::control::detail {

struct TracedThread {
  enum class State : std::uint32_t {
    seized,   ///< runs; knows nothing of us
    asked,    ///< interrupted, has not stopped yet
    stopped,  ///< in PTRACE_EVENT_STOP: of our interrupt or of its job control
    ended,
  };

  base::Tid tid = 0;
  State state = State::seized;
};

class ThreadTable {
 public:
  /// Once. False when there is no memory for max_stopped_threads entries (they are touched only when used).
  [[nodiscard]] bool map();

  /// A living thread among the first `known` entries. Listings come in nearly the same order each time, so the search
  /// begins where the last one ended.
  [[nodiscard]] bool contains(base::Tid tid, std::size_t known);
  /// False when the table is full.
  [[nodiscard]] bool add(base::Tid tid);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<TracedThread> all() { return {threads_, size_}; }
  [[nodiscard]] std::span<const TracedThread> all() const { return {threads_, size_}; }
  [[nodiscard]] std::size_t count(TracedThread::State state) const;

 private:
  TracedThread* threads_ = nullptr;
  std::size_t size_ = 0;
  std::size_t hint_ = 0;
};

}  // namespace tidemark::control::detail
