// Purpose: why a runtime, or a layout for one, was not found.
#pragma once

#include <string>

#include "tidemark/base/result.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cpython {

/// What errors say was being done.
inline constexpr const char* finding_runtime = "find the Python runtime";

[[nodiscard]] OpenFailure open_failure(model::Reason reason, base::Error error, bool retry = false, Found found = {});
/// The process changes under our hands when it is just replaced or forked: try again later.
[[nodiscard]] OpenFailure unreadable_runtime(base::Error error, Found found = {});
[[nodiscard]] OpenFailure refused_runtime(model::Reason reason, const Found& found, std::string detail);
/// No table is of that version.
[[nodiscard]] OpenFailure unknown_version(const Found& found);

}  // namespace tidemark::cpython
