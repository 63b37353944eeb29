// Purpose: where `record` registers and `mark` looks: one answer for both.
#pragma once

#include <string>
#include <vector>

namespace tidemark::cli {

/// record::runtime_directories() of this user and this environment.
[[nodiscard]] std::vector<std::string> own_runtime_directories();

}  // namespace tidemark::cli
