// Purpose: keeps the interpreter of one process open through its life: starting up, forking, replacing its program.
// Invariants: the target is never stopped or written; an interpreter that failed its self-check is not read.
// A failure that may pass (the loader has not mapped libpython yet, the runtime is not initialised) is a gap of its
// rows and no error line until it has lasted half a second; only then is a process given up as not Python.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "tidemark/collect/event_log.hpp"
#include "tidemark/collect/machine.hpp"
#include "tidemark/collect/refusals.hpp"
#include "tidemark/cpython/interpreter.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/model/sample.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::collect {

/// What is read of target memory, over all interpreters that a probe had.
struct MemoryCost {
  std::uint64_t bytes_read = 0;
  std::uint64_t absent_bytes = 0;

  MemoryCost& operator+=(const MemoryCost& other) {
    bytes_read += other.bytes_read;
    absent_bytes += other.absent_bytes;
    return *this;
  }
};

class PythonProbe {
 public:
  /// Fills sample.python, or says why not. Opens the interpreter at first, and again after exec or fork.
  void read(const Machine& machine, proc::ProcessFiles& files, std::int64_t now_ns, Refusals& refusals,
            model::ProcessSample& sample, EventLog& log);

  /// Fills sample.stacks after read(); what is missing of them is a gap. Nothing when there is no interpreter, which
  /// read() has said.
  void read_stacks(model::ProcessSample& sample);

  /// The process runs another program: what is known of the old one is dropped.
  void restart();

  [[nodiscard]] bool is_reading() const { return interpreter_ != nullptr; }
  /// Why it is not read, after a try that failed.
  [[nodiscard]] const std::optional<cpython::OpenFailure>& failure() const { return failure_; }
  [[nodiscard]] MemoryCost cost() const;

 private:
  void try_open(const Machine& machine, proc::ProcessFiles& files, std::int64_t now_ns,
                const model::ProcessSample& sample, EventLog& log);
  void failed(cpython::OpenFailure failure, std::int64_t now_ns, const model::ProcessSample& sample, EventLog& log);
  void close();
  [[nodiscard]] MemoryCost open_cost() const;
  /// Whether what failed may just be an interpreter on its way: no news yet, and worth another try.
  [[nodiscard]] bool may_be_starting(std::int64_t now_ns) const;

  std::unique_ptr<memory::LiveMemory> memory_;
  std::unique_ptr<cpython::Interpreter> interpreter_;  // after memory_, which it reads: destroyed first
  std::optional<cpython::OpenFailure> failure_;
  std::optional<std::int64_t> failing_since_ns_;
  bool has_new_program_ = false;  ///< since execve or fork
  std::int64_t next_try_ns_ = 0;
  std::int64_t patience_ns_ = 0;
  MemoryCost closed_cost_;
};

}  // namespace tidemark::collect
