// Purpose: options that several commands read in the same way: which processes, and how long one may stand still.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "command_line.hpp"
#include "tidemark/base/address.hpp"

namespace tidemark::cli {

/// One of the two is given.
struct TargetChoice {
  std::vector<base::Pid> pids;
  std::string name_regex;
};

/// -p and --name of `tidemark COMMAND`. Throws Refused.
[[nodiscard]] TargetChoice read_target_choice(const CommandLine& line, std::string_view command);

/// Throws Refused for what is no regular expression.
void check_name_regex(const std::string& expression);

/// --max-pause, which is given. Throws Refused.
[[nodiscard]] std::int64_t read_max_pause(const CommandLine& line);

}  // namespace tidemark::cli
