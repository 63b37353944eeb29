#include "detail/saved_members.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "tidemark/record/heap_file.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

constexpr std::uint64_t max_count = std::uint64_t{1} << 62U;
constexpr double max_ms = 1e12;  // 30 years

const SavedJson& no_members() {
  static const SavedJson none = SavedJson::object();
  return none;
}

/// Within the range of std::int64_t.
bool is_whole(const SavedJson& value) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return value.is_number_integer() && (!value.is_number_unsigned() || value.get<std::uint64_t>() <= most);
}

}  // namespace

void Members::refuse(const std::string& key, const std::string& what) const {
  throw NotAsSaved{(place_.empty() ? "" : place_ + ".") + key + " is " + what};
}

const SavedJson* Members::find(const std::string& key) const {
  if (!json_.is_object()) throw NotAsSaved{place_ + " is not an object"};
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

std::string Members::text(const std::string& key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_string()) refuse(key, "not a text");
  return unescaped(value->get_ref<const std::string&>());
}

bool Members::flag(const std::string& key) const {
  const auto* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) refuse(key, "neither true nor false");
  return value->get<bool>();
}

std::uint64_t Members::count(const std::string& key) const {
  const auto* value = find(key);
  if (value == nullptr) return 0;
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > max_count) refuse(key, "not a count");
  return value->get<std::uint64_t>();
}

std::int64_t Members::number(const std::string& key) const {
  const auto* value = find(key);
  if (value == nullptr) return 0;
  if (!is_whole(*value)) refuse(key, "not a whole number");
  return value->get<std::int64_t>();
}

model::Bytes Members::bytes(const std::string& key) const {
  const auto* value = find(key);
  if (value == nullptr) refuse(key, "missing");
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > max_heap_bytes) {
    refuse(key, "not a number of bytes");
  }
  return value->get<std::uint64_t>();
}

std::int64_t Members::signed_bytes(const std::string& key) const {
  constexpr auto most = static_cast<std::int64_t>(max_heap_bytes);
  const auto* value = find(key);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return static_cast<std::int64_t>(bytes(key));
  if (!value->is_number_integer() || value->get<std::int64_t>() < -most) refuse(key, "not a number of bytes");
  return value->get<std::int64_t>();
}

std::int64_t Members::nanoseconds(const std::string& key) const {
  const auto* value = find(key);
  if (value == nullptr) return 0;
  const double ms = value->is_number() ? value->get<double>() : -1;
  if (!(ms >= 0 && ms <= max_ms)) refuse(key, "not a time");
  return std::llround(ms * 1e6);
}

base::Address Members::address(const std::string& key) const {
  const std::string digits = text(key);
  base::Address address;
  if (digits.empty()) return address;
  const char* end = digits.data() + digits.size();
  const bool has_prefix = digits.starts_with("0x") && digits.size() > 2;
  const auto [at, failed] = std::from_chars(digits.data() + (has_prefix ? 2 : 0), end, address.value, 16);
  if (!has_prefix || failed != std::errc{} || at != end) refuse(key, "not an address");
  return address;
}

base::Pid Members::pid(const std::string& key) const {
  const std::uint64_t number = count(key);
  if (number == 0 || number > static_cast<std::uint64_t>(std::numeric_limits<base::Pid>::max())) {
    refuse(key, "not a process id");
  }
  return static_cast<base::Pid>(number);
}

Members Members::object(const std::string& key) const {
  const auto* value = find(key);
  const std::string place = (place_.empty() ? "" : place_ + ".") + key;
  if (value == nullptr) return {no_members(), place};
  if (!value->is_object()) refuse(key, "not an object");
  return {*value, place};
}

std::vector<std::string> Members::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : json_.items()) names.push_back(name);
  return names;
}

const SavedJson* Members::list(const std::string& key, std::size_t most) const {
  const auto* value = find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) refuse(key, "not a list");
  if (value->size() > most) refuse(key, "longer than " + std::to_string(most));
  return value;
}

void Members::each(const std::string& key, std::size_t most, const std::function<void(const Members&)>& take) const {
  const auto* items = list(key, most);
  if (items == nullptr) return;
  const std::string place = (place_.empty() ? "" : place_ + ".") + key;
  for (std::size_t at = 0; at < items->size(); ++at) {
    take(Members((*items)[at], place + "[" + std::to_string(at) + "]"));
  }
}

void Members::each_text(const std::string& key, std::size_t most, const std::function<void(std::string)>& take) const {
  const auto* items = list(key, most);
  if (items == nullptr) return;
  for (const auto& item : *items) {
    if (!item.is_string()) refuse(key, "not a list of texts");
    take(unescaped(item.get_ref<const std::string&>()));
  }
}

void Members::each_number(const std::string& key, std::size_t most,
                          const std::function<void(std::int64_t)>& take) const {
  const auto* items = list(key, most);
  if (items == nullptr) return;
  for (const auto& item : *items) {
    if (!is_whole(item)) refuse(key, "not a list of whole numbers");
    take(item.get<std::int64_t>());
  }
}

model::HeapCost cost_of(const Members& json) {
  model::HeapCost cost{.pause_ns = json.nanoseconds("pause_ms"),
                       .reap_pause_ns = json.nanoseconds("reap_pause_ms"),
                       .read_ns = json.nanoseconds("read_ms"),
                       .own_cpu_ns = json.nanoseconds("own_cpu_ms"),
                       .bytes_read = json.bytes_or_0("bytes_read"),
                       .own_rss_bytes = json.bytes_or_0("own_rss_bytes"),
                       .caused_faults = json.count("caused_faults"),
                       .threads = json.count("threads"),
                       .interrupted_calls = {}};
  const Members calls = json.object("interrupted_calls");
  for (const auto& name : calls.names()) cost.interrupted_calls.emplace_back(unescaped(name), calls.count(name));
  return cost;
}

Members members_of_file(const SavedJson& json, int schema) {
  Members all(json, "");
  if (!json.is_object() || !all.has("processes")) throw NotAsSaved{"no object with processes"};
  if (all.count("schema") != static_cast<std::uint64_t>(schema)) all.refuse("schema", "not " + std::to_string(schema));
  return all;
}

}  // namespace tidemark::record::detail
