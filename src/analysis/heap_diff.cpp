#include "tidemark/analysis/heap_diff.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "detail/process_matches.hpp"

namespace tidemark::analysis {
namespace {

using model::HeapLedger;
using model::HeapProcess;

struct BothSides {
  std::optional<HeapAmounts> before, after;
};

template <class Key>
using Sides = std::map<Key, BothSides>;

std::uint64_t size_of(std::int64_t change) {
  return change < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(change) : static_cast<std::uint64_t>(change);
}

/// Largest change first; what did not change in bytes by its number.
bool is_larger(const HeapChange& left, const HeapChange& right) {
  return std::tuple(size_of(left.bytes()), size_of(left.count())) >
         std::tuple(size_of(right.bytes()), size_of(right.count()));
}

template <class Change>
void sort_by_change(std::vector<Change>& changes) {
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& left, const Change& right) { return is_larger(left.change, right.change); });
}

/// What is in one list alone counts as 0 in the other, unless that one was full: then nothing is known of it.
template <class Key, class Add>
std::size_t compare(const Sides<Key>& sides, bool before_was_full, bool after_was_full, Add add) {
  std::size_t not_compared = 0;
  for (const auto& [key, both] : sides) {
    const bool is_unknown = (!both.before && before_was_full) || (!both.after && after_was_full);
    if (is_unknown) {
      ++not_compared;
    } else {
      add(key, HeapChange{both.before.value_or(HeapAmounts{}), both.after.value_or(HeapAmounts{})});
    }
  }
  return not_compared;
}

void compare_rows(const HeapLedger& before, const HeapLedger& after, HeapDiff& diff) {
  using Key = std::pair<model::HeapOwner, std::string>;
  Sides<Key> sides;
  for (const auto& row : before.rows) sides[{row.owner, row.detail}].before = {row.bytes, row.count};
  for (const auto& row : after.rows) sides[{row.owner, row.detail}].after = {row.bytes, row.count};
  (void)compare(sides, false, false, [&](const Key& key, const HeapChange& change) {
    diff.rows.push_back({.owner = key.first, .detail = key.second, .change = change});
  });
  sort_by_change(diff.rows);
}

void compare_types(const HeapLedger& before, const HeapLedger& after, HeapDiff& diff) {
  Sides<std::string> sides;
  for (const auto& row : before.types) sides[row.type].before = {row.pymalloc_bytes + row.malloc_bytes, row.count};
  for (const auto& row : after.types) sides[row.type].after = {row.pymalloc_bytes + row.malloc_bytes, row.count};
  diff.types_not_compared =
      compare(sides, before.types.size() >= model::max_heap_types, after.types.size() >= model::max_heap_types,
              [&](const std::string& type, const HeapChange& change) {
                diff.types.push_back({type, change});
              });
  sort_by_change(diff.types);
}

void compare_sizes(const HeapLedger& before, const HeapLedger& after, HeapDiff& diff) {
  const auto& old_sizes = before.malloc.native_sizes;
  const auto& new_sizes = after.malloc.native_sizes;
  Sides<model::Bytes> sides;
  for (const auto& size : old_sizes) sides[size.chunk_bytes].before = {size.total_bytes, size.count};
  for (const auto& size : new_sizes) sides[size.chunk_bytes].after = {size.total_bytes, size.count};
  diff.sizes_not_compared =
      compare(sides, old_sizes.size() >= model::max_native_sizes, new_sizes.size() >= model::max_native_sizes,
              [&](model::Bytes chunk, const HeapChange& change) {
                diff.sizes.push_back({chunk, change});
              });
  sort_by_change(diff.sizes);
}

using Processes = std::vector<HeapProcess>;

}  // namespace

std::int64_t HeapDiff::row_change() const {
  std::uint64_t sum = 0;  // modulo 2^64: figures of a file may be anything
  for (const auto& row : rows) sum += row.change.after.bytes - row.change.before.bytes;
  return static_cast<std::int64_t>(sum);
}

HeapDiff difference_of(const HeapLedger& before, const HeapLedger& after) {
  HeapDiff diff;
  diff.rss_before = before.rss_bytes;
  diff.rss_after = after.rss_bytes;
  diff.moved_change = after.moved_bytes - before.moved_bytes;
  diff.bound_bytes = before.bound_bytes + after.bound_bytes;
  compare_rows(before, after, diff);
  compare_types(before, after, diff);
  compare_sizes(before, after, diff);
  return diff;
}

HeapMatches match_processes(const Processes& before, const Processes& after) {
  return detail::matches_of<HeapMatches>(before, after);
}

HeapComparison compare_heaps(const Processes& before, const Processes& after) {
  HeapMatches matches = match_processes(before, after);
  HeapComparison comparison{
      .processes = {}, .only_before = std::move(matches.only_before), .only_after = std::move(matches.only_after)};
  for (const auto& pair : matches.pairs) {
    comparison.processes.push_back({pair, difference_of(pair.before->ledger, pair.after->ledger)});
  }
  return comparison;
}

}  // namespace tidemark::analysis
