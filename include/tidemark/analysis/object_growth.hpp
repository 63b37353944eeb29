// Purpose: which types of objects grew, by the censuses of a recording (`record --census`). Invariants: memory is
// bounded however long the recording is: of each type the first and the last figures are kept and at most
// most_census_points in between, evenly thinned. Sizes are bytes, as sys.getsizeof() has them; times elapsed ns.
//
// A recorded census has rows for its largest types and for those that moved (model/recorded.hpp): a type without a row
// is as it was in its last one. One that has no row in the first census counts as 0 there, which is too little by at
// most the smallest row of that census; one that has not reached twice that since may not have grown at all, and is
// left to the other types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/analysis/trend.hpp"
#include "tidemark/base/address.hpp"

namespace tidemark::analysis {

inline constexpr std::size_t most_census_points = 128;
/// Of all processes together; what comes when there are as many counts among the other types, or is left out.
inline constexpr std::size_t most_tracked_types = 50'000;
inline constexpr std::size_t most_tracked_processes = 5000;
/// With fewer censuses a slope says nothing that the first and the last do not.
inline constexpr std::uint64_t fewest_censuses_for_slope = 5;
inline constexpr std::size_t most_grown_types = 10;

struct ObjectFigures {
  double objects = 0, bytes = 0, held_bytes = 0;

  ObjectFigures& operator+=(const ObjectFigures& more);
};
[[nodiscard]] ObjectFigures operator-(ObjectFigures left, const ObjectFigures& right);

/// One type over the censuses of a process.
struct TypeTrack {
  std::string type;
  ObjectFigures first, last;  ///< `first` is 0 when the first census had no row of it
  bool is_in_first = false;
  std::size_t begin = 0;      ///< the place in ObjectTrack::times of its first value
  std::vector<double> bytes;  ///< at times from `begin` on
};

struct ObjectTrack {
  std::string name;
  base::Pid pid = 0;
  std::int64_t started_wall_ns = 0;  ///< 0 in a CSV: processes of one pid and name are then one
  std::uint64_t censuses = 0;
  std::int64_t from_ns = 0, to_ns = 0;  ///< of the first and the last census
  ObjectFigures first, last;            ///< all types together
  double smallest_first_bytes = 0;      ///< of the rows of the first census
  std::vector<std::int64_t> times;      ///< of the censuses that are kept
  std::vector<TypeTrack> types;
};

struct TypeGrowth {
  std::string type;
  ObjectFigures growth, last;
  bool is_new = false;         ///< it had no row in the first census
  double share_percent = 0;    ///< of all that grew, in bytes
  std::optional<Slope> slope;  ///< of its bytes; unset with too few censuses

  /// Beyond chance, as far as there are censuses enough to tell.
  [[nodiscard]] bool rises() const { return !slope || slope->rises(); }
};

/// Of one process. With a single census there is no growth, and no types.
struct ObjectGrowth {
  std::string name;
  base::Pid pid = 0;
  std::int64_t started_wall_ns = 0;
  std::uint64_t censuses = 0;
  std::int64_t from_ns = 0, to_ns = 0;
  ObjectFigures first, last;
  double grown_bytes = 0;         ///< the sum over what grew: of which the types have their shares
  std::uint64_t grown_types = 0;  ///< how many did, also those that are not among `types`
  std::vector<TypeGrowth> types;  ///< the most bytes first, at most most_grown_types
};

/// Those that grew most first.
[[nodiscard]] std::vector<ObjectGrowth> object_growth_of(const std::vector<ObjectTrack>& tracks);

}  // namespace tidemark::analysis
