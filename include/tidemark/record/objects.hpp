// Purpose: the censuses of a recording: their file beside the CSV (`night.objects.csv` for `night.csv`), and the member
// `objects` of a JSONL sample. docs/recording-format.md has both. The file is written, rotated and continued as the
// recording is (recording_file.hpp, Format::objects).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/model/census.hpp"

namespace tidemark::record {

/// Of the file, in order. As with columns(): new ones are added at the end, a name is never changed.
inline constexpr std::array<std::string_view, 8> objects_columns{
    "timestamp", "elapsed_seconds", "process_name", "pid", "type", "count", "bytes", "held_bytes"};

/// Rows of one census that are read; more than any of ours has. What is beyond them is lost, and counted.
inline constexpr std::size_t max_census_rows = 4096;

/// `night.objects.csv` for `night.csv`.
[[nodiscard]] std::string objects_path(const std::string& recording);

/// `night.csv` for `night.objects.csv` and for its rotated `night.objects.7.csv`; nullopt for any other name.
[[nodiscard]] std::optional<std::string> recording_of_objects(const std::string& path);

/// The census as a sample has it, in one line: summary, coverage, types as they are recorded, notes and cost.
[[nodiscard]] std::string objects_sample_json(const model::Census& census);

}  // namespace tidemark::record
