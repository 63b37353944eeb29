#include "tidemark/record/mark_label.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tidemark/base/text.hpp"

namespace tidemark::record {
namespace {

base::Unexpected broken_rule(std::string detail) {
  return base::fail(base::Error{.code = base::ErrorCode::usage, .doing = "name a phase", .detail = std::move(detail)});
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_key(std::string_view key) {
  return !key.empty() && is_letter(key.front()) && std::all_of(key.begin(), key.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

/// The part of a wrong key that a message may show: it can be as long as a command line.
std::string shown(std::string_view text) {
  constexpr std::size_t shown_bytes = 40;
  return base::escape_unprintable(text.substr(0, shown_bytes)) + (text.size() > shown_bytes ? "…" : "");
}

base::Result<void> check_field(const std::string& key, const std::string& value) {
  if (!is_key(key)) {
    return broken_rule(
        fmt::format("'{}' is not a key: letters, digits, _ . and - are, after a first letter or _", shown(key)));
  }
  if (key.size() > mark_key_cap_bytes) {
    return broken_rule(fmt::format("the key {} is longer than {} bytes", shown(key), mark_key_cap_bytes));
  }
  if (value.size() > mark_value_cap_bytes) {
    return broken_rule(fmt::format("the value of {} is longer than {} bytes", key, mark_value_cap_bytes));
  }
  if (!base::is_printable(value)) {
    return broken_rule(fmt::format("the value of {} holds a control character or is not UTF-8", key));
  }
  return {};
}

}  // namespace

base::Result<void> check_mark(const model::Mark& mark) {
  if (mark.label.empty()) return broken_rule("the label is empty");
  if (mark.label.size() > mark_label_cap_bytes) {
    return broken_rule(fmt::format("the label is longer than {} bytes", mark_label_cap_bytes));
  }
  if (!base::is_printable(mark.label)) return broken_rule("the label holds a control character or is not UTF-8");
  if (mark.fields.size() > mark_fields_cap)
    return broken_rule(fmt::format("there are more than {} fields", mark_fields_cap));
  for (auto field = mark.fields.begin(); field != mark.fields.end(); ++field) {
    if (auto checked = check_field(field->first, field->second); !checked) return checked;
    if (std::any_of(mark.fields.begin(), field, [&](const auto& earlier) { return earlier.first == field->first; })) {
      return broken_rule(fmt::format("the key {} comes twice", field->first));
    }
  }
  return {};
}

base::Result<std::pair<std::string, std::string>> parse_mark_field(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    return broken_rule(fmt::format("'{}' is not key=value (a label of several words needs quotes)", shown(text)));
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

}  // namespace tidemark::record
