#include "detail/object_tracks.hpp"

#include <algorithm>
#include <utility>

#include "tidemark/model/census.hpp"

namespace tidemark::analysis {
namespace {

ObjectFigures figures_of(const model::RecordedType& type) {
  return {.objects = static_cast<double>(type.count),
          .bytes = static_cast<double>(type.bytes),
          .held_bytes = static_cast<double>(type.held_bytes)};
}

}  // namespace

bool ObjectTracks::find_or_add(const model::RecordedCensus& census, std::size_t& place) {
  Key key{census.process_name, census.pid, census.started_wall_ns};
  const auto known = numbers_.find(key);
  if (known != numbers_.end()) {
    place = known->second;
    return true;
  }
  if (tracks_.size() == most_tracked_processes) return false;
  place = tracks_.size();
  numbers_.emplace(std::move(key), place);
  members_.emplace_back();
  ObjectTrack& track = tracks_.emplace_back();
  track.name = census.process_name;
  track.pid = census.pid;
  track.started_wall_ns = census.started_wall_ns;
  track.from_ns = track.to_ns = census.elapsed_ns;
  return true;
}

void ObjectTracks::take_type(std::size_t process, const model::RecordedType& type, bool is_first) {
  ObjectTrack& track = tracks_[process];
  auto& places = members_[process].places;
  const auto known = places.find(std::string(type.type));
  if (known != places.end()) {
    track.types[known->second].last = figures_of(type);
    members_[process].seen[known->second] = track.censuses;
    return;
  }
  if (types_ == most_tracked_types) return;
  ++types_;
  places.emplace(type.type, track.types.size());
  members_[process].seen.push_back(track.censuses);
  track.types.push_back({.type = std::string(type.type),
                         .first = is_first ? figures_of(type) : ObjectFigures{},
                         .last = figures_of(type),
                         .is_in_first = is_first,
                         .begin = track.times.size(),
                         .bytes = {}});
}

/// A type without a row is part of the rest. One that would be more than all of it is not what it was: the recorder
/// began anew (--append), or no longer watches it. It counts as 0, as a type that never had a row.
void ObjectTracks::forget_stale(std::size_t process, const ObjectFigures& rest) {
  ObjectTrack& track = tracks_[process];
  const auto& seen = members_[process].seen;
  for (std::size_t at = 0; at < track.types.size(); ++at) {
    TypeTrack& type = track.types[at];
    if (seen[at] != track.censuses && type.last.bytes > rest.bytes) type.last = {};
  }
}

/// Drops every other census.
void ObjectTracks::thin(ObjectTrack& track) {
  const auto thinned = [](auto& values, std::size_t first) {
    std::size_t kept = 0;
    for (std::size_t at = first; at < values.size(); at += 2) values[kept++] = values[at];
    values.resize(kept);
  };
  thinned(track.times, 0);
  for (TypeTrack& type : track.types) {
    thinned(type.bytes, type.begin % 2);  // the first value at a time that stays
    type.begin = (type.begin + 1) / 2;
  }
}

void ObjectTracks::keep(ObjectTrack& track, std::int64_t at_ns) {
  track.times.push_back(at_ns);
  for (TypeTrack& type : track.types) type.bytes.push_back(type.last.bytes);
}

void ObjectTracks::add(const model::RecordedCensus& census) {
  std::size_t process = 0;
  if (census.types.empty() || !find_or_add(census, process)) return;
  ObjectTrack& track = tracks_[process];
  if (census.elapsed_ns < track.to_ns) return;
  const bool is_first = track.censuses == 0;
  track.last = {};
  ObjectFigures rest;
  for (const model::RecordedType& type : census.types) {
    track.last += figures_of(type);
    if (type.type == model::other_types) {
      rest += figures_of(type);
      continue;
    }
    const auto bytes = static_cast<double>(type.bytes);
    if (is_first && (track.types.empty() || bytes < track.smallest_first_bytes)) track.smallest_first_bytes = bytes;
    take_type(process, type, is_first);
  }
  forget_stale(process, rest);
  if (is_first) track.first = track.last;
  track.to_ns = census.elapsed_ns;
  std::uint64_t& stride = members_[process].stride;
  if (track.censuses++ % stride != 0) return;
  if (track.times.size() == most_census_points) {
    thin(track);
    stride *= 2;
    if ((track.censuses - 1) % stride != 0) return;
  }
  keep(track, census.elapsed_ns);
}

std::vector<ObjectTrack> ObjectTracks::take() {
  for (ObjectTrack& track : tracks_) {
    if (!track.times.empty() && track.times.back() != track.to_ns) keep(track, track.to_ns);
  }
  members_.clear();
  numbers_.clear();
  types_ = 0;
  return std::exchange(tracks_, {});
}

}  // namespace tidemark::analysis
