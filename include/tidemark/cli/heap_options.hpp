// Purpose: the command line of `heap` as a value. Nothing is opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/cli/reading_mode.hpp"
#include "tidemark/cli/usage.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cli {

enum class HeapView { owners, arenas, files, types };

struct HeapOptions : ReadingMode, ComparisonChoice {
  // Exactly one of these is given.
  std::vector<base::Pid> pids;
  std::string name_regex;

  bool children = false;
  HeapView by = HeapView::owners;
  bool json = false;
  bool is_recorded = false;  ///< not of the command line: ticks wait for it, so it is read once and watched briefly
  cpython::LocateOptions locate;
};

using ParsedHeapOptions = std::variant<HeapOptions, UsageError, HelpWanted>;

/// `arguments` without the word `heap`.
[[nodiscard]] ParsedHeapOptions parse_heap_options(std::span<const std::string> arguments);

}  // namespace tidemark::cli
