// Purpose: one process whose heap is to be read: opened, its interpreter found, and what the reading cost us.
// Invariants: nothing is stopped or cloned here; a reading of a process that ended or executed another program
// meanwhile is a failure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reading_modes.hpp"
#include "targets.hpp"
#include "tidemark/cpython/interpreter.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cli {

/// What a subject is, beside its heap.
struct SubjectFacts {
  cpython::Interpreter* interpreter = nullptr;  ///< null: none was found
  std::string no_python;                        ///< why it could not be read, in a sentence; empty when there is none
};

/// What every reading says of itself, ledger and census.
struct ReadingHead {
  model::ProcessIdentity identity;
  std::string name, command_line;
  std::optional<Failure> failure;    ///< why there is nothing
  std::optional<base::Error> error;  ///< the same for one that goes on without (`record`), where there is one
  std::int64_t read_ns = 0, own_cpu_ns = 0;
  std::uint64_t bytes_read = 0, own_rss_bytes = 0;

  /// Into a HeapAnswer or an ObjectsAnswer, whose process keeps `part` at `place`; not when there is a failure.
  template <class Answer, class Part>
  void move_into(Answer& answer, base::Pid parent, Part part, Part& place) && {
    answer.process.identity = identity;
    answer.process.parent = parent;
    answer.process.name = std::move(name);
    answer.process.command_line = std::move(command_line);
    if (!failure) {
      fill(part.cost);
      place = std::move(part);
    }
    answer.failure = std::move(failure);
    answer.error = std::move(error);
  }

 private:
  void fill(model::HeapCost& cost) const;
};

/// Reads the heap of a subject in some mode; a refusal when it could not.
using SubjectReader = std::function<std::optional<HeapRefusal>(const HeapSubject&, const SubjectFacts&)>;

[[nodiscard]] ReadingHead read_subject(const proc::ProcRoot& root, const Target& target,
                                       const cpython::LocateOptions& locate, const SubjectReader& read);

}  // namespace tidemark::cli
