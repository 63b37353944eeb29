// Purpose: everything `report` says of one recording, as one value; the presenters only lay it out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tidemark/analysis/findings.hpp"

namespace tidemark::analysis {

/// The phases of one subject, those in which it has samples.
struct SubjectPhases {
  std::string name;  ///< as Findings::name; empty for the tree
  std::vector<PhaseFindings> phases;
};

struct Report {
  Settings settings;
  model::RecordedFormat format = model::RecordedFormat::csv;
  std::string host, boot_id, tool, kernel;
  std::int64_t started_wall_ns = 0;
  std::int64_t from_ns = 0, to_ns = 0;
  TickBooks ticks;
  std::int64_t suspended_ns = 0;
  std::optional<model::RecordingEnd> end;

  Findings tree;                      ///< of all; with samples == 0 when the recording has none
  std::vector<Findings> names;        ///< one for each process name, largest growth first
  std::vector<Findings> processes;    ///< single ones of names that have several, largest growth first
  std::vector<SubjectPhases> phases;  ///< the tree first, then the names
  std::vector<ObjectGrowth> objects;  ///< of each process that has a census, largest growth first
  std::optional<Forecast> forecast;
  Series plot;  ///< the tree's RSS, at most most_plot_points, keeping the highest and lowest of each stretch
};

inline constexpr std::size_t most_plot_points = 2000;
/// A trend costs about a millisecond. The tree and every name get theirs; of single processes with enough
/// samples only this many do, those that grew most. The others have levels, and the verdict `not_judged`.
inline constexpr std::size_t most_judged_processes = 500;

[[nodiscard]] Report make_report(const Recording& recording, const Settings& settings);

}  // namespace tidemark::analysis
