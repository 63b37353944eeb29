#include "tidemark/analysis/census_diff.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "detail/process_matches.hpp"

namespace tidemark::analysis {
namespace {

using model::CensusProcess;

CensusAmounts amounts_of(const model::CensusType& type) {
  return {.count = type.count,
          .bytes = type.bytes,
          .held_bytes = type.held_bytes,
          .immortal = type.immortal,
          .interned = type.interned,
          .types = 1};
}

bool grows_more(const CensusTypeChange& left, const CensusTypeChange& right) {
  return std::tuple(left.change.bytes(), left.change.count()) > std::tuple(right.change.bytes(), right.change.count());
}

struct Matches {
  std::vector<CensusPair> pairs;
  std::vector<const CensusProcess*> only_before, only_after;
};

}  // namespace

CensusAmounts& CensusAmounts::operator+=(const CensusAmounts& more) {
  count += more.count;
  bytes += more.bytes;
  held_bytes += more.held_bytes;
  immortal += more.immortal;
  interned += more.interned;
  types += more.types;
  return *this;
}

std::optional<double> CensusDiff::share_of_growth(const CensusTypeChange& type) const {
  if (type.change.bytes() <= 0 || grown_bytes == 0) return std::nullopt;
  return static_cast<double>(type.change.bytes()) / static_cast<double>(grown_bytes);
}

CensusDiff difference_of(const model::Census& before, const model::Census& after) {
  std::map<std::string_view, CensusChange> changes;
  for (const auto& type : before.types) changes[type.type].before += amounts_of(type);
  for (const auto& type : after.types) changes[type.type].after += amounts_of(type);

  CensusDiff diff{.total = {}, .types = {}};
  diff.consistency_before = before.consistency;
  diff.consistency_after = after.consistency;
  diff.coverage_before = before.coverage;
  diff.coverage_after = after.coverage;
  for (const auto& [name, change] : changes) {
    diff.total.before += change.before;
    diff.total.after += change.after;
    if (change.bytes() > 0) diff.grown_bytes += static_cast<model::Bytes>(change.bytes());
    diff.types.push_back({.type = std::string(name), .change = change});
  }
  std::stable_sort(diff.types.begin(), diff.types.end(), grows_more);
  return diff;
}

CensusComparison compare_censuses(const std::vector<CensusProcess>& before, const std::vector<CensusProcess>& after) {
  auto matches = detail::matches_of<Matches>(before, after);
  CensusComparison comparison{
      .processes = {}, .only_before = std::move(matches.only_before), .only_after = std::move(matches.only_after)};
  for (const auto& pair : matches.pairs) {
    comparison.processes.push_back({pair, difference_of(pair.before->census, pair.after->census)});
  }
  return comparison;
}

}  // namespace tidemark::analysis
