// Purpose: what a command line may turn out to be instead of options. Every parser of a command shares these.
#pragma once

#include <string>

namespace tidemark::cli {

/// What was wrong, and what to do.
struct UsageError {
  std::string message;
  std::string hint;
};

/// `--help` was given; it wins over everything else.
struct HelpWanted {};

}  // namespace tidemark::cli
