// Purpose: the main interpreter of a running CPython, read from outside while it runs.
// Invariants: nothing is reported before the self-check has passed: cookie where there is one, back links of the thread
// states, the type name of code objects, native thread ids against /proc/PID/task; more where no build of the micro
// release was ever tested. Values come only out of vector reads whose links agree; a frame only when two copies of it
// agree. All walks are capped.
//
// An Interpreter is valid for one address space. When `read` gives the gap `python:self_check` or `python:gone` and the
// process lives, it has called execve or forked anew: open it again (with a new MemorySource).
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/gap.hpp"
#include "tidemark/model/sample.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::proc {
class ProcessFiles;
}  // namespace tidemark::proc

namespace tidemark::cpython {

class Interpreter;

/// What is said of an interpreter once per attach.
struct Found {
  std::string version;        ///< "3.11.2"; with the release level when it is no final one: "3.13.0rc2"
  std::string layout_origin;  ///< "builtin" or "debug_offsets"; then ", untested micro" where no such build was tested
  std::string module_path;    ///< the file that holds the runtime, as the target names it
};

/// Why an interpreter is not read. `found` holds what is known all the same.
struct OpenFailure {
  model::Reason reason;
  base::Error error;
  bool retry = false;  ///< may pass: the interpreter is starting, or the process was just forked or replaced
  Found found = {};
};

using OpenResult = std::variant<std::unique_ptr<Interpreter>, OpenFailure>;

class Interpreter {
 public:
  /// Finds the runtime, chooses the layout and runs the self-check. `memory` must outlive the Interpreter.
  [[nodiscard]] static OpenResult open(proc::ProcessFiles& files, const memory::MemorySource& memory);

  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;
  ~Interpreter();

  [[nodiscard]] const Found& found() const;

  /// One vector read when nothing moved since the last call; a walk and at most three vector reads otherwise.
  [[nodiscard]] PythonSnapshot read();

  /// The stacks of all threads of all interpreters (stack_reader.hpp). One vector read when nothing moved.
  [[nodiscard]] model::StackReading read_stacks();

 private:
  class Impl;
  explicit Interpreter(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::cpython
