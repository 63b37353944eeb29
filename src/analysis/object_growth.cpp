#include "tidemark/analysis/object_growth.hpp"

#include <algorithm>

#include "detail/slope.hpp"

namespace tidemark::analysis {
namespace {

/// Whether it surely grew: see the head of the header.
bool has_grown(const TypeTrack& type, const ObjectTrack& track) {
  const double growth = type.last.bytes - type.first.bytes;
  return growth > 0 && (type.is_in_first || growth >= 2 * track.smallest_first_bytes);
}

/// 0 in the censuses before its first row, as its growth counts it.
Series series_of(const TypeTrack& type, const ObjectTrack& track) {
  Series series;
  for (std::size_t at = 0; at < track.times.size(); ++at) {
    series.add(track.times[at], at < type.begin ? 0 : type.bytes[at - type.begin]);
  }
  return series;
}

std::optional<Slope> slope_of(const TypeTrack& type, const ObjectTrack& track) {
  if (track.censuses < fewest_censuses_for_slope) return std::nullopt;
  const BinnedSeries bins = cut_into_bins(series_of(type, track), track.from_ns, track.to_ns);
  if (bins.medians.size() < fewest_censuses_for_slope) return std::nullopt;
  return detail::fit(bins.medians, bins.bin_ns).slope;
}

/// What has no row of its own, in the first census and in the last.
double growth_of_others(const ObjectTrack& track) {
  double growth = track.last.bytes - track.first.bytes;
  for (const TypeTrack& type : track.types) growth -= type.last.bytes - type.first.bytes;
  return growth;
}

ObjectGrowth growth_of(const ObjectTrack& track) {
  ObjectGrowth found{.name = track.name,
                     .pid = track.pid,
                     .started_wall_ns = track.started_wall_ns,
                     .censuses = track.censuses,
                     .from_ns = track.from_ns,
                     .to_ns = track.to_ns,
                     .first = track.first,
                     .last = track.last,
                     .types = {}};
  std::vector<const TypeTrack*> grown;
  for (const TypeTrack& type : track.types) {
    if (!has_grown(type, track)) continue;
    grown.push_back(&type);
    found.grown_bytes += type.last.bytes - type.first.bytes;
  }
  found.grown_bytes += std::max(0.0, growth_of_others(track));
  found.grown_types = grown.size();
  std::stable_sort(grown.begin(), grown.end(), [](const TypeTrack* left, const TypeTrack* right) {
    return left->last.bytes - left->first.bytes > right->last.bytes - right->first.bytes;
  });
  if (grown.size() > most_grown_types) grown.resize(most_grown_types);
  for (const TypeTrack* type : grown) {
    const ObjectFigures growth = type->last - type->first;
    found.types.push_back({.type = type->type,
                           .growth = growth,
                           .last = type->last,
                           .is_new = !type->is_in_first,
                           .share_percent = 100 * growth.bytes / found.grown_bytes,
                           .slope = slope_of(*type, track)});
  }
  return found;
}

}  // namespace

ObjectFigures& ObjectFigures::operator+=(const ObjectFigures& more) {
  objects += more.objects;
  bytes += more.bytes;
  held_bytes += more.held_bytes;
  return *this;
}

ObjectFigures operator-(ObjectFigures left, const ObjectFigures& right) {
  left.objects -= right.objects;
  left.bytes -= right.bytes;
  left.held_bytes -= right.held_bytes;
  return left;
}

std::vector<ObjectGrowth> object_growth_of(const std::vector<ObjectTrack>& tracks) {
  std::vector<ObjectGrowth> all;
  for (const ObjectTrack& track : tracks) all.push_back(growth_of(track));
  std::stable_sort(all.begin(), all.end(), [](const ObjectGrowth& left, const ObjectGrowth& right) {
    return left.last.bytes - left.first.bytes > right.last.bytes - right.first.bytes;
  });
  return all;
}

}  // namespace tidemark::analysis
