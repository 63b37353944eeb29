// Purpose: the command line of `record` as a value. Nothing is opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/cli/usage.hpp"
#include "tidemark/collect/census_rows.hpp"

namespace tidemark::cli {

enum class PssMode { automatic, off, every };

struct RecordOptions {
  // Exactly one of these is given.
  std::vector<base::Pid> pids;
  std::string name_regex;
  std::vector<std::string> command;

  std::int64_t interval_ns = 1'000'000'000;
  std::optional<std::int64_t> duration_ns;
  std::vector<std::string> outputs;  ///< empty: names are made from the target and the time
  bool children = true;
  bool append = false;
  std::optional<std::uint64_t> rotate_bytes;
  std::size_t keep = 0;
  PssMode pss = PssMode::automatic;
  std::int64_t pss_interval_ns = 0;  ///< of PssMode::every
  bool maps = false;
  bool stacks = false;
  std::optional<std::int64_t> heap_interval_ns;    ///< --heap: a ledger so often at most
  std::optional<std::int64_t> census_interval_ns;  ///< --census: a census of objects so often at most
  std::size_t census_top = collect::default_census_top;
  bool require_python = false;
  bool mark_signal = false;
  bool quiet = false;
};

using ParsedRecordOptions = std::variant<RecordOptions, UsageError, HelpWanted>;

/// `arguments` without the word `record`. Everything after `--` is the COMMAND.
[[nodiscard]] ParsedRecordOptions parse_record_options(std::span<const std::string> arguments);

/// `tidemark record --help`.
[[nodiscard]] std::string record_help();

}  // namespace tidemark::cli
