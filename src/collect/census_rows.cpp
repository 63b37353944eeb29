#include "tidemark/collect/census_rows.hpp"

#include <algorithm>
#include <utility>

namespace tidemark::collect {

model::Census CensusRows::select(model::Census census, std::size_t top) {
  ++serial_;
  std::vector<model::CensusType> rows;
  model::CensusType rest{.type = std::string(model::other_types), .module = {}, .address = {}};
  std::size_t of_top = 0;
  const auto types = model::summed_by_name(census.types);
  for (const auto& type : types) {
    if (type.type == model::other_types) {  // a hostile target's: two rows of one name would be none
      rest += type;
      continue;
    }
    const auto known = followed_.find(type.type);
    const bool is_top = of_top < top;
    const bool has_moved = known != followed_.end() && known->second.has_moved_to(type);
    if (known != followed_.end()) known->second.seen = serial_;
    if (!is_top && !has_moved) {
      rest += type;
      continue;
    }
    if (is_top) ++of_top;
    follow(type);
    rows.push_back(type);
  }
  add_gone(rows);
  forget_smallest();
  rows.push_back(std::move(rest));
  census.types = std::move(rows);
  census.focuses.clear();
  return census;
}

void CensusRows::add_gone(std::vector<model::CensusType>& rows) {
  const std::size_t first = rows.size();
  for (auto& [name, figures] : followed_) {
    if (figures.seen == serial_ || (figures.count == 0 && figures.bytes == 0)) continue;
    figures = {.count = 0, .bytes = 0, .seen = figures.seen};
    rows.push_back({.type = name, .module = {}, .address = {}});
  }
  std::sort(rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end(),
            [](const auto& left, const auto& right) { return left.type < right.type; });
}

void CensusRows::forget_smallest() {
  if (followed_.size() <= most_followed_types) return;
  std::vector<std::pair<model::Bytes, const std::string*>> sizes;
  sizes.reserve(followed_.size());
  for (const auto& [name, figures] : followed_) sizes.emplace_back(figures.bytes, &name);
  const auto excess = static_cast<std::ptrdiff_t>(followed_.size() - most_followed_types);
  std::nth_element(sizes.begin(), sizes.begin() + excess, sizes.end(), [](const auto& left, const auto& right) {
    return std::pair(left.first, *left.second) < std::pair(right.first, *right.second);
  });
  std::vector<std::string> names;
  for (auto size = sizes.begin(); size != sizes.begin() + excess; ++size) names.push_back(*size->second);
  for (const auto& name : names) followed_.erase(name);
}

}  // namespace tidemark::collect
