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
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
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

/// How a runtime is found; each is tried when those before it have found none.
enum class Rung {
  section,         ///< the section .PyRuntime (3.10 on); of a version that states its offsets, with their cookie
  symbols,         ///< _PyRuntime in .dynsym or .symtab of the mapped file
  memory_symbols,  ///< the same through PT_DYNAMIC, out of memory: for a file that cannot be had, or has no sections
  debug_file,      ///< the same in the detached debug file of this build-id
  scan,            ///< what of the writable memory of the module can be the runtime, and passes as one
};
/// "section", "symbols", "memory_symbols", "debug_file", "scan".
[[nodiscard]] std::string_view text_of(Rung rung);
[[nodiscard]] std::optional<Rung> find_rung(std::string_view text);

/// What the user or a test insists on; by default all is tried.
struct LocateOptions {
  std::optional<Rung> only = {};
  std::optional<LayoutOrigin> layout_origin = {};
};

/// Another runtime in the same process, and why it is not the one that is read.
struct OtherRuntime {
  std::string module_path;
  std::string why;
};

/// Parts that the self-check could not vouch for. They are not read, and each reading says so.
struct MissingParts {
  bool gc = false;
  bool gil = false;
  bool frames = false;
  bool native_ids = false;

  [[nodiscard]] bool any() const { return gc || gil || frames || native_ids; }
  bool operator==(const MissingParts&) const = default;
};
/// "gc", "gil", "frames", "native_ids".
[[nodiscard]] std::vector<std::string> words_of(const MissingParts& missing);

/// What is said of an interpreter once per attach.
struct Found {
  std::string version;            ///< "3.11.2"; with the release level when it is no final one: "3.13.0rc2"
  std::string layout_origin;      ///< text_of(LayoutOrigin); then ", untested micro" where no such build was tested
  std::string module_path;        ///< the file that holds the runtime, as the target names it
  std::string located_by = {};    ///< text_of(Rung); after "debug_file" a space and its path
  MissingParts missing = {};      ///< any: the self-check says degraded
  std::size_t ended_threads = 0;  ///< thread states of threads that are no more; their native ids are not known
  std::string build_id = {};      ///< of module_path, in lower-case hexadecimal; empty: none could be read
  std::vector<OtherRuntime> others = {};  ///< where more than one module holds a runtime
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
  [[nodiscard]] static OpenResult open(proc::ProcessFiles& files, const memory::MemorySource& memory,
                                       const LocateOptions& options = {});

  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;
  ~Interpreter();

  [[nodiscard]] const Found& found() const;
  /// For readers of their own; both live as long as the Interpreter.
  [[nodiscard]] const Layout& layout() const;
  [[nodiscard]] const RuntimePlace& place() const;

  /// One vector read when nothing moved since the last call; a walk and at most three vector reads otherwise. What
  /// found().missing names is a gap.
  [[nodiscard]] PythonSnapshot read();

  /// The stacks of all threads of all interpreters (stack_reader.hpp). One vector read when nothing moved.
  [[nodiscard]] model::StackReading read_stacks();

 private:
  class Impl;
  explicit Interpreter(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::cpython
