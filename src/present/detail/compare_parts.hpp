// Purpose: the parts of a comparison, in the order a reader meets them.
#pragma once

#include <string>

#include "document.hpp"

namespace tidemark::present::detail {

/// What is said of the whole: the tree, or the only name there is on both sides.
[[nodiscard]] const analysis::SubjectChange* main_change(const analysis::Compared& compared);
/// The names, without the one that is the whole.
[[nodiscard]] std::vector<const analysis::SubjectChange*> other_names(const analysis::Compared& compared);

/// "growth 3867.3 MB → 0.9 MB, 4297x less, beyond noise (95 %: …)"
[[nodiscard]] std::string growth_sentence(const analysis::SubjectChange& subject, const TextStyle& style);
/// "4297x less", "1.5x more"; empty when unset or about 1.
[[nodiscard]] std::string ratio_text(const std::optional<double>& ratio);

void add_compared_verdicts(Document& document, const CompareView& view, const TextStyle& style);
void add_compared_tables(Document& document, const CompareView& view, const TextStyle& style);

}  // namespace tidemark::present::detail
