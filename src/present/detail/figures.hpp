// Purpose: figures as cells and words of a report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/analysis/trend.hpp"

namespace tidemark::present::detail {

[[nodiscard]] std::string mb_cell(double bytes);                        ///< "311.0"; from 100000 on without decimals
[[nodiscard]] std::string signed_mb_cell(double bytes);                 ///< "+0.9"
[[nodiscard]] std::string percent_cell(std::optional<double> percent);  ///< "408.9"; empty when unset
[[nodiscard]] std::string signed_percent_cell(std::optional<double> percent);
[[nodiscard]] std::string signed_count(double count);  ///< "+120,300"
[[nodiscard]] std::string plain(double number);        ///< "2", "2.5": a threshold as it was set

/// "15.2 MB/h"; below 1 with two decimals.
[[nodiscard]] std::string rate(double bytes_per_hour);
/// "15.2 MB/h (95 %: 14.1 to 16.3 MB/h)"
[[nodiscard]] std::string rate_with_interval(double value, double lower, double upper);
[[nodiscard]] std::string rate_with_interval(const analysis::Slope& slope);

/// "512 B", "12.3 KB", "40.0 MB", "1.2 GB": for figures that lie far apart.
[[nodiscard]] std::string size_words(double bytes);
[[nodiscard]] std::string signed_size_words(std::int64_t bytes);  ///< "+12.3 KB", "-512 B", "+0 B"
[[nodiscard]] std::string grouped(std::uint64_t count);           ///< "1,234,567"
[[nodiscard]] std::string signed_grouped(std::int64_t count);     ///< "+1,234", "-5", "+0"
/// "99.9" for a share of 0.9999: what is not all never looks like it.
[[nodiscard]] std::string percent_below(double share);

[[nodiscard]] std::string_view plural(std::uint64_t count, std::string_view ending = "s");
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun, std::string_view ending = "s");
/// "1,234 objects"
[[nodiscard]] std::string grouped(std::uint64_t count, std::string_view noun, std::string_view ending = "s");

}  // namespace tidemark::present::detail
