// What the tests of reading share: a visitor that writes down what it is told, and recordings as text.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "support.hpp"
#include "tidemark/record/encoder.hpp"
#include "tidemark/record/recording_reader.hpp"

namespace tidemark::record::test {

/// A row that outlives the visit.
struct KeptRow {
  model::RecordedRow row;
  std::string phase;
};

/// A census that outlives the visit.
struct KeptCensus {
  struct Type {
    std::string type;
    std::uint64_t count = 0, bytes = 0, held_bytes = 0;
    bool operator==(const Type&) const = default;
  };
  std::int64_t wall_ns = 0, elapsed_ns = 0;
  std::string process_name;
  base::Pid pid = 0;
  std::vector<Type> types;
  bool operator==(const KeptCensus&) const = default;
};

class Notebook final : public model::RecordingVisitor {
 public:
  void on_format(model::RecordedFormat format) override { formats.push_back(format); }
  void on_header(const model::RecordingHeader& header) override { headers.push_back(header); }
  void on_process(std::uint32_t number, const model::ProcessInfo& process) override {
    CHECK(number == processes.size());
    processes.push_back(process);
  }
  void on_row(const model::RecordedRow& row) override {
    CHECK(row.process < processes.size());
    if (!rows.empty()) CHECK(row.elapsed_ns >= rows.back().row.elapsed_ns);
    rows.push_back({row, std::string(row.phase)});
  }
  void on_mark(std::int64_t elapsed_ns, const model::Mark& mark) override { marks.emplace_back(elapsed_ns, mark); }
  void on_suspend(std::int64_t elapsed_ns, const model::Suspend& suspend) override {
    suspends.emplace_back(elapsed_ns, suspend);
  }
  void on_end(std::int64_t elapsed_ns, const model::RecordingEnd& end) override { ends.emplace_back(elapsed_ns, end); }
  void on_census(const model::RecordedCensus& census) override {
    KeptCensus kept{census.wall_ns, census.elapsed_ns, std::string(census.process_name), census.pid, {}};
    for (const auto& type : census.types) {
      kept.types.push_back({std::string(type.type), type.count, type.bytes, type.held_bytes});
    }
    censuses.push_back(std::move(kept));
    census_starts.push_back(census.started_wall_ns);
  }

  std::vector<model::RecordedFormat> formats;
  std::vector<model::RecordingHeader> headers;
  std::vector<model::ProcessInfo> processes;
  std::vector<KeptRow> rows;
  std::vector<std::pair<std::int64_t, model::Mark>> marks;
  std::vector<std::pair<std::int64_t, model::Suspend>> suspends;
  std::vector<std::pair<std::int64_t, model::RecordingEnd>> ends;
  std::vector<KeptCensus> censuses;
  std::vector<std::int64_t> census_starts;
};

inline const std::string psutil_header =
    "timestamp,elapsed_seconds,process_name,pid,cpu_percent,memory_rss_mb,memory_percent\n";

/// The one recording that these names mean.
inline RecordingFiles one_recording(const std::vector<std::string>& named) {
  const auto found = find_recordings(named);
  if (!found) FAIL(base::describe(found.error()));
  REQUIRE(found->size() == 1);
  return found->front();
}

inline ReadingLosses read_all(const std::string& path, Notebook& notebook) {
  const auto losses = read_recording(one_recording({path}), notebook);
  if (!losses) FAIL(base::describe(losses.error()));
  return *losses;
}

/// The error of finding or reading a file with this text.
inline base::Error error_of(const TempDirectory& directory, const std::string& text) {
  const std::string path = directory.file("refused.csv");
  write_text(path, text);
  const auto found = find_recordings({path});
  if (!found) return found.error();
  Notebook notebook;
  const auto losses = read_recording(found->front(), notebook);
  REQUIRE(!losses);
  return losses.error();
}

}  // namespace tidemark::record::test
