#include "detail/append_plan.hpp"

#include <nlohmann/json.hpp>

namespace tidemark::record::detail {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

/// What two JSONL headers must share, as text; empty for what is not a header of ours.
std::string comparable(const std::string& line) {
  const auto header = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!header.is_object() || !header.contains("format_version") || !header.contains("units")) return {};
  return header["format_version"].dump() + ' ' + header["units"].dump();
}

Error refusal(const std::string& path, const std::string& found, const std::string& ours) {
  constexpr std::size_t most_shown = 4096;
  return Error{.code = ErrorCode::usage,
               .doing = "append to the recording",
               .path = path,
               .detail = "its header is `" + found.substr(0, most_shown) + "`, ours is `" + ours + "`"};
}

/// `ours` is the header line without its newline.
bool is_equal(Format format, const std::string& found, const std::string& ours) {
  if (format != Format::jsonl) return found == ours;
  return !comparable(found).empty() && comparable(found) == comparable(ours);
}

/// A file that was killed while its header was written: nothing but the beginning of one.
bool is_torn_header(Format format, const std::string& found, const std::string& ours) {
  if (format != Format::jsonl) return ours.starts_with(found);
  constexpr std::string_view begin = R"({"type":"header",)";
  return found.starts_with(begin.substr(0, found.size()));
}

}  // namespace

Result<AppendPlan> plan_append(const std::string& path, const RotatedSet& rotated, Format format,
                               const std::string& header_line) {
  const std::string ours = header_line.substr(0, header_line.size() - 1);
  const auto ends = read_ends(path);
  if (!ends) return base::fail(ends.error());
  const bool fits =
      ends->whole_bytes > 0 ? is_equal(format, ends->first_line, ours) : is_torn_header(format, ends->first_line, ours);
  if (!fits) return base::fail(refusal(path, ends->first_line, ours));
  AppendPlan plan{.keep_bytes = ends->whole_bytes, .torn_bytes = ends->torn_bytes, .last = {}};
  auto last = read_last_row(path, format);
  if (!last) return base::fail(std::move(last).error());
  if (!*last && !rotated.empty()) {
    const auto newest = read_ends(rotated.newest());
    if (!newest) return base::fail(newest.error());
    if (!is_equal(format, newest->first_line, ours)) {
      return base::fail(refusal(rotated.newest(), newest->first_line, ours));
    }
    last = read_last_row(rotated.newest(), format);
    if (!last) return base::fail(std::move(last).error());
  }
  plan.last = std::move(*last);
  return plan;
}

}  // namespace tidemark::record::detail
