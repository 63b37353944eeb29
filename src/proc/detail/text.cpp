#include "text.hpp"

namespace tidemark::proc::detail {

base::Error malformed(std::string_view doing, std::string_view what, std::string_view found) {
  constexpr std::size_t shown_bytes = 80;
  std::string detail(what);
  detail += " in \"";
  detail += found.substr(0, shown_bytes);
  detail += found.size() > shown_bytes ? "…\"" : "\"";
  return base::Error{.code = base::ErrorCode::malformed, .doing = std::string(doing), .detail = std::move(detail)};
}

std::int64_t scaled(std::uint64_t value, std::uint64_t multiplier, std::uint64_t divisor) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::uint64_t whole = value / divisor;
  const std::uint64_t part = value % divisor * multiplier / divisor;
  if (whole > (most - part) / multiplier) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(whole * multiplier + part);
}

std::int64_t saturating_sum(std::int64_t left, std::int64_t right) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(left, right, &sum)) return sum;
  return right > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

}  // namespace tidemark::proc::detail
