#include "detail/saved_json.hpp"

#include <array>
#include <charconv>

#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

SavedJson milliseconds_of(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

std::string hex_of(base::Address address) {
  std::array<char, 2 + 16> digits{'0', 'x'};
  const auto end = std::to_chars(digits.data() + 2, digits.data() + digits.size(), address.value, 16).ptr;
  return {digits.data(), end};
}

SavedJson text_or_null(std::string_view text) { return text.empty() ? SavedJson(nullptr) : SavedJson(escaped(text)); }

SavedJson instant_or_null(std::int64_t wall_ns) {
  if (wall_ns == 0) return nullptr;
  std::string instant;
  append_instant(instant, Instant{wall_ns});
  return instant;
}

SavedJson cost_json(const model::HeapCost& cost) {
  SavedJson interrupted = SavedJson::object();
  for (const auto& [name, count] : cost.interrupted_calls) interrupted[escaped(name)] = count;
  return {{"pause_ms", milliseconds_of(cost.pause_ns)},
          {"reap_pause_ms", milliseconds_of(cost.reap_pause_ns)},
          {"read_ms", milliseconds_of(cost.read_ns)},
          {"own_cpu_ms", milliseconds_of(cost.own_cpu_ns)},
          {"bytes_read", cost.bytes_read},
          {"own_rss_bytes", cost.own_rss_bytes},
          {"caused_faults", cost.caused_faults},
          {"threads", cost.threads},
          {"interrupted_calls", std::move(interrupted)}};
}

void append(SavedJson& json, SavedJson more) {
  for (auto& [key, value] : more.items()) json[key] = std::move(value);
}

}  // namespace tidemark::record::detail
