// Purpose: the command line of `heap` as a value. Nothing is opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/cli/usage.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cli {

/// How a target is read while its heap is walked. `automatic` takes the gentlest exact one.
enum class Consistency { racing, stopped, frozen, automatic };

enum class HeapView { owners, arenas, files, types };

struct HeapOptions {
  // Exactly one of these is given.
  std::vector<base::Pid> pids;
  std::string name_regex;

  bool children = false;
  Consistency consistency = Consistency::racing;
  std::int64_t max_pause_ns = base::ns_per_second;
  bool low_memory = false;
  HeapView by = HeapView::owners;
  bool json = false;
  std::string save_file;                       ///< empty: none
  std::string diff_file;                       ///< empty: none
  std::optional<std::int64_t> growth_ns = {};  ///< --growth: two ledgers, so far apart
  bool is_recorded = false;  ///< not of the command line: ticks wait for it, so it is read once and watched briefly
  cpython::LocateOptions locate;
};

using ParsedHeapOptions = std::variant<HeapOptions, UsageError, HelpWanted>;

/// `arguments` without the word `heap`.
[[nodiscard]] ParsedHeapOptions parse_heap_options(std::span<const std::string> arguments);

}  // namespace tidemark::cli
