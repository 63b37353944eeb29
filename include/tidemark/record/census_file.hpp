// Purpose: censuses as JSON: what `tidemark objects --json` prints, `--save` keeps and `--diff` reads back. One form
// for all: {"schema":1,"tool":…,"taken":…,"consistency":…,"processes":[{"pid":…,"name":…,"summary":{"total_objects":…,
// "total_size":…,"unique_types":…,"garbage_count":…},"types":[{"type":"module.qualname","count":…,"bytes":…,
// "held_bytes":…}],"coverage":{…,"share":…},…}]}. Of a type, `immortal`, `interned` and `has_own_sizeof` are there only
// when they say something; what is not known is null.
// Invariants: texts of the target are escaped as in a recording (record/text.hpp) and come back as they were; a file
// that is read is hostile input: its size, its number of values and every figure pass a named cap, and a census whose
// types do not add up to its summary (one that was filtered) is malformed, as is a ledger of `tidemark heap`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"
#include "tidemark/model/census.hpp"

namespace tidemark::record {

inline constexpr int census_schema = 1;

/// The longest file that is read back, and what it may hold. Figures of bytes: max_heap_bytes (heap_file.hpp).
inline constexpr std::size_t max_census_file_bytes = std::size_t{64} << 20U;
inline constexpr std::size_t max_census_values = 8'000'000;
inline constexpr std::size_t max_census_processes = 4096;
inline constexpr std::size_t max_census_types = 1'000'000;  ///< of one process
inline constexpr std::size_t max_census_list = 100'000;     ///< of any other list

/// Two spaces deep, with a newline at the end.
[[nodiscard]] std::string census_json(const model::CensusReading& reading);

/// Writes a new file beside and renames it, so that FILE is the old one or the new one, whole, whatever happens.
[[nodiscard]] base::Result<void> save_census(const std::string& path, const model::CensusReading& reading);

/// Errors: those of opening and reading; limit; malformed, with the place in `detail` ("processes[0].types[3].bytes is
/// not a number of bytes"; "it was made by tidemark heap: …").
[[nodiscard]] base::Result<model::CensusReading> read_census(const std::string& path);
[[nodiscard]] base::Result<model::CensusReading> parse_census(std::string_view text, const std::string& path);

}  // namespace tidemark::record
