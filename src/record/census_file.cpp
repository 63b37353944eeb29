#include "tidemark/record/census_file.hpp"

#include <fcntl.h>

#include "detail/census_keys.hpp"
#include "detail/saved_file.hpp"
#include "detail/saved_members.hpp"
#include "tidemark/base/fd.hpp"

namespace tidemark::record {
namespace {

using base::Result;

constexpr detail::SavedKind kind{.reading = "read the saved census", .max_values = max_census_values};

}  // namespace

Result<void> save_census(const std::string& path, const model::CensusReading& reading) {
  return detail::replace_file(path, census_json(reading), "save the census");
}

Result<model::CensusReading> parse_census(std::string_view text, const std::string& path) {
  const auto json = detail::parse_saved(text, path, kind);
  if (!json) return base::fail(json.error());
  try {
    return detail::census_reading_of(*json);
  } catch (const detail::NotAsSaved& wrong) {
    return base::fail(detail::malformed(path, kind, wrong.what));
  }
}

Result<model::CensusReading> read_census(const std::string& path) {
  auto text = base::read_file(AT_FDCWD, path, max_census_file_bytes, kind.reading);
  if (!text) return base::fail(std::move(text).error());
  return parse_census(*text, path);
}

}  // namespace tidemark::record
