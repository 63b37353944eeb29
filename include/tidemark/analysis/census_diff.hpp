// Purpose: what changed between two censuses of one process: by type name, what grew most first.
// Invariants: every name of either census is in the difference once; the changes of the types add up to the change of
// all objects. Types of one name are summed: an address means nothing from one process, or one day, to the next.
// What a walk has not looked at is missing from its census: both coverages go along, and a change below what they have
// missed means nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/model/census.hpp"

namespace tidemark::analysis {

struct CensusAmounts {
  std::uint64_t count = 0;
  model::Bytes bytes = 0, held_bytes = 0;
  std::uint64_t immortal = 0, interned = 0;
  std::uint64_t types = 0;  ///< of this name

  CensusAmounts& operator+=(const CensusAmounts& more);
};

/// One thing in both censuses.
struct CensusChange {
  CensusAmounts before, after;

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(after.count - before.count); }
  [[nodiscard]] std::int64_t bytes() const { return static_cast<std::int64_t>(after.bytes - before.bytes); }
  [[nodiscard]] std::int64_t held_bytes() const {
    return static_cast<std::int64_t>(after.held_bytes - before.held_bytes);
  }
  [[nodiscard]] std::int64_t immortal() const { return static_cast<std::int64_t>(after.immortal - before.immortal); }
  [[nodiscard]] std::int64_t interned() const { return static_cast<std::int64_t>(after.interned - before.interned); }

  /// In bytes; what did not change in bytes, in count.
  [[nodiscard]] bool has_grown() const { return bytes() > 0 || (bytes() == 0 && count() > 0); }
  [[nodiscard]] bool has_shrunk() const { return bytes() < 0 || (bytes() == 0 && count() < 0); }
};

struct CensusTypeChange {
  std::string type;
  CensusChange change;

  [[nodiscard]] bool is_new() const { return change.before.types == 0; }
  [[nodiscard]] bool is_gone() const { return change.after.types == 0; }
};

struct CensusDiff {
  CensusChange total;
  model::Bytes grown_bytes = 0;  ///< of the types that grew: what a share of the growth is of
  /// Most bytes gained first, then most objects; what did not change; most bytes lost last.
  std::vector<CensusTypeChange> types;
  std::string consistency_before = {}, consistency_after = {};
  model::CensusCoverage coverage_before = {}, coverage_after = {};

  /// Of what grew, in bytes: 0 to 1; nothing for a type that has no more bytes than before.
  [[nodiscard]] std::optional<double> share_of_growth(const CensusTypeChange& type) const;
};

[[nodiscard]] CensusDiff difference_of(const model::Census& before, const model::Census& after);

/// Which censuses are of one process.
struct CensusPair {
  const model::CensusProcess* before = nullptr;
  const model::CensusProcess* after = nullptr;
  bool by_name = false;  ///< another process: the only one of this name on both sides
};

struct CensusComparedProcess {
  CensusPair pair;
  CensusDiff diff;
};

struct CensusComparison {
  std::vector<CensusComparedProcess> processes;  ///< in the order of `after`
  std::vector<const model::CensusProcess*> only_before, only_after;
};

/// By pid and start time, else by name. Processes without a census are in none of the lists. The lists must outlive
/// what is returned.
[[nodiscard]] CensusComparison compare_censuses(const std::vector<model::CensusProcess>& before,
                                                const std::vector<model::CensusProcess>& after);

}  // namespace tidemark::analysis
