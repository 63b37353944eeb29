// Reads the files of objects that stand beside a CSV.
#include <algorithm>
#include <optional>

#include "detail/census_gatherer.hpp"
#include "detail/read_file.hpp"
#include "tidemark/record/csv_reader.hpp"
#include "tidemark/record/objects.hpp"

namespace tidemark::record::detail {

base::Result<void> read_objects_files(const std::vector<std::string>& paths, Reading into) {
  const auto span = into.decoder.span();
  if (!span) return {};
  CensusGatherer gatherer(span->first, span->second, into.visitor);
  for (const std::string& path : paths) {
    auto reader = CsvReader::open(path, objects_columns);
    if (!reader) return base::fail(std::move(reader).error());
    reader->select({objects_columns.begin(), objects_columns.end()});
    CsvRow row;
    for (auto more = reader->next(row);; more = reader->next(row)) {
      if (!more) return base::fail(std::move(more).error());
      if (!*more) break;
      if (gatherer.take(row.cells)) continue;
      ++into.losses.lost_rows;
      if (into.losses.first.size() < max_named_lines) {
        into.losses.first.push_back({path, reader->line(), gatherer.why()});
      }
    }
    into.losses.lost_rows += reader->losses().wrong_width_rows;
    for (const NotARow& lost : reader->losses().wrong_width) {
      if (into.losses.first.size() < max_named_lines) into.losses.first.push_back({path, lost.line, lost.why});
    }
    if (reader->losses().torn_tail_bytes > 0) ++into.losses.torn_tails;
  }
  gatherer.finish();
  into.losses.foreign_censuses = gatherer.foreign();
  return {};
}

}  // namespace tidemark::record::detail
