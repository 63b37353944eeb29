#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "detail/census_parts.hpp"
#include "detail/figures.hpp"

namespace tidemark::present::detail {
namespace {

using model::CensusType;

constexpr std::size_t no_end = static_cast<std::size_t>(-1);

std::vector<std::string> cells_of(std::string title, const CensusType& row) {
  const double average = row.count == 0 ? 0 : static_cast<double>(row.bytes) / static_cast<double>(row.count);
  return {std::move(title), grouped(row.count), size_of(row.bytes), size_words(average), size_of(row.held_bytes)};
}

class TypesTable {
 public:
  TypesTable(const model::Census& census, const CensusView& view) : census_(census), view_(view) {
    rows_ = view.by_module ? summed_by_module(census.types) : summed_by_name(census.types);
    if (view.sort == CensusSort::count) {
      std::stable_sort(rows_.begin(), rows_.end(),
                       [](const CensusType& left, const CensusType& right) { return left.count > right.count; });
    }
    if (!view.by_module) {
      for (const auto& type : census.types) ++types_of_name_[type.type];
    }
  }

  void add(Document& document) {
    if (!rows_.empty()) document.push_back(make());
    if (shows_own_sizeof_) {
      document.push_back(Sentences{
          .text = fmt::format("* has {}, which cannot be called from outside: total is what object's would "
                              "say, held is what was found.",
                              view_.by_module ? "types with a __sizeof__ of their own" : "a __sizeof__ of its own"),
          .indent = 2});
    }
    if (!view_.filter.empty()) document.push_back(Sentences{.text = filter_words(), .indent = 2, .apart = true});
  }

 private:
  [[nodiscard]] Table make() {
    Table table{.columns = {{.title = view_.by_module ? "module" : "type",
                             .align = Align::left,
                             .shrinks = true,
                             .narrowest = 20},
                            {.title = "count"},
                            {.title = "total"},
                            {.title = "average"},
                            {.title = "held"}},
                .rows = {},
                .apart = true};
    const std::size_t shown = std::min(rows_.size(), view_.top == 0 ? no_end : view_.top);
    CensusType rest;
    for (std::size_t at = 0; at < rows_.size(); ++at) {
      if (at < shown) {
        table.rows.push_back(cells_of(title_of(rows_[at]), rows_[at]));
      } else {
        rest += rows_[at];
      }
    }
    if (const std::size_t folded = rows_.size() - shown; folded > 0) {
      const auto what = grouped(folded, view_.by_module ? "more module" : "more type");
      table.rows.push_back(cells_of((view_.text.ascii ? "... " : "… ") + what, rest));
    }
    return table;
  }

  [[nodiscard]] std::string title_of(const CensusType& row) {
    std::string title = name(row.type, view_.text, view_.text.width);
    if (row.type.empty()) title = view_.by_module ? "(module not known)" : "(name not known)";
    if (const auto found = types_of_name_.find(row.type); found != types_of_name_.end() && found->second > 1) {
      title += fmt::format(" ({} types)", grouped(found->second));
    }
    if (row.has_own_sizeof) {
      title += " *";
      shows_own_sizeof_ = true;
    }
    return title;
  }

  [[nodiscard]] std::string filter_words() const {
    if (census_.types.empty()) return said(view_.filter) + ": no type with objects has such a name.";
    CensusType sum;
    for (const auto& type : census_.types) sum += type;
    std::string words = fmt::format("{}: {}", said(view_.filter), grouped(census_.types.size(), "type"));
    if (view_.by_module) words += " of " + grouped(rows_.size(), "module");
    words +=
        fmt::format(", {}, {}, {} held", grouped(sum.count, "object"), size_of(sum.bytes), size_of(sum.held_bytes));
    if (const auto all = census_.summary.total_bytes; all > 0) {
      words += fmt::format(": {} % of all bytes",
                           percent_cell(100 * static_cast<double>(sum.bytes) / static_cast<double>(all)));
    }
    return words + ".";
  }

  const model::Census& census_;
  const CensusView& view_;
  std::vector<CensusType> rows_;
  std::map<std::string_view, std::uint64_t> types_of_name_;
  bool shows_own_sizeof_ = false;
};

}  // namespace

std::string size_of(model::Bytes bytes) { return size_words(static_cast<double>(bytes)); }

void add_types(const model::Census& census, const CensusView& view, Document& document) {
  TypesTable(census, view).add(document);
}

}  // namespace tidemark::present::detail
