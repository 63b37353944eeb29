#include "tidemark/record/mark_label.hpp"

#include <doctest/doctest.h>

using namespace tidemark;
using record::check_mark;

namespace {

/// Why the rules refuse it; empty when they do not.
std::string refusal(const model::Mark& mark) {
  const auto checked = check_mark(mark);
  if (checked) return {};
  CHECK(checked.error().code == base::ErrorCode::usage);
  return checked.error().detail;
}

std::string refusal_of_label(std::string label) { return refusal({.label = std::move(label), .fields = {}}); }

std::string refusal_of_field(std::string key, std::string value) {
  return refusal({.label = "x", .fields = {{std::move(key), std::move(value)}}});
}

}  // namespace

TEST_CASE("a label is text of up to 200 bytes") {
  CHECK(refusal_of_label("load test, 200 users; a=b \"é\" \\").empty());
  CHECK(refusal_of_label("").find("empty") != std::string::npos);
  CHECK(refusal_of_label(std::string(200, 'x')).empty());
  CHECK(refusal_of_label(std::string(201, 'x')).find("200 bytes") != std::string::npos);
}

TEST_CASE("a label that a row or a terminal would choke on is refused") {
  for (const std::string label :
       {"two\nlines", "tab\t", "\x1b[2J", "del\x7f", "c1 \xc2\x9b", "latin-1 \xe9", "cut \xc3"}) {
    CAPTURE(label);
    CHECK(refusal_of_label(label).find("control character") != std::string::npos);
  }
  CHECK_FALSE(refusal_of_label(std::string("nul\0", 4)).empty());
}

TEST_CASE("keys are names") {
  for (const char* key : {"a", "_", "users", "A.b-c_9"}) {
    CAPTURE(key);
    CHECK(refusal_of_field(key, "1").empty());
  }
  for (const char* key : {"", "9a", "-a", ".a", "a b", "a\n", "\xc3\xa9"}) {
    CAPTURE(key);
    CHECK(refusal_of_field(key, "1").find("is not a key") != std::string::npos);
  }
  CHECK(refusal_of_field(std::string(200, 'k'), "").empty());
  CHECK(refusal_of_field(std::string(201, 'k'), "").find("longer than 200") != std::string::npos);
}

TEST_CASE("values are text of up to 1 KiB, empty ones too") {
  CHECK(refusal_of_field("a", "").empty());
  CHECK(refusal_of_field("a", std::string(1024, 'v')).empty());
  CHECK(refusal_of_field("a", std::string(1025, 'v')).find("1024 bytes") != std::string::npos);
  CHECK(refusal_of_field("a", "x\ny").find("control character") != std::string::npos);
}

TEST_CASE("at most 32 fields, each key once") {
  model::Mark mark{.label = "x", .fields = {}};
  for (int i = 0; i < 32; ++i) mark.fields.emplace_back("k" + std::to_string(i), "v");
  CHECK(refusal(mark).empty());
  mark.fields.emplace_back("k32", "v");
  CHECK(refusal(mark).find("32 fields") != std::string::npos);
  CHECK(refusal({.label = "x", .fields = {{"a", "1"}, {"b", "1"}, {"a", "2"}}}).find("a comes twice") !=
        std::string::npos);
}

TEST_CASE("a refusal shows a short and printable part of what was wrong") {
  const auto text = refusal_of_field(std::string(5000, '!'), "");
  CHECK(text.size() < 200);
  CHECK(refusal_of_field("\x1b[2J", "").find('\x1b') == std::string::npos);
}

TEST_CASE("a field is cut at its first =") {
  const auto field = record::parse_mark_field("query=a=b");
  REQUIRE(field);
  CHECK(field->first == "query");
  CHECK(field->second == "a=b");
  CHECK(record::parse_mark_field("empty=").value().second.empty());
  CHECK(record::parse_mark_field("=v").value().first.empty());  // refused by check_mark
  const auto word = record::parse_mark_field("test");
  REQUIRE_FALSE(word);
  CHECK(word.error().code == base::ErrorCode::usage);
}
