// Purpose: the command line of `stack` as a value. Nothing is opened here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/cli/usage.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cli {

enum class StackFormat { text, json, collapsed };

struct StackOptions {
  // Exactly one of these is given.
  std::vector<base::Pid> pids;
  std::string name_regex;

  bool children = false;
  StackFormat format = StackFormat::text;
  bool stopped = false;  ///< --consistency stopped
  std::int64_t max_pause_ns = base::ns_per_second;
  bool running_only = false;
  bool source = true;
  std::size_t depth = 40;  ///< frames shown of a thread; 0 shows all
  cpython::LocateOptions locate;
};

using ParsedStackOptions = std::variant<StackOptions, UsageError, HelpWanted>;

/// `arguments` without the word `stack`.
[[nodiscard]] ParsedStackOptions parse_stack_options(std::span<const std::string> arguments);

}  // namespace tidemark::cli
