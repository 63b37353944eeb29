// Purpose: the rows of an objects file put together to censuses, one at a time. Invariants: a census is given whole or
// cut at max_census_rows; times never run back; what lies outside of the recording beside is of another one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "file_probe.hpp"
#include "tidemark/model/recorded.hpp"

namespace tidemark::record::detail {

/// One census as a visitor gets it, with the texts that it views.
class KeptCensus {
 public:
  /// False when there are max_census_rows already.
  [[nodiscard]] bool add(std::string type, std::uint64_t count, model::Bytes bytes, model::Bytes held_bytes);
  /// Gives it to the visitor, and forgets its types.
  void give_to(model::RecordingVisitor& visitor);
  void clear();
  [[nodiscard]] bool is_empty() const { return types_.empty(); }

  std::int64_t wall_ns = 0, elapsed_ns = 0;
  std::string process_name;
  base::Pid pid = 0;
  std::int64_t started_wall_ns = 0;

 private:
  std::vector<std::string> names_;
  std::vector<model::RecordedType> types_;
};

class CensusGatherer {
 public:
  /// Of the recording whose rows begin and end then.
  CensusGatherer(RowTime first, RowTime last, model::RecordingVisitor& visitor)
      : first_(first), last_(last), visitor_(visitor) {}

  /// `cells` are as objects_columns. False when it is no row: why() says it.
  [[nodiscard]] bool take(std::span<const std::string_view> cells);
  /// Gives the last census.
  void finish();

  [[nodiscard]] const std::string& why() const { return why_; }
  /// Censuses outside of the recording, which were left out.
  [[nodiscard]] std::uint64_t foreign() const { return foreign_; }

 private:
  [[nodiscard]] bool is_outside() const;
  bool refuse(std::string_view column, std::string_view cell);

  RowTime first_, last_;
  model::RecordingVisitor& visitor_;
  KeptCensus census_;
  std::string head_;  ///< the cells that the rows of a census share
  std::uint64_t foreign_ = 0;
  std::string why_;
};

}  // namespace tidemark::record::detail
