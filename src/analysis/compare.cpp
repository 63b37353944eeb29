#include "tidemark/analysis/compare.hpp"

#include <algorithm>
#include <cmath>

#include "detail/compared_subject.hpp"

namespace tidemark::analysis {
namespace {

using detail::Dice;
using detail::Noise;
using detail::phase_of;
using detail::Subject;
using detail::whole_of;

struct Sampling {
  std::uint64_t seed = 1;
  std::size_t resamples = 1000;
};

/// Where a subject stands: what its dice depend on, so that one subject more changes no other's interval.
struct Place {
  std::string name, phase;
};

std::uint64_t seed_of(const Sampling& sampling, const Place& place, CompareMetric metric, bool after) {
  // FNV-1a: std::hash differs between libraries.
  std::uint64_t hash = 14695981039346656037U ^ sampling.seed;
  const std::string key = place.name + '\0' + place.phase + '\0' + std::string(text_of(metric)) + (after ? "a" : "b");
  for (const char byte : key) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return hash;
}

bool can_be_none(CompareMetric metric) {
  return metric == CompareMetric::growth || metric == CompareMetric::retained || metric == CompareMetric::slope;
}

std::optional<double> ratio_of(CompareMetric metric, const Subject& before, const Subject& after) {
  const auto from = before.value(metric);
  const auto to = after.value(metric);
  if (!from || !to || *from <= 0 || *to <= 0 || metric == CompareMetric::retained) return std::nullopt;
  const bool slope = metric == CompareMetric::slope;
  if (slope && (!before.trend->medians.rises() || !after.trend->medians.rises())) return std::nullopt;
  return *from / *to;
}

double smallest_of(CompareMetric metric, const Subject& before, const Subject& after) {
  const double higher = std::max(before.peak.value_or(0), after.peak.value_or(0));
  const double bytes = std::max(smallest_change.bytes, higher * smallest_change.peak_percent / 100);
  switch (metric) {
    case CompareMetric::peak:
    case CompareMetric::growth:
      return bytes;
    case CompareMetric::slope:
      return bytes / (std::max({before.seconds, after.seconds, 1.0}) / 3600);
    case CompareMetric::retained:
    case CompareMetric::cpu_mean:
    case CompareMetric::cpu_peak:
    case CompareMetric::duration:
      break;
  }
  return smallest_change.percent;
}

void judge_change(MetricChange& change, const Subject& before, const Subject& after, const Place& place,
                  const Sampling& sampling) {
  Dice dice_before(seed_of(sampling, place, change.metric, false));
  Dice dice_after(seed_of(sampling, place, change.metric, true));
  const Noise noise_before = before.noise(change.metric, dice_before, sampling.resamples);
  const Noise noise_after = after.noise(change.metric, dice_after, sampling.resamples);
  const double difference = *change.after - *change.before;
  const auto interval = detail::interval_of(difference, noise_before, noise_after);
  if (!interval) return;
  change.lower = interval->first;
  change.upper = interval->second;
  change.change = Change::unclear;
  if (std::abs(difference) < smallest_of(change.metric, before, after)) return;
  if (*change.upper < 0) change.change = Change::better;
  if (*change.lower > 0) change.change = Change::worse;
}

MetricChange change_of(CompareMetric metric, const Subject& before, const Subject& after, const Place& place,
                       const Sampling& sampling) {
  MetricChange change;
  change.metric = metric;
  change.before = before.value(metric);
  change.after = after.value(metric);
  change.ratio = ratio_of(metric, before, after);
  if (!change.before || !change.after) return change;
  change.no_growth_after = can_be_none(metric) && *change.before > 0 && *change.after <= 0;
  judge_change(change, before, after, place, sampling);
  return change;
}

SubjectChange both(const Place& place, const Subject& before, const Subject& after, const Sampling& sampling) {
  SubjectChange subject{.name = place.name, .phase = place.phase, .metrics = {}};
  for (const CompareMetric metric : detail::all_metrics) {
    if (before.value(metric) || after.value(metric))
      subject.metrics.push_back(change_of(metric, before, after, place, sampling));
  }
  return subject;
}

SubjectChange only_one(const Place& place, const Subject& one, bool is_before) {
  SubjectChange subject{
      .name = place.name, .phase = place.phase, .only_before = is_before, .only_after = !is_before, .metrics = {}};
  for (const CompareMetric metric : detail::all_metrics) {
    const auto value = one.value(metric);
    if (!value) continue;
    MetricChange change;
    change.metric = metric;
    (is_before ? change.before : change.after) = value;
    subject.metrics.push_back(change);
  }
  return subject;
}

/// Two lists of named subjects put together: BEFORE's order, then what only AFTER has.
struct Named {
  Place place;
  Subject subject;
};

std::vector<SubjectChange> meet(const std::vector<Named>& before, const std::vector<Named>& after,
                                const Sampling& sampling) {
  const auto in = [](const std::vector<Named>& list, const Place& place) {
    return std::find_if(list.begin(), list.end(), [&](const Named& one) {
      return one.place.name == place.name && one.place.phase == place.phase;
    });
  };
  std::vector<SubjectChange> changes;
  for (const auto& [place, subject] : before) {
    const auto other = in(after, place);
    changes.push_back(other == after.end() ? only_one(place, subject, true)
                                           : both(place, subject, other->subject, sampling));
  }
  for (const auto& [place, subject] : after) {
    if (in(before, place) == before.end()) changes.push_back(only_one(place, subject, false));
  }
  return changes;
}

std::vector<Named> names_of(const Report& report, const Recording& recording) {
  std::vector<Named> names;
  for (const Findings& findings : report.names) {
    const auto series = std::find_if(recording.names.begin(), recording.names.end(),
                                     [&](const NameSeries& one) { return one.name == findings.name; });
    if (series == recording.names.end()) continue;
    names.push_back({{findings.name, ""}, whole_of(findings, recording.memory_of(*series), report.settings)});
  }
  return names;
}

std::vector<Named> tree_of(const Report& report, const Recording& recording) {
  if (report.tree.samples == 0) return {};
  return {Named{{}, whole_of(report.tree, recording.tree, report.settings)}};
}

/// The tree's, the first of each label.
std::vector<Named> phases_of(const Report& report, const Recording& recording) {
  std::vector<Named> phases;
  if (report.phases.empty()) return phases;
  for (const PhaseFindings& findings : report.phases.front().phases) {
    const std::string& label = findings.span.label;
    const bool seen =
        std::any_of(phases.begin(), phases.end(), [&](const Named& one) { return one.place.phase == label; });
    if (!seen) phases.push_back({{"", label}, phase_of(findings, recording.tree, report.settings)});
  }
  return phases;
}

double change_of_growth(const SubjectChange& subject) {
  for (const auto& metric : subject.metrics) {
    if (metric.metric == CompareMetric::growth) return std::abs(metric.after.value_or(0) - metric.before.value_or(0));
  }
  return 0;
}

}  // namespace

std::string_view text_of(CompareMetric metric) {
  switch (metric) {
    case CompareMetric::peak:
      return "peak";
    case CompareMetric::growth:
      return "growth";
    case CompareMetric::retained:
      return "retained";
    case CompareMetric::slope:
      return "slope";
    case CompareMetric::cpu_mean:
      return "cpu_mean";
    case CompareMetric::cpu_peak:
      return "cpu_peak";
    case CompareMetric::duration:
      return "duration";
  }
  return {};
}

std::string_view text_of(Change change) {
  switch (change) {
    case Change::unclear:
      return "unclear";
    case Change::better:
      return "better";
    case Change::worse:
      return "worse";
    case Change::not_judged:
      return "not_judged";
  }
  return {};
}

Compared compare(const Recording& before, const Recording& after, const Settings& settings, std::uint64_t seed,
                 std::size_t resamples) {
  const Sampling sampling{seed, resamples};
  Compared compared;
  compared.before = make_report(before, settings);
  compared.after = make_report(after, settings);
  compared.subjects = meet(tree_of(compared.before, before), tree_of(compared.after, after), sampling);
  auto names = meet(names_of(compared.before, before), names_of(compared.after, after), sampling);
  std::stable_sort(names.begin(), names.end(), [](const SubjectChange& one, const SubjectChange& other) {
    return change_of_growth(one) > change_of_growth(other);
  });
  std::move(names.begin(), names.end(), std::back_inserter(compared.subjects));
  compared.phases = meet(phases_of(compared.before, before), phases_of(compared.after, after), sampling);
  return compared;
}

}  // namespace tidemark::analysis
