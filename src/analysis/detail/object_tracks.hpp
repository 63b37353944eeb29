// Purpose: the censuses of a recording, one after another, as bounded tracks.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "tidemark/analysis/object_growth.hpp"
#include "tidemark/model/recorded.hpp"

namespace tidemark::analysis {

class ObjectTracks {
 public:
  /// Of one process in time's order; one that is earlier than its last is left out.
  void add(const model::RecordedCensus& census);
  /// Hands all of it over; nothing is left here.
  [[nodiscard]] std::vector<ObjectTrack> take();

 private:
  struct Member {
    std::unordered_map<std::string, std::size_t> places;  ///< of its types in the track
    std::vector<std::uint64_t> seen;                      ///< by type: number of the census that had a row of it last
    std::uint64_t stride = 1;                             ///< each so-many-th census is kept
  };
  using Key = std::tuple<std::string, base::Pid, std::int64_t>;

  [[nodiscard]] bool find_or_add(const model::RecordedCensus& census, std::size_t& place);
  void take_type(std::size_t process, const model::RecordedType& type, bool is_first);
  void forget_stale(std::size_t process, const ObjectFigures& rest);
  static void keep(ObjectTrack& track, std::int64_t at_ns);
  static void thin(ObjectTrack& track);

  std::vector<ObjectTrack> tracks_;
  std::vector<Member> members_;  ///< as tracks_
  std::map<Key, std::size_t> numbers_;
  std::size_t types_ = 0;  ///< of all tracks
};

}  // namespace tidemark::analysis
