// Purpose: a census to JSON and back, keys in the order in which they are written.
#pragma once

#include "saved_json.hpp"
#include "tidemark/model/census.hpp"

namespace tidemark::record::detail {

[[nodiscard]] SavedJson census_reading_json(const model::CensusReading& reading);

/// Throws NotAsSaved.
[[nodiscard]] model::CensusReading census_reading_of(const SavedJson& json);

}  // namespace tidemark::record::detail
