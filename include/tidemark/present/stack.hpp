// Purpose: what `tidemark stack` says, as plain values, and its text, JSON and folded lines. Values in, text out:
// names, paths and source lines come from the target and are made safe here.
// Invariants: no line of text is wider than the width asked for; JSON and folded lines always have every frame.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/model/stack.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::present {

/// What a stop did to the target.
struct StopCost {
  std::int64_t pause_ns = 0;                                           ///< no thread stood longer
  std::size_t threads = 0;                                             ///< that stood
  std::vector<std::pair<std::string, std::size_t>> interrupted_calls;  ///< that returned EINTR, by name
  std::size_t restarted_calls = 0;                                     ///< that would have, and were restarted by us
};

/// Source lines by file (as a code object names it) and line, as far as they could be read.
using SourceText = std::map<std::pair<std::string, std::int64_t>, std::string>;

struct StackProcess {
  base::Pid pid = 0;
  std::optional<base::Pid> inner_pid;  ///< as the process itself names it, when that is another number
  base::Pid parent = 0;                ///< 0: named by the user; else whose child it is (--children)
  std::string name;                    ///< what a person calls it
  std::string version;                 ///< "3.11.2"; empty when not known
  std::string layout_origin, module_path;
  std::string located_by;                ///< how the runtime was found
  std::vector<std::string> missing;      ///< parts that the self-check could not vouch for: they are not shown
  std::optional<model::Reason> failure;  ///< why there is no reading
  std::string failure_text;
  std::optional<model::StackReading> reading;
  std::size_t left_out = 0;      ///< threads that the user did not ask for
  std::optional<StopCost> stop;  ///< nullopt: it ran while it was read
  SourceText source;
  std::uint64_t bytes_read = 0;  ///< of its memory
  std::int64_t read_ns = 0;      ///< wall time that reading the stacks took, without finding the interpreter
};

struct StackView {
  std::string consistency = "racing";  ///< "racing", "stopped"
  std::vector<StackProcess> processes;
  std::int64_t own_cpu_ns = 0;
};

struct StackStyle {
  TextStyle text = {};
  std::size_t depth = 40;  ///< frames shown of one thread; 0 shows all
};

[[nodiscard]] std::string stack_text(const StackView& view, const StackStyle& style);
/// {"schema":1,"tool":…,"processes":[…]}; docs/stack.md has the keys.
[[nodiscard]] std::string stack_json(const StackView& view);
/// `process;thread;outermost;…;innermost COUNT`, one line for each different stack, as flamegraph.pl reads them.
[[nodiscard]] std::string stack_folded(const StackView& view);

}  // namespace tidemark::present
