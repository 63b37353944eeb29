#include "open_failures.hpp"

#include <fmt/format.h>

#include <utility>

#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

using base::ErrorCode;
using model::Reason;

namespace {

std::string known_versions() {
  std::string text;
  for (const Layout* layout : layouts()) {
    text += fmt::format("{}{}.{}{}", text.empty() ? "" : ", ", layout->major, layout->minor,
                        layout->free_threaded ? "t" : "");
  }
  return text;
}

}  // namespace

OpenFailure open_failure(Reason reason, base::Error error, bool retry, Found found) {
  return OpenFailure{.reason = reason, .error = std::move(error), .retry = retry, .found = std::move(found)};
}

OpenFailure unreadable_runtime(base::Error error, Found found) {
  const Reason reason = model::reason_of(error);
  const bool may_pass = error.code == ErrorCode::absent || error.code == ErrorCode::fault;
  return open_failure(reason, std::move(error), may_pass, std::move(found));
}

OpenFailure refused_runtime(Reason reason, const Found& found, std::string detail) {
  return open_failure(reason,
                      {.code = ErrorCode::unsupported,
                       .doing = finding_runtime,
                       .path = found.module_path,
                       .detail = std::move(detail)},
                      false, found);
}

OpenFailure unknown_version(const Found& found) {
  const std::string version = found.version.empty() ? "an unknown version" : found.version;
  return refused_runtime(Reason::version, found, fmt::format("{}; known are {}", version, known_versions()));
}

}  // namespace tidemark::cpython
