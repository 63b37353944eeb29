// Purpose: one JSONL line as the cells that a CSV row of the same sample has, so that both formats give the same rows.
// Numbers keep their digits. Invariant: only members of the outer object are cells; what they nest is passed over.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "row_decoder.hpp"

namespace tidemark::record::detail {

class JsonCells {
 public:
  /// False when the line is not one JSON object.
  [[nodiscard]] bool parse(std::string_view line);

  /// As decoded_columns; null and missing members are empty. Valid until the next call of parse().
  [[nodiscard]] const std::array<std::string_view, decoded_columns.size()>& cells() const { return views_; }
  /// The member `type`, empty when it is missing.
  [[nodiscard]] std::string_view type() const { return texts_.back(); }
  /// Whether the object has a member `objects`.
  [[nodiscard]] bool has_objects() const { return has_objects_; }

 private:
  friend class JsonCellsSink;
  static constexpr std::size_t type_place = decoded_columns.size();
  static constexpr std::size_t no_place = type_place + 1;
  static constexpr std::size_t objects_place = no_place + 1;  ///< no cell: only that it is there

  [[nodiscard]] std::size_t place_of(std::string_view key, std::size_t member);

  std::array<std::string, decoded_columns.size() + 1> texts_;  ///< the last is `type`; kept for their capacity
  std::array<std::string_view, decoded_columns.size()> views_;
  bool has_objects_ = false;
  /// The keys of the line before with their places: lines of a file have the same keys in the same order.
  std::vector<std::pair<std::string, std::size_t>> known_;
};

}  // namespace tidemark::record::detail
