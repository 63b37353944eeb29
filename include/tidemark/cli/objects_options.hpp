// Purpose: the command line of `objects` as a value. Nothing is opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/cli/reading_mode.hpp"
#include "tidemark/cli/usage.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cli {

enum class ObjectsSort { size, count };

struct ObjectsOptions : ReadingMode, ComparisonChoice {
  // Exactly one of these is given.
  std::vector<base::Pid> pids;
  std::string name_regex;

  bool children = false;
  ObjectsSort sort = ObjectsSort::size;
  std::optional<std::size_t> top = {};  ///< rows shown; 0: all; not given: as many as a screen has, and all in JSON
  std::string filter;                   ///< a glob of names; empty: all types
  bool by_module = false;
  std::string type;  ///< of --type; empty: none is looked at closer
  std::size_t samples = 10;
  std::int64_t budget_ns = 10 * base::ns_per_second;  ///< of our own CPU, for one process
  bool json = false;
  cpython::LocateOptions locate;
};

using ParsedObjectsOptions = std::variant<ObjectsOptions, UsageError, HelpWanted>;

/// `arguments` without the word `objects`.
[[nodiscard]] ParsedObjectsOptions parse_objects_options(std::span<const std::string> arguments);

}  // namespace tidemark::cli
