#include "tidemark/model/census.hpp"

#include <algorithm>
#include <unordered_map>

namespace tidemark::model {

namespace {

constexpr std::array<std::string_view, gc_place_count> place_words{"untracked",    "generation 0", "generation 1",
                                                                   "generation 2", "frozen",       "unknown"};

std::vector<CensusType> summed_by(const std::vector<CensusType>& types, std::string CensusType::*name) {
  std::vector<CensusType> sums;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& one : types) {
    const auto [place, is_new] = places.emplace(one.*name, sums.size());
    if (is_new) {
      sums.push_back(one);
    } else {
      sums[place->second] += one;
    }
  }
  std::stable_sort(sums.begin(), sums.end(),
                   [](const CensusType& left, const CensusType& right) { return left.bytes > right.bytes; });
  return sums;
}

}  // namespace

CensusType& CensusType::operator+=(const CensusType& other) {
  count += other.count;
  bytes += other.bytes;
  held_bytes += other.held_bytes;
  immortal += other.immortal;
  interned += other.interned;
  has_own_sizeof = has_own_sizeof || other.has_own_sizeof;
  return *this;
}

std::string_view word_of(GcPlace place) { return place_words.at(static_cast<std::size_t>(place)); }

std::optional<GcPlace> find_gc_place(std::string_view word) {
  const auto* const found = std::find(place_words.begin(), place_words.end(), word);
  if (found == place_words.end()) return std::nullopt;
  return static_cast<GcPlace>(found - place_words.begin());
}

double CensusCoverage::share() const {
  constexpr double typical_block_bytes = 64;
  const auto seen = static_cast<double>(blocks);
  const double missed = static_cast<double>(torn_blocks) +
                        static_cast<double>(torn_bytes + lost_bytes + left_out_bytes) / typical_block_bytes;
  return missed == 0 ? 1 : seen / (seen + missed);
}

std::vector<CensusType> summed_by_name(const std::vector<CensusType>& types) {
  return summed_by(types, &CensusType::type);
}

std::vector<CensusType> summed_by_module(const std::vector<CensusType>& types) {
  auto sums = summed_by(types, &CensusType::module);
  for (auto& sum : sums) {
    sum.type = sum.module;
    sum.address = {};
  }
  return sums;
}

}  // namespace tidemark::model
