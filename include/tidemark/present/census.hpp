// Purpose: what `tidemark objects` says, as text; the difference of two censuses as text and JSON. (The JSON of a
// census is record/census_file.hpp: what is printed is what is saved.) Values in, text out: names and rendered objects
// come from the target and are made safe here. Invariants: no line of text is wider than the width asked for; no figure
// is cut. Types of one name are one line of the table, which says how many they are; `focuses` have them apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/analysis/census_diff.hpp"
#include "tidemark/model/census.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::present {

enum class CensusSort { size, count };

struct CensusView {
  TextStyle text = {};
  CensusSort sort = CensusSort::size;
  std::size_t top = 25;  ///< lines of the table; 0: all
  bool by_module = false;
  /// What the types were filtered by, to say so: the caller has taken out those that do not match. The summary is still
  /// that of all.
  std::string filter = {};
};

/// Whether a type's name (with its module) is all of what `glob` describes: `*` is any text, `?` one character. At most
/// name x glob steps, whatever they are.
[[nodiscard]] bool matches(std::string_view glob, const model::CensusType& type);

/// A part for each process; with several, a table of their totals. Where there are focuses (`--type`), they stand in
/// the place of the table of types.
[[nodiscard]] std::string census_text(const model::CensusReading& reading, const CensusView& view);

struct CensusDiffView {
  std::string before_file;               ///< empty: `--growth`, both were read now
  std::int64_t before_wall_ns = 0;       ///< when the first was read; 0: not known
  std::optional<std::int64_t> apart_ns;  ///< from reading to reading
  analysis::CensusComparison compared;
  std::size_t top = 25;  ///< types that grew; 0: all that changed
  /// What the types of both were filtered by before; totals are of those that match.
  std::string filter = {};
};

[[nodiscard]] std::string census_diff_text(const CensusDiffView& view, const TextStyle& style);
/// {"schema":1,"tool":…,"processes":[{"pid":…,"total":{…},"types":[…],"coverage_before":{…},…}],"only_before":[…],
/// "only_after":[…]}; of the types those that changed, what grew most first.
[[nodiscard]] std::string census_diff_json(const CensusDiffView& view);

}  // namespace tidemark::present
