#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "detail/compare_parts.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::Change;
using analysis::Compared;
using analysis::CompareMetric;
using analysis::MetricChange;
using analysis::SubjectChange;

/// The tree is the same as the only name when both recordings have that one name and no other.
bool is_alone(const Compared& compared) {
  return compared.subjects.size() == 2 && compared.subjects[0].name.empty() && !compared.subjects[1].only_before &&
         !compared.subjects[1].only_after;
}

std::string from_to(double before, double after, const TextStyle& style) {
  return fmt::format("{} {} {}", megabytes(before), style.ascii ? "->" : "→", megabytes(after));
}

std::string growth_words(const MetricChange& growth, const TextStyle& style) {
  const double before = *growth.before;
  const double after = *growth.after;
  if (growth.no_growth_after)
    return fmt::format("growth {} {} no growth ({})", megabytes(before), style.ascii ? "->" : "→", megabytes(after));
  if (before <= 0 && after <= 0)
    return fmt::format("no growth before ({}) nor after ({})", megabytes(before), megabytes(after));
  const std::string ratio = ratio_text(growth.ratio);
  return "growth " + from_to(before, after, style) + (ratio.empty() ? "" : ", " + ratio);
}

std::string noise_words(const MetricChange& growth) {
  if (!growth.lower || !growth.upper) return "not judged against noise: too few samples";
  const bool changed = growth.change == Change::better || growth.change == Change::worse;
  return fmt::format("{} noise (95 %: {} to {})", changed ? "beyond" : "within", signed_megabytes(*growth.lower),
                     signed_megabytes(*growth.upper));
}

std::string whole_sentence(const CompareView& view, const TextStyle& style) {
  const SubjectChange* whole = main_change(view.compared);
  if (whole == nullptr) return "Neither recording has a sample.";
  if (whole->only_before) return "AFTER has no samples: nothing to compare.";
  if (whole->only_after) return "BEFORE has no samples: nothing to compare.";
  return growth_sentence(*whole, style) + ".";
}

}  // namespace

const SubjectChange* main_change(const Compared& compared) {
  if (compared.subjects.empty() || !compared.subjects[0].name.empty()) return nullptr;
  return is_alone(compared) ? &compared.subjects[1] : &compared.subjects[0];
}

std::vector<const SubjectChange*> other_names(const Compared& compared) {
  std::vector<const SubjectChange*> names;
  if (is_alone(compared)) return names;
  for (const auto& subject : compared.subjects) {
    if (!subject.name.empty()) names.push_back(&subject);
  }
  return names;
}

std::string ratio_text(const std::optional<double>& ratio) {
  constexpr double about_one = 1.05;
  constexpr double without_decimals = 10;
  if (!ratio || *ratio <= 0) return {};
  const double times = *ratio >= 1 ? *ratio : 1 / *ratio;
  if (times < about_one) return {};
  return fmt::format("{:.{}f}x {}", times, times < without_decimals ? 1 : 0, *ratio >= 1 ? "less" : "more");
}

std::string growth_sentence(const SubjectChange& subject, const TextStyle& style) {
  const auto growth = std::find_if(subject.metrics.begin(), subject.metrics.end(),
                                   [](const MetricChange& one) { return one.metric == CompareMetric::growth; });
  if (growth == subject.metrics.end() || !growth->before || !growth->after) return "no growth to compare";
  std::string words = growth_words(*growth, style);
  words.front() = words.front() == 'g' ? 'G' : 'N';
  return strong(words) + ", " + noise_words(*growth);
}

void add_compared_verdicts(Document& document, const CompareView& view, const TextStyle& style) {
  const auto& compared = view.compared;
  const auto said_of = [](const analysis::Report& report) {
    return verdict_sentence(main_subject(report), report.settings.thresholds);
  };
  document.emplace_back(Facts{{{"before", said_of(compared.before)}, {"after", said_of(compared.after)}}});
  document.push_back(Sentences{.text = whole_sentence(view, style), .apart = true});
}

}  // namespace tidemark::present::detail
