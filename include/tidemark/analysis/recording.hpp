// Purpose: a whole recording in memory, as series. Made by RecordingBuilder from rows; pure from here on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidemark/analysis/object_growth.hpp"
#include "tidemark/analysis/series.hpp"
#include "tidemark/model/recorded.hpp"

namespace tidemark::analysis {

/// A counter's first and last value. One that began anew (exec) goes on from where it was: `first` is moved down.
struct CounterSpan {
  std::int64_t first = 0, last = 0;
  [[nodiscard]] std::int64_t risen() const { return last - first; }
};

/// One process, or the sum over several at each tick.
struct MemorySeries {
  Series rss;                       ///< bytes
  Series cpu;                       ///< percent, 100 per core
  std::optional<model::Bytes> hwm;  ///< VmHWM's highest: the kernel's own peak, also between ticks (one process only)
  std::optional<std::array<CounterSpan, 3>> gc_collections;
  std::optional<CounterSpan> gc_collected;
};

struct ProcessSeries {
  model::ProcessInfo info;
  MemorySeries memory;
};

/// All processes of one name together.
struct NameSeries {
  std::string name;
  std::vector<std::uint32_t> processes;  ///< indices into Recording::processes
  std::optional<MemorySeries> sum;       ///< only of several: see Recording::memory_of()
};

struct PhaseSpan {
  std::string label;
  std::vector<std::pair<std::string, std::string>> fields;  ///< KEY=VALUE of the mark (JSONL only)
  std::int64_t from_ns = 0, to_ns = 0;
};

/// The ticks' own books: as the recorder counted them, or as the times show when it did not say.
struct TickBooks {
  std::uint64_t ticks = 0, late = 0, lost = 0;
  std::int64_t interval_ns = 0;
  bool counted_by_recorder = false;
  std::uint64_t incomplete = 0;  ///< ticks in which a process had no RSS: left out of the sums
};

/// One stretch of one boot of the machine.
struct Recording {
  model::RecordedFormat format = model::RecordedFormat::csv;
  std::string host, boot_id, tool, kernel;  ///< empty when the format has none
  std::int64_t started_wall_ns = 0;         ///< the wall clock at `from_ns`
  std::int64_t from_ns = 0, to_ns = 0;      ///< elapsed time of the first and the last row
  TickBooks ticks;
  std::vector<ProcessSeries> processes;
  std::vector<NameSeries> names;
  MemorySeries tree;
  /// In order; what came before the first mark is in none. One ends at the tick that begins the next (a mark takes a
  /// tick at its own instant, which is the level of both); in a foreign recording at its own last tick.
  std::vector<PhaseSpan> phases;
  Series cgroup_working_set;  ///< of the first target's cgroup
  std::optional<model::Bytes> cgroup_limit;
  std::optional<model::Bytes> machine_memory;  ///< from RSS and memory_percent
  std::vector<ObjectTrack> objects;            ///< by process, in the order of their first census
  std::int64_t suspended_ns = 0;
  std::optional<model::RecordingEnd> end;  ///< missing for CSV and when the recorder was killed

  /// A name that has one process has that one's series; no second copy is kept.
  [[nodiscard]] const MemorySeries& memory_of(const NameSeries& name) const {
    return name.sum ? *name.sum : processes[name.processes.front()].memory;
  }
};

}  // namespace tidemark::analysis
