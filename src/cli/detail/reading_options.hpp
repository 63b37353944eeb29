// Purpose: options that the commands which read a heap share: how it is read, and what one reading is compared with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "command_line.hpp"
#include "tidemark/cli/reading_mode.hpp"

namespace tidemark::cli {

/// -p, --name and --children; `of_this` says what is shown of the process: "the memory of this process".
void add_target_options(boost::program_options::options_description_easy_init& add, const char* of_this,
                        const char* of_descendants);
/// --consistency, --max-pause, --low-memory.
void add_mode_options(boost::program_options::options_description_easy_init& add);
/// --save, --diff and --growth; `reading` is what one is called: "ledger", "census".
void add_comparison_options(boost::program_options::options_description_easy_init& add, const std::string& reading);

/// Throws Refused, as the next.
[[nodiscard]] ReadingMode read_mode(const CommandLine& line);

[[nodiscard]] ComparisonChoice read_comparison(const CommandLine& line, const std::string& reading);

/// What was asked for, as the formats have it.
[[nodiscard]] std::string_view word_of(Consistency consistency);

}  // namespace tidemark::cli
