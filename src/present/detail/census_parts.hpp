// Purpose: the parts of a census's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document.hpp"
#include "process_parts.hpp"
#include "tidemark/model/census.hpp"
#include "tidemark/present/census.hpp"

namespace tidemark::present::detail {

/// "512 B", "40.0 MB"
[[nodiscard]] std::string size_of(model::Bytes bytes);

/// The table of types or modules, and the sum of what a filter left.
void add_types(const model::Census& census, const CensusView& view, Document& document);

/// What there is in all, what the collector has of it, and what was not looked at.
void add_sentences(const model::Census& census, const CensusView& view, Document& document);

/// One type of `--type`: its sizes, its places, its samples.
void add_focus(const model::CensusFocus& focus, const model::Census& census, const TextStyle& style,
               Document& document);

/// The totals of several processes.
void add_all_processes(const model::CensusReading& reading, const TextStyle& style, Document& document);

}  // namespace tidemark::present::detail
