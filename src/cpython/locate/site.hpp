// Purpose: the ladder: where in a module a runtime may be, cheapest way first.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "module.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cpython {

/// A place where a runtime may be. Nothing of it is checked yet.
struct Site {
  Rung rung = Rung::symbols;
  std::string located_by;
  /// `runtime` is there; its size is 0 where nobody says it. The other symbols as far as they are known.
  RuntimeSymbols symbols;
};

/// Cost little, so that they are tried in all modules before any other is in one.
inline constexpr std::array<Rung, 3> cheap_rungs{Rung::section, Rung::symbols, Rung::memory_symbols};
inline constexpr std::array<Rung, 2> other_rungs{Rung::debug_file, Rung::scan};

/// The sites that the first of these rungs with any gives; only a scan gives more than one. Empty: none.
[[nodiscard]] std::vector<Site> find_sites(const Module& module, std::span<const Rung> rungs,
                                           const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                           const LocateOptions& options);

}  // namespace tidemark::cpython
