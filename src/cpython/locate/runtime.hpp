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
};

using LocateResult = std::variant<LocatedRuntime, OpenFailure>;

[[nodiscard]] LocateResult locate_runtime(const proc::ProcessFiles& process, const memory::MemorySource& memory);

}  // namespace tidemark::cpython
