// Purpose: wrong layouts: one entry of a table put to what a mistake or another release could make of it.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "tidemark/cpython/layout_fields.hpp"

namespace tidemark::cpython::test {

/// The names of all entries, as the visitor says them.
inline std::vector<std::string_view> entry_names() {
  std::vector<std::string_view> names;
  const Layout layout;
  for_each_field(layout, [&](std::string_view name, const auto&) { names.push_back(name); });
  return names;
}

inline std::string_view group_of(std::string_view name) { return name.substr(0, name.find('.')); }

/// Offsets of the other fields of the group.
inline std::vector<std::uint32_t> neighbours(const Layout& layout, std::string_view entry) {
  std::vector<std::uint32_t> offsets;
  for_each_field(layout, [&](std::string_view name, const auto& field) {
    if constexpr (requires { field.offset(); }) {
      if (name != entry && group_of(name) == group_of(entry) && field.is_present()) offsets.push_back(field.offset());
    }
  });
  return offsets;
}

/// 0, 8 and 16 to either side, those of the neighbours.
inline std::vector<std::uint32_t> wrong_offsets(std::uint32_t right, std::vector<std::uint32_t> others) {
  others.push_back(0);
  for (const std::uint32_t by : {8U, 16U}) {
    others.push_back(right + by);
    if (right >= by) others.push_back(right - by);
  }
  std::ranges::sort(others);
  others.erase(std::ranges::unique(others).begin(), others.end());
  std::erase(others, right);
  return others;
}

/// What an entry that says something may be put to; nothing for one that does not.
template <class T>
std::vector<Field<T>> wrong_values(const Field<T>& right, const std::vector<std::uint32_t>& others) {
  std::vector<Field<T>> wrong;
  if (!right.is_present()) return wrong;
  for (const std::uint32_t offset : wrong_offsets(right.offset(), others)) wrong.emplace_back(offset);
  wrong.emplace_back();
  return wrong;
}
inline std::vector<std::uint32_t> wrong_values(std::uint32_t right, const std::vector<std::uint32_t>&) {
  return right == 0 ? std::vector<std::uint32_t>{} : wrong_offsets(right, {});
}
template <class T>
std::vector<std::optional<T>> wrong_values(const std::optional<T>& right, const std::vector<std::uint32_t>&) {
  if (!right) return {};
  std::vector<std::optional<T>> wrong{std::nullopt, static_cast<T>(*right + 1), static_cast<T>(*right + 8)};
  if (*right > 0) wrong.push_back(static_cast<T>(*right - 1));
  return wrong;
}
inline std::vector<std::int32_t> wrong_values(std::int32_t right, const std::vector<std::uint32_t>&) {
  return right == 0 ? std::vector<std::int32_t>{} : std::vector<std::int32_t>{0, right - 16, right - 8, right + 8};
}
inline std::vector<std::int8_t> wrong_values(std::int8_t right, const std::vector<std::uint32_t>&) {
  if (right == 0) return {};
  return {0, static_cast<std::int8_t>(right - 1), static_cast<std::int8_t>(right + 1)};
}
inline std::vector<std::int64_t> wrong_values(std::int64_t right, const std::vector<std::uint32_t>&) {
  return {0, right - 8, right + 8, right + 16};
}
inline std::vector<std::uint64_t> wrong_values(std::uint64_t right, const std::vector<std::uint32_t>&) {
  return right == 0 ? std::vector<std::uint64_t>{} : std::vector<std::uint64_t>{0, right << 1U, 0xff};
}
inline std::vector<bool> wrong_values(bool right, const std::vector<std::uint32_t>&) {
  return right ? std::vector<bool>{false} : std::vector<bool>{};
}
inline std::vector<Layout::LineTable> wrong_values(Layout::LineTable right, const std::vector<std::uint32_t>&) {
  std::vector<Layout::LineTable> all{Layout::LineTable::lnotab, Layout::LineTable::ranges,
                                     Layout::LineTable::locations};
  std::erase(all, right);
  return all;
}

/// The table with that one entry wrong, in each way; none where the table does not have it.
inline std::vector<Layout> corruptions(const Layout& layout, std::string_view entry) {
  std::vector<Layout> wrong;
  const auto others = neighbours(layout, entry);
  for_each_field(layout, [&](std::string_view name, const auto& right) {
    if (name != entry) return;
    const auto values = wrong_values(right, others);
    for (const auto& value : values) {
      Layout changed = layout;
      for_each_field(changed, [&](std::string_view other, auto& field) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, std::remove_cvref_t<decltype(value)>>) {
          if (other == entry) field = value;
        }
      });
      wrong.push_back(changed);
    }
  });
  return wrong;
}

}  // namespace tidemark::cpython::test
