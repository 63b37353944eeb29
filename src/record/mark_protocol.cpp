#include "tidemark/record/mark_protocol.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "tidemark/base/text.hpp"
#include "tidemark/record/mark_label.hpp"

namespace tidemark::record {
namespace {

using Json = nlohmann::json;

// Escaped and quoted it is at most five times as long, which leaves room in mark_reply_cap_bytes.
constexpr std::size_t reply_text_cap_bytes = 1024;
constexpr std::array outcome_names{"written", "failed", "refused"};  // in the order of MarkOutcome

base::Unexpected malformed(const char* doing, std::string detail) {
  return base::fail(base::Error{.code = base::ErrorCode::malformed, .doing = doing, .detail = std::move(detail)});
}

/// The member when it is there and a T in JSON's own sense; nlohmann throws on any other.
template <class T>
std::optional<T> member(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return std::nullopt;
  } else {
    if (!found->is_number_integer()) return std::nullopt;
  }
  return found->template get<T>();
}

/// An object of the version that we speak.
base::Result<Json> parse_message(std::string_view line, std::size_t cap_bytes, const char* doing) {
  if (line.size() > cap_bytes) return malformed(doing, "it is too long");
  auto json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return malformed(doing, "it is not a JSON object");
  const auto version = member<std::int64_t>(json, "version");
  if (!version) return malformed(doing, "it has no version");
  if (*version != mark_protocol_version) {
    return base::fail(base::Error{.code = base::ErrorCode::unsupported,
                                  .doing = doing,
                                  .detail = "it speaks version " + std::to_string(*version) + ", this is version " +
                                            std::to_string(mark_protocol_version)});
  }
  return json;
}

}  // namespace

std::string encode_mark_request(const model::Mark& mark) {
  auto fields = Json::array();
  for (const auto& [key, value] : mark.fields) fields.push_back(Json::array({key, value}));
  const Json json{{"version", mark_protocol_version}, {"label", mark.label}, {"fields", std::move(fields)}};
  // `replace`: a mark that was not checked must not throw here; the recorder refuses it.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

base::Result<model::Mark> decode_mark_request(std::string_view line) {
  constexpr const char* doing = "read a request for a mark";
  auto json = parse_message(line, mark_request_cap_bytes, doing);
  if (!json) return base::fail(std::move(json).error());
  auto label = member<std::string>(*json, "label");
  if (!label) return malformed(doing, "it has no label");
  model::Mark mark{.label = std::move(*label), .fields = {}};
  const auto fields = json->find("fields");
  if (fields != json->end() && !fields->is_array()) return malformed(doing, "its fields are not an array");
  if (fields != json->end()) {
    for (const auto& field : *fields) {
      if (!field.is_array() || field.size() != 2 || !field[0].is_string() || !field[1].is_string()) {
        return malformed(doing, "a field is not a pair of strings");
      }
      mark.fields.emplace_back(field[0].get<std::string>(), field[1].get<std::string>());
    }
  }
  if (auto checked = check_mark(mark); !checked) return base::fail(std::move(checked).error());
  return mark;
}

std::string encode_mark_reply(const MarkReply& reply) {
  const Json json{{"version", mark_protocol_version},
                  {"outcome", outcome_names.at(static_cast<std::size_t>(reply.outcome))},
                  {"elapsed_ns", reply.elapsed_ns},
                  {"text", base::escape_unprintable(std::string_view(reply.text).substr(0, reply_text_cap_bytes))}};
  return json.dump() + '\n';
}

base::Result<MarkReply> decode_mark_reply(std::string_view line) {
  constexpr const char* doing = "read the recorder's answer";
  auto json = parse_message(line, mark_reply_cap_bytes, doing);
  if (!json) return base::fail(std::move(json).error());
  const auto outcome = member<std::string>(*json, "outcome");
  const auto elapsed_ns = member<std::int64_t>(*json, "elapsed_ns");
  const auto text = member<std::string>(*json, "text");
  if (!outcome || !elapsed_ns || !text) return malformed(doing, "a member is missing");
  for (std::size_t i = 0; i < outcome_names.size(); ++i) {
    if (*outcome == outcome_names.at(i)) {
      return MarkReply{
          .outcome = static_cast<MarkOutcome>(i), .elapsed_ns = *elapsed_ns, .text = base::escape_unprintable(*text)};
    }
  }
  return malformed(doing, "an outcome that is not known");
}

}  // namespace tidemark::record
