#include <algorithm>

#include "detail/read_file.hpp"
#include "detail/reading_error.hpp"
#include "tidemark/record/csv_reader.hpp"

namespace tidemark::record::detail {
namespace {

using base::Result;

/// A column that was there before and is not now; empty when there is none.
std::string missing_column(const std::vector<std::string>& before, const std::vector<std::string>& now) {
  for (const std::string& name : before) {
    if (std::find(now.begin(), now.end(), name) == now.end()) return name;
  }
  return {};
}

/// The lines that the reader could not take as rows and those that the decoder refused, in the order of the file.
void book(const CsvReader& reader, const std::string& path, std::vector<LostLine> refused, ReadingLosses& losses) {
  const CsvLosses& narrow = reader.losses();
  losses.lost_rows += narrow.wrong_width_rows;
  if (narrow.torn_tail_bytes > 0) ++losses.torn_tails;
  for (const NotARow& lost : narrow.wrong_width) refused.push_back({path, lost.line, lost.why});
  std::sort(refused.begin(), refused.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  for (LostLine& lost : refused) {
    if (losses.first.size() < max_named_lines) losses.first.push_back(std::move(lost));
  }
}

}  // namespace

Result<void> read_csv_file(const std::string& path, std::vector<std::string>& names, Reading into) {
  auto reader = CsvReader::open(path);
  if (!reader) return base::fail(std::move(reader).error());
  if (const std::string missing = missing_column(names, reader->columns()); !missing.empty()) {
    return base::fail(malformed(path, "it has no column " + missing + ", which the file before it has"));
  }
  names = reader->columns();
  reader->select({decoded_columns.begin(), decoded_columns.end()});
  std::vector<LostLine> refused;
  CsvRow row;
  for (auto more = reader->next(row);; more = reader->next(row)) {
    if (!more) return base::fail(std::move(more).error());
    if (!*more) break;
    const Decoded decoded = into.decoder.take(row.cells);
    if (decoded == Decoded::row) continue;
    if (decoded == Decoded::backwards) {
      return base::fail(malformed(path, "line " + std::to_string(reader->line()) + ": " + into.decoder.why()));
    }
    ++into.losses.lost_rows;
    if (refused.size() < max_named_lines) refused.push_back({path, reader->line(), into.decoder.why()});
  }
  book(*reader, path, std::move(refused), into.losses);
  return {};
}

}  // namespace tidemark::record::detail
