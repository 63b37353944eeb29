#include "detail/census_taker.hpp"

#include <algorithm>

#include "tidemark/cpython/refcounts.hpp"

namespace tidemark::heap {

namespace {

bool comes_before(const model::CensusType& left, const model::CensusType& right) {
  return left.bytes != right.bytes ? left.bytes > right.bytes : left.count > right.count;
}

}  // namespace

void CensusTaker::begin(TypeTable& types, bool has_pymalloc) {
  types_ = &types;
  sizer_.set_blocks(BlockSizes(has_pymalloc));
}

bool CensusTaker::is_in_focus(const TypeName& name) const {
  if (aim_.focus.empty()) return false;
  if (aim_.focus == name.qualname || aim_.focus == name.whole()) return true;
  const auto dot = name.qualname.rfind('.');  // of a class in a class, or in a function
  return dot != std::string::npos && aim_.focus == std::string_view(name.qualname).substr(dot + 1);
}

CensusTaker::Row& CensusTaker::begin_row(TypeEntry& type) {
  if (type.index >= rows_.size()) rows_.resize(type.index + 1);
  auto& row = rows_[type.index];
  row.is_known = true;
  auto name = types_->name_of(type);
  row.sums.type = name.whole();
  row.sums.address = {type.address};
  row.sizes = sizer_.of_type(type, *types_);
  row.sums.has_own_sizeof = row.sizes.has_own_sizeof;
  if (is_in_focus(name)) {
    row.focus = static_cast<std::uint32_t>(focuses_.size());
    focuses_.emplace_back(type.index, type.has_gc, aim_.samples);
  }
  row.sums.module = std::move(name.module);
  return row;
}

void CensusTaker::take(const Recogniser& /*recogniser*/, const FoundObject& found) {
  auto& row = row_of(found.type);
  SeenObject object{.address = found.address,
                    .refcount = load(found.bytes),
                    .bytes = 0,
                    .held = found.held + sizer_.values_held(row.sizes, found),
                    .is_interned = found.type.kind == ObjectKind::str && sizer_.is_interned(found)};
  if (!sizer_.is_dict(row.sizes, found)) {
    sizer_.measure(row.sizes, found, object);
  } else if (!sizer_.measure_with_keys(found, object)) {
    dicts_.push_back(sizer_.pending(found, object));
    if (dicts_.size() >= most_dicts) count_dicts();
    return;
  }
  count(row, object);
}

void CensusTaker::count(Row& row, const SeenObject& object) {
  auto& sums = row.sums;
  ++sums.count;
  sums.bytes += object.bytes;
  sums.held_bytes += object.held;
  if (cpython::is_immortal_refcount(layout_, object.refcount)) ++sums.immortal;
  if (object.is_interned) ++sums.interned;
  if (row.focus != no_focus) focuses_[row.focus].take(object);
}

void CensusTaker::count_dicts() {
  sizer_.measure(dicts_);
  for (const auto& dict : dicts_) count(rows_[dict.type->index], dict.object);
  dicts_.clear();
}

void CensusTaker::end() {
  count_dicts();
  for (auto& focus : focuses_) focus.sort();
  std::sort(focuses_.begin(), focuses_.end(), [&](const Focus& left, const Focus& right) {
    const auto &one = row_of(left), &other = row_of(right);
    if (comes_before(one, other) || comes_before(other, one)) return comes_before(one, other);
    return left.type() < right.type();
  });
}

std::vector<model::CensusType> CensusTaker::rows() const {
  std::vector<model::CensusType> rows;
  for (const auto& row : rows_) {
    if (row.sums.count != 0) rows.push_back(row.sums);
  }
  std::stable_sort(rows.begin(), rows.end(), comes_before);
  return rows;
}

}  // namespace tidemark::heap
