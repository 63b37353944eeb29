#include "detail/census_gatherer.hpp"

#include <limits>

#include "detail/cell.hpp"
#include "tidemark/base/text.hpp"
#include "tidemark/record/objects.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

/// Places in objects_columns.
enum Place : std::size_t { timestamp, elapsed, name, pid, type, count, bytes, held_bytes };
static_assert(objects_columns[type] == "type" && objects_columns[held_bytes] == "held_bytes");

std::optional<std::uint64_t> parse_unsigned(std::string_view cell) {
  const auto value = parse_count(cell);
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

}  // namespace

bool KeptCensus::add(std::string type_name, std::uint64_t number, model::Bytes size, model::Bytes held) {
  if (types_.size() == max_census_rows) return false;
  names_.push_back(std::move(type_name));
  types_.push_back({.type = {}, .count = number, .bytes = size, .held_bytes = held});
  return true;
}

void KeptCensus::give_to(model::RecordingVisitor& visitor) {
  for (std::size_t i = 0; i < types_.size(); ++i) types_[i].type = names_[i];
  visitor.on_census({.wall_ns = wall_ns,
                     .elapsed_ns = elapsed_ns,
                     .process_name = process_name,
                     .pid = pid,
                     .started_wall_ns = started_wall_ns,
                     .types = types_});
  clear();
}

void KeptCensus::clear() {
  names_.clear();
  types_.clear();
}

bool CensusGatherer::refuse(std::string_view column, std::string_view cell) {
  constexpr std::size_t most_shown = 40;
  why_ = std::string(column) + " is '" + base::escape_unprintable(cell.substr(0, most_shown)) + "'";
  return false;
}

/// An older recording of this name begins before this one, whatever its elapsed times are.
bool CensusGatherer::is_outside() const {
  return census_.elapsed_ns < first_.elapsed_ns || census_.elapsed_ns > last_.elapsed_ns ||
         census_.wall_ns < first_.wall_ns;
}

bool CensusGatherer::take(std::span<const std::string_view> cells) {
  std::string head;
  for (std::size_t place = timestamp; place <= pid; ++place) head.append(cells[place]).append(1, '\0');
  if (head != head_) {
    const auto elapsed_ns = parse_elapsed(cells[elapsed]);
    const auto process = parse_unsigned(cells[pid]);
    if (!elapsed_ns) return refuse("elapsed_seconds", cells[elapsed]);
    if (!process || *process > std::numeric_limits<base::Pid>::max()) return refuse("pid", cells[pid]);
    finish();
    if (*elapsed_ns < census_.elapsed_ns) {
      why_ = "elapsed_seconds goes back: two recordings were put together";
      return false;
    }
    head_ = std::move(head);
    census_.elapsed_ns = *elapsed_ns;
    census_.wall_ns = parse_wall(cells[timestamp]).value_or(0);
    census_.process_name = unescaped(cells[name]);
    census_.pid = static_cast<base::Pid>(*process);
  }
  const auto number = parse_unsigned(cells[count]);
  const auto size = parse_unsigned(cells[bytes]);
  if (!number) return refuse("count", cells[count]);
  if (!size) return refuse("bytes", cells[bytes]);
  if (census_.add(unescaped(cells[type]), *number, *size, parse_unsigned(cells[held_bytes]).value_or(0))) return true;
  why_ = "more than " + std::to_string(max_census_rows) + " types in one census";
  return false;
}

void CensusGatherer::finish() {
  head_.clear();
  if (census_.is_empty()) return;
  if (!is_outside()) return census_.give_to(visitor_);
  ++foreign_;
  census_.clear();
}

}  // namespace tidemark::record::detail
