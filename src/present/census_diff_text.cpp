#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "detail/census_parts.hpp"
#include "detail/diff_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace detail {
namespace {

using analysis::CensusChange;
using analysis::CensusComparedProcess;
using analysis::CensusDiff;
using analysis::CensusTypeChange;

constexpr std::size_t most_shrunk = 5, most_named = 3;
constexpr std::size_t no_end = static_cast<std::size_t>(-1);

std::string count_cell(std::int64_t change) { return change == 0 ? "" : signed_grouped(change); }

std::string bytes_cell(std::int64_t change) { return change == 0 ? "" : signed_size_words(change); }

std::vector<std::string> cells_of(std::string title, const CensusChange& change, const CensusDiff& diff) {
  std::vector<std::string> cells{std::move(title), grouped(change.before.count), grouped(change.after.count),
                                 count_cell(change.count()), bytes_cell(change.bytes())};
  const auto share = diff.share_of_growth({.type = {}, .change = change});
  cells.push_back(share ? percent_cell(100 * *share) : "");
  return cells;
}

void add_to(CensusChange& sum, const CensusChange& one) {
  sum.before += one.before;
  sum.after += one.after;
}

class DiffTable {
 public:
  DiffTable(const CensusDiff& diff, const CensusDiffView& view, const TextStyle& style)
      : diff_(diff),
        top_(view.top == 0 ? no_end : view.top),
        sum_name_(view.filter.empty() ? "all types" : "all that match"),
        style_(style) {}

  [[nodiscard]] Table make() {
    add_part(top_, "that grew", [](const CensusTypeChange& type) { return type.change.has_grown(); });
    add_part(top_ == no_end ? no_end : most_shrunk, "that shrank",
             [](const CensusTypeChange& type) { return type.change.has_shrunk(); });
    auto sum = cells_of(sum_name_, diff_.total, diff_);
    sum.back().clear();  // of the growth, not of what is left of it
    table_.rows.push_back(std::move(sum));
    return std::move(table_);
  }

 private:
  /// The largest changes of one direction; what grew from the most, what shrank to the most.
  void add_part(std::size_t most, std::string_view what, const std::function<bool(const CensusTypeChange&)>& is_part) {
    std::vector<const CensusTypeChange*> part;
    for (const auto& type : diff_.types) {
      if (is_part(type)) part.push_back(&type);
    }
    if (part.empty()) return;
    if (part.front()->change.has_shrunk()) std::reverse(part.begin(), part.end());
    CensusChange rest;
    for (std::size_t at = 0; at < part.size(); ++at) {
      if (at < most) {
        table_.rows.push_back(cells_of(title_of(*part[at]), part[at]->change, diff_));
      } else {
        add_to(rest, part[at]->change);
      }
    }
    if (part.size() <= most) return;
    const auto folded = grouped(part.size() - most, "more type");
    table_.rows.push_back(cells_of(fmt::format("{} {} {}", style_.ascii ? "..." : "…", folded, what), rest, diff_));
  }

  [[nodiscard]] std::string title_of(const CensusTypeChange& type) const {
    return name(type.type, style_, style_.width) + (type.is_new() ? " (new)" : type.is_gone() ? " (gone)" : "");
  }

  const CensusDiff& diff_;
  std::size_t top_;
  const char* sum_name_;
  const TextStyle& style_;
  Table table_{.columns = {{.title = "type, objects", .align = Align::left, .shrinks = true, .narrowest = 18},
                           {.title = "then"},
                           {.title = "now"},
                           {.title = "change"},
                           {.title = "bytes"},
                           {.title = "% growth"}},
               .rows = {},
               .apart = true};
};

/// "builtins.str 1,500, builtins.int 20, 3 more types": those with the most of a figure.
std::string named(const CensusDiff& diff, const TextStyle& style,
                  const std::function<std::int64_t(const CensusTypeChange&)>& figure,
                  const std::function<std::string(const CensusTypeChange&)>& words) {
  std::vector<const CensusTypeChange*> types;
  for (const auto& type : diff.types) {
    if (figure(type) > 0) types.push_back(&type);
  }
  std::stable_sort(types.begin(), types.end(),
                   [&](const auto* left, const auto* right) { return figure(*left) > figure(*right); });
  std::string text;
  for (std::size_t at = 0; at < std::min(types.size(), most_named); ++at) {
    text += (text.empty() ? "" : ", ") + name(types[at]->type, style) + " " + words(*types[at]);
  }
  if (types.size() > most_named) text += ", " + grouped(types.size() - most_named, "more type");
  return text;
}

/// "1,500 more objects are"
std::string more_words(std::int64_t more, std::string_view noun, std::string_view ending = "s") {
  const auto count = static_cast<std::uint64_t>(more);
  return fmt::format("{} more {}{} {}", grouped(count), noun, plural(count, ending), count == 1 ? "is" : "are");
}

class DiffWriter {
 public:
  DiffWriter(const CensusDiffView& view, const TextStyle& style) : view_(view), style_(style) {}

  [[nodiscard]] std::string text() {
    add_since(view_, document_);
    if (!view_.filter.empty()) put("Only types that match " + said(view_.filter) + ".");
    for (const auto& process : view_.compared.processes) add_process(process);
    add_unmatched(view_, style_, document_);
    return as_text(document_, style_);
  }

 private:
  void put(std::string sentence, bool apart = false, std::size_t indent = 0) {
    document_.push_back(Sentences{.text = std::move(sentence), .indent = indent, .apart = apart});
  }

  void say(std::string text) { put(std::move(text), std::exchange(is_first_, false), 2); }

  void add_process(const CensusComparedProcess& process) {
    const auto& diff = process.diff;
    add_head(process);
    is_first_ = true;
    if (!diff.types.empty()) document_.push_back(DiffTable(diff, view_, style_).make());
    add_nothing(diff);
    add_kinds(diff);
    add_types_of_one_name(diff);
    add_coverage(diff);
  }

  void add_head(const CensusComparedProcess& process) {
    const auto& [before, after] = process.diff.total;
    std::string text = fmt::format("{}: {} to {}, {} to {}, {}", process_words(*process.pair.after, style_),
                                   grouped(before.count), grouped(after.count, "object"), size_of(before.bytes),
                                   size_of(after.bytes), signed_size_words(process.diff.total.bytes()));
    text += pace_words(process.diff.total.bytes(), view_.apart_ns);
    put(text + fmt::format("; held {}.", signed_size_words(process.diff.total.held_bytes())), true);
    add_match_by_name(process.pair, document_);
  }

  void add_nothing(const CensusDiff& diff) {
    const auto any = [&](bool (CensusChange::*is)() const) {
      return std::any_of(diff.types.begin(), diff.types.end(), [&](const auto& type) { return (type.change.*is)(); });
    };
    if (any(&CensusChange::has_grown)) return;
    say(any(&CensusChange::has_shrunk) ? "Nothing grew: no type has more bytes or objects than before."
                                       : "Nothing changed: each type has as many objects and bytes as before.");
  }

  /// Objects that are kept for good on purpose.
  void add_kinds(const CensusDiff& diff) {
    using Type = CensusTypeChange;
    if (const auto more = diff.total.immortal(); more > 0) {
      const auto immortal = [](const Type& type) { return type.change.immortal(); };
      say(fmt::format("{} immortal, never freed: {}.", more_words(more, "object"),
                      named(diff, style_, immortal, [&](const Type& type) { return signed_grouped(immortal(type)); })));
    }
    if (const auto more = diff.total.interned(); more > 0) say(more_words(more, "str", "") + " interned.");
  }

  void add_types_of_one_name(const CensusDiff& diff) {
    using Type = CensusTypeChange;
    const auto more = [](const Type& type) {
      return type.change.after.types > 1 ? static_cast<std::int64_t>(type.change.after.types - type.change.before.types)
                                         : 0;
    };
    const auto words = [](const Type& type) {
      return fmt::format("{} to {}", grouped(type.change.before.types), grouped(type.change.after.types));
    };
    const std::string names = named(diff, style_, more, words);
    if (!names.empty()) say("More types of one name, as when a class is made again and again: " + names + ".");
  }

  void add_coverage(const CensusDiff& diff) {
    const auto& before = diff.coverage_before;
    const auto& after = diff.coverage_after;
    const bool is_racing = diff.consistency_before == "racing" || diff.consistency_after == "racing";
    const bool is_cut = before.is_out_of_budget || after.is_out_of_budget;
    if (before.share() >= 1 && after.share() >= 1 && !is_cut) {
      if (is_racing) say("Racing: what came or went while it was read can look like a change.");
      return;
    }
    say(fmt::format(
        "{}: then {} of the blocks in use were looked at{}, now {}{}. A change smaller than what was missed "
        "means nothing.",
        is_racing ? "Racing" : "Not complete", looked_at(before), missed_words(before), looked_at(after),
        missed_words(after)));
    if (!is_cut) return;
    const auto* when = !after.is_out_of_budget ? "then" : !before.is_out_of_budget ? "now" : "both times";
    say(
        fmt::format("The walk was out of time {}: what it left out can look like growth or loss. A longer --budget "
                    "looks at all of it.",
                    when));
  }

  [[nodiscard]] static std::string looked_at(const model::CensusCoverage& coverage) {
    return coverage.share() >= 1 ? "all" : percent_below(coverage.share()) + " %";
  }

  /// Blocks in what was not looked at, as share() reckons them.
  [[nodiscard]] static std::string missed_words(const model::CensusCoverage& coverage) {
    const double share = coverage.share();
    if (share >= 1 || coverage.blocks == 0) return {};
    constexpr double smallest_share = 1e-9;
    const double missed = static_cast<double>(coverage.blocks) * (1 - share) / std::max(share, smallest_share);
    return fmt::format(" (some {} missed)", grouped(static_cast<std::uint64_t>(std::llround(missed))));
  }

  const CensusDiffView& view_;
  const TextStyle& style_;
  Document document_;
  bool is_first_ = true;
};

}  // namespace
}  // namespace detail

std::string census_diff_text(const CensusDiffView& view, const TextStyle& style) {
  return detail::DiffWriter(view, style).text();
}

}  // namespace tidemark::present
