// Purpose: the errors of reading a recording back, the same for all of its readers.
#pragma once

#include <string>

#include "tidemark/base/result.hpp"

namespace tidemark::record::detail {

inline constexpr const char* reading = "read the recording";

inline base::Error malformed(const std::string& path, std::string detail) {
  return {.code = base::ErrorCode::malformed, .doing = reading, .path = path, .detail = std::move(detail)};
}

}  // namespace tidemark::record::detail
