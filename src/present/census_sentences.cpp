#include <fmt/format.h>

#include "detail/census_parts.hpp"
#include "detail/figures.hpp"

namespace tidemark::present::detail {
namespace {

std::string listed(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

class SentenceMaker {
 public:
  SentenceMaker(const model::Census& census, const CensusView& view, Document& document)
      : census_(census), view_(view), document_(document) {}

  void add_all() {
    add_totals();
    add_kinds();
    add_collector();
    add_coverage();
  }

 private:
  /// An empty line before the first.
  void say(std::string text) {
    document_.push_back(Sentences{.text = std::move(text), .indent = 2, .apart = is_first_});
    is_first_ = false;
  }

  void add_totals() {
    const auto& summary = census_.summary;
    if (summary.total_objects == 0) return say("No Python object was counted.");
    say(
        fmt::format("{} of {}: {} by sys.getsizeof(), {} held (the blocks that they lie in, and buffers that are "
                    "theirs alone).",
                    grouped(summary.total_objects, "object"), grouped(summary.unique_types, "type"),
                    size_of(summary.total_bytes), size_of(summary.total_held_bytes)));
  }

  void add_kinds() {
    std::uint64_t immortal = 0;
    std::uint64_t interned = 0;
    for (const auto& type : census_.types) {
      immortal += type.immortal;
      interned += type.interned;
    }
    std::string text;
    if (immortal > 0) text = grouped(immortal) + (immortal == 1 ? " is" : " are") + " immortal (never freed)";
    if (interned > 0) text += (text.empty() ? "" : ", ") + grouped(interned) + " interned str";
    if (!text.empty()) say((view_.filter.empty() ? "Of them " : "Of those that match, ") + text + ".");
  }

  void add_collector() {
    const auto& summary = census_.summary;
    std::vector<std::string> parts;
    if (summary.gc_enabled) parts.emplace_back(*summary.gc_enabled ? "enabled" : "disabled");
    if (!summary.gc_thresholds.empty()) {
      const bool never_runs = summary.gc_enabled.value_or(true) && summary.gc_thresholds.front() == 0;
      parts.push_back("thresholds " + listed(summary.gc_thresholds) +
                      (never_runs ? " (0: it never runs by itself)" : ""));
    }
    if (!summary.gc_counts.empty()) parts.push_back("counts " + listed(summary.gc_counts));
    if (const auto garbage = summary.garbage_count) {
      parts.push_back(*garbage == 0 ? "gc.garbage is empty"
                                    : fmt::format("gc.garbage holds {}", grouped(*garbage, "object")));
    }
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "Garbage collector: " : "; ") + part;
    if (!text.empty()) say(text + ".");
  }

  void add_coverage() {
    const auto& coverage = census_.coverage;
    if (coverage == model::CensusCoverage{}) return;  // there was nothing to look at
    const bool is_racing = census_.consistency == "racing";
    const double share = coverage.share();
    const bool is_whole = share >= 1 && !coverage.is_out_of_budget && coverage.torn_pools == 0;
    if (is_whole) {
      if (is_racing) say("Racing: it ran meanwhile, and nothing that was in use was missed.");
      return;
    }
    std::string text = fmt::format("{}: {} % of the blocks in use were looked at.",
                                   is_racing ? "Racing" : "Not complete", percent_below(share));
    if (const auto missed = missed_words(); !missed.empty()) text += " Missed, and in no row: " + missed + ".";
    if (coverage.is_out_of_budget) {
      text += " Its time was used up: a longer --budget looks at the rest.";
    }
    if (is_racing && coverage.torn_pools + coverage.torn_chunks > 0) {
      text += " With --consistency frozen nothing changes while it is read.";
    }
    say(std::move(text));
  }

  [[nodiscard]] std::string missed_words() const {
    const auto& coverage = census_.coverage;
    std::vector<std::string> parts;
    std::string torn;
    if (coverage.torn_pools > 0) {
      torn = fmt::format("{} of pymalloc ({})", grouped(coverage.torn_pools, "pool"),
                         grouped(coverage.torn_blocks, "block"));
    }
    if (coverage.torn_chunks > 0) {
      torn += fmt::format("{}{} of malloc ({})", torn.empty() ? "" : " and ", grouped(coverage.torn_chunks, "place"),
                          size_of(coverage.torn_bytes));
    }
    if (!torn.empty()) {
      const bool is_one = coverage.torn_pools + coverage.torn_chunks == 1;
      parts.push_back(torn + ", which changed each time that " + (is_one ? "it was" : "they were") + " read");
    }
    if (coverage.lost_bytes > 0) parts.push_back(size_of(coverage.lost_bytes) + " that could not be read");
    if (coverage.left_out_bytes > 0) {
      parts.push_back(size_of(coverage.left_out_bytes) + " of arenas that there was no time for");
    }
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : "; ") + part;
    return text;
  }

  const model::Census& census_;
  const CensusView& view_;
  Document& document_;
  bool is_first_ = true;
};

}  // namespace

void add_sentences(const model::Census& census, const CensusView& view, Document& document) {
  SentenceMaker(census, view, document).add_all();
}

}  // namespace tidemark::present::detail
