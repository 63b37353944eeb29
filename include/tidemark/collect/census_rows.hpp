// Purpose: which types of a census are recorded: the top ones by bytes, those that were recorded before and have moved
// since the process's last census, and the rest as one row. Invariants: the rows add up to the census; rows of one name
// are one; bounded: at most `top` + most_followed_types + 1 rows, and as many names are kept from one census to the
// next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tidemark/model/census.hpp"

namespace tidemark::collect {

inline constexpr std::size_t default_census_top = 50;
inline constexpr std::size_t most_census_top = 1000;
/// Types that were recorded and are watched for a move. Of more, the smallest are forgotten: they are in the rest.
inline constexpr std::size_t most_followed_types = 2000;

/// Of one process. A new program begins anew, with a new object.
class CensusRows {
 public:
  /// The census with the rows to be recorded as its types: those of the top first, the rest as model::other_types last.
  /// A followed type that has gone has a row once more, with 0. Focuses are left out.
  [[nodiscard]] model::Census select(model::Census census, std::size_t top);

 private:
  struct Figures {
    std::uint64_t count = 0;
    model::Bytes bytes = 0;
    std::uint64_t seen = 0;  ///< serial of the census that had it last

    [[nodiscard]] bool has_moved_to(const model::CensusType& type) const {
      return count != type.count || bytes != type.bytes;
    }
  };

  void follow(const model::CensusType& type) { followed_[type.type] = {type.count, type.bytes, serial_}; }
  void add_gone(std::vector<model::CensusType>& rows);
  void forget_smallest();

  std::unordered_map<std::string, Figures> followed_;
  std::uint64_t serial_ = 0;
};

}  // namespace tidemark::collect
