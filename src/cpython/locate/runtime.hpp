// Purpose: from a process to its runtime and the layout that fits it, or the reason why there is none.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "module.hpp"
#include "site.hpp"
#include "tidemark/cpython/interpreter.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"

namespace tidemark::cpython {

/// A runtime whose build is known. Not checked yet: see self_check.hpp.
struct LocatedRuntime {
  Found found;
  Layout layout;
  RuntimePlace place;
  std::shared_ptr<const Module> module;
  /// No build of this size was ever checked, or its place was guessed: the self-check asks for more.
  bool is_strict = false;
};

using LocateResult = std::variant<LocatedRuntime, OpenFailure>;

/// The layout for a runtime at `site`, or why none fits: what the process states over a table of ours; for a build that
/// was never tested its own debug information, where there is any; a table alone otherwise. The two are only used
/// during the call.
[[nodiscard]] LocateResult choose_layout(std::shared_ptr<const Module> module, const Site& site,
                                         const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                         const LocateOptions& options = {});

/// All runtimes of the process in the order in which they are to be tried; at least one result, if only a failure.
[[nodiscard]] std::vector<LocateResult> locate_runtimes(const proc::ProcessFiles& process,
                                                        const memory::MemorySource& memory,
                                                        const LocateOptions& options);

}  // namespace tidemark::cpython
