#include "tidemark/record/mark_protocol.hpp"

#include <doctest/doctest.h>

#include <tuple>

using namespace tidemark;
using namespace tidemark::record;

namespace {

model::Mark some_mark() {
  return {.label = "load \"test\" é\\", .fields = {{"users", "500"}, {"note", ""}, {"a", "x=y"}}};
}

std::string line_of(std::string text) {
  REQUIRE(text.ends_with('\n'));
  text.pop_back();
  CHECK(text.find('\n') == std::string::npos);
  return text;
}

base::ErrorCode failure_of(std::string_view line) {
  const auto mark = decode_mark_request(line);
  REQUIRE_FALSE(mark);
  CHECK_FALSE(mark.error().detail.empty());
  return mark.error().code;
}

}  // namespace

TEST_CASE("a request says the same on the other side, fields in their order") {
  const auto mark = decode_mark_request(line_of(encode_mark_request(some_mark())));
  REQUIRE(mark);
  CHECK(mark->label == some_mark().label);
  CHECK(mark->fields == some_mark().fields);
}

TEST_CASE("the documented request is understood; unknown members are for later versions") {
  const auto mark =
      decode_mark_request(R"({"version":1,"label":"load test","fields":[["users","500"]],"later":[1,{}]})");
  REQUIRE(mark);
  CHECK(mark->label == "load test");
  CHECK(mark->fields.size() == 1);
  CHECK(decode_mark_request(R"({"version":1,"label":"bare"})").value().fields.empty());
}

TEST_CASE("a request cut anywhere is no request") {
  const auto line = line_of(encode_mark_request(some_mark()));
  for (std::size_t length = 0; length < line.size(); ++length) {
    CAPTURE(length);
    CHECK(failure_of(line.substr(0, length)) == base::ErrorCode::malformed);
  }
}

TEST_CASE("a request of another shape is malformed, not an exception") {
  for (const char* line :
       {"", "[]", "null", "7", "\"x\"", "\xff\xfe", "{}", R"({"version":"1","label":"x"})",
        R"({"version":1.5,"label":"x"})", R"({"version":1})", R"({"version":1,"label":7})",
        R"({"version":1,"label":null})", R"({"version":1,"label":"x","fields":{}})",
        R"({"version":1,"label":"x","fields":[1]})", R"({"version":1,"label":"x","fields":[["a"]]})",
        R"({"version":1,"label":"x","fields":[["a",1]]})", R"({"version":1,"label":"x","fields":[["a","b","c"]]})",
        "{\"version\":1,\"label\":\"\xff\"}", R"({"version":1,"label":"x"} {})"}) {
    CAPTURE(line);
    CHECK(failure_of(line) == base::ErrorCode::malformed);
  }
}

TEST_CASE("deep nesting and great length end in an error") {
  CHECK(failure_of(std::string(mark_request_cap_bytes, '[')) == base::ErrorCode::malformed);
  std::string nested =
      R"({"version":1,"label":"x","fields":)" + std::string(20'000, '[') + std::string(20'000, ']') + "}";
  CHECK(failure_of(nested) == base::ErrorCode::malformed);
  CHECK(failure_of(R"({"version":1,"label":")" + std::string(mark_request_cap_bytes, 'x') + "\"}") ==
        base::ErrorCode::malformed);
}

TEST_CASE("the recorder holds a client to the rules, and to the version") {
  CHECK(failure_of(R"({"version":1,"label":""})") == base::ErrorCode::usage);
  CHECK(failure_of(R"({"version":1,"label":"a\nb"})") == base::ErrorCode::usage);
  CHECK(failure_of(R"({"version":1,"label":"x","fields":[["9","v"]]})") == base::ErrorCode::usage);
  CHECK(failure_of(R"({"version":2,"label":"x"})") == base::ErrorCode::unsupported);
  CHECK(failure_of(R"({"version":-9223372036854775808,"label":"x"})") == base::ErrorCode::unsupported);
}

TEST_CASE("a mark that breaks the rules is still encoded without an exception") {
  const auto line = line_of(encode_mark_request({.label = "\xff", .fields = {}}));
  CHECK(decode_mark_request(line).has_value());  // as U+FFFD
}

TEST_CASE("a reply says the same on the other side") {
  for (const auto outcome : {MarkOutcome::written, MarkOutcome::failed, MarkOutcome::refused}) {
    const MarkReply sent{.outcome = outcome, .elapsed_ns = 12'345'678'900, .text = "no space on é"};
    const auto reply = decode_mark_reply(line_of(encode_mark_reply(sent)));
    REQUIRE(reply);
    CHECK(reply->outcome == outcome);
    CHECK(reply->elapsed_ns == sent.elapsed_ns);
    CHECK(reply->text == sent.text);
  }
}

TEST_CASE("a reply's text is printable and bounded, whichever side makes it") {
  const auto reply =
      decode_mark_reply(line_of(encode_mark_reply({.text = "\x1b[2J\xff" + std::string(100'000, '\n')})));
  REQUIRE(reply);
  CHECK(reply->text.starts_with("\\x1b[2J\\xff\\x0a"));
  CHECK(reply->text.size() < mark_reply_cap_bytes);
  const auto hostile =
      decode_mark_reply(R"({"version":1,"outcome":"failed","elapsed_ns":0,"text":"\u001b]0;x\u0007"})");
  REQUIRE(hostile);
  CHECK(hostile->text == "\\x1b]0;x\\x07");
}

TEST_CASE("a reply of another shape is malformed") {
  for (const char* line : {"", "{}", R"({"version":1})", R"({"version":1,"outcome":"done","elapsed_ns":0,"text":""})",
                           R"({"version":1,"outcome":"written","elapsed_ns":"0","text":""})",
                           R"({"version":1,"outcome":"written","elapsed_ns":1.5,"text":""})",
                           R"({"version":1,"outcome":"written","elapsed_ns":0})"}) {
    CAPTURE(line);
    const auto reply = decode_mark_reply(line);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == base::ErrorCode::malformed);
  }
}
