// Purpose: from a process to its runtime and the layout that fits it, or the reason why there is none.
#pragma once

#include <variant>

#include "module.hpp"
#include "tidemark/cpython/interpreter.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"

namespace tidemark::cpython {

/// A runtime whose build is known. Not checked yet: see self_check.hpp.
struct LocatedRuntime {
  Found found;
  Layout layout;
  RuntimePlace place;
  Module module;
  bool is_untested_micro = false;  ///< no build of this size was ever checked: the self-check is stricter
};

using LocateResult = std::variant<LocatedRuntime, OpenFailure>;

/// The layout for a module that is Python's (`symbols.is_python()`), or why none fits. `memory` is read only during the
/// call.
[[nodiscard]] LocateResult choose_layout(Module module, const memory::MemorySource& memory);

[[nodiscard]] LocateResult locate_runtime(const proc::ProcessFiles& process, const memory::MemorySource& memory);

}  // namespace tidemark::cpython
