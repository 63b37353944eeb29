// Purpose: ledgers as JSON: what `tidemark heap --json` prints, `--save` keeps and `--diff` reads back, and the `heap`
// object of a recording's samples. One form for all; docs/heap.md has its keys.
// Invariants: texts of the target are escaped as in a recording (record/text.hpp) and come back as they were; a file
// that is read is hostile input: its size, its number of values and every figure pass a named cap, and a ledger whose
// books do not balance is malformed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::record {

inline constexpr int heap_schema = 1;

/// The longest file that is read back, and what it may hold.
inline constexpr std::size_t max_heap_file_bytes = std::size_t{64} << 20U;
inline constexpr std::size_t max_heap_values = 4'000'000;
inline constexpr std::size_t max_heap_processes = 4096;
inline constexpr std::size_t max_heap_rows = 65'536;     ///< of one ledger
inline constexpr std::size_t max_heap_list = 1'000'000;  ///< of any other list
/// More than any address space: sums of max_heap_rows of them stay below 2^63.
inline constexpr model::Bytes max_heap_bytes = model::Bytes{1} << 46U;

/// Two spaces deep, with a newline at the end.
[[nodiscard]] std::string heap_json(const model::HeapReading& reading);

/// The ledger as a sample of a recording has it, in one line: without the lists of types, files and single arenas.
[[nodiscard]] std::string heap_sample_json(const model::HeapLedger& ledger);

/// Writes a new file beside and renames it, so that FILE is the old one or the new one, whole, whatever happens.
[[nodiscard]] base::Result<void> save_heap(const std::string& path, const model::HeapReading& reading);

/// Errors: those of opening and reading; limit; malformed, with the place in `detail` ("processes[0].rows[3].bytes is
/// not a number of bytes").
[[nodiscard]] base::Result<model::HeapReading> read_heap(const std::string& path);
[[nodiscard]] base::Result<model::HeapReading> parse_heap(std::string_view text, const std::string& path);

}  // namespace tidemark::record
