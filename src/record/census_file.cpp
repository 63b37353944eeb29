#include "tidemark/record/census_file.hpp"

#include "detail/census_keys.hpp"
#include "detail/saved_file.hpp"

namespace tidemark::record {
namespace {

using base::Result;

constexpr detail::SavedKind kind{
    .reading = "read the saved census", .max_bytes = max_census_file_bytes, .max_values = max_census_values};

}  // namespace

Result<void> save_census(const std::string& path, const model::CensusReading& reading) {
  return detail::replace_file(path, census_json(reading), "save the census");
}

Result<model::CensusReading> parse_census(std::string_view text, const std::string& path) {
  return detail::parse_saved_as(text, path, kind, detail::census_reading_of);
}

Result<model::CensusReading> read_census(const std::string& path) {
  return detail::read_saved_as(path, kind, detail::census_reading_of);
}

}  // namespace tidemark::record
