// Which types of objects grew, of a recording with censuses.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::ObjectGrowth;
using analysis::TypeGrowth;

constexpr std::size_t most_processes = 5;
constexpr std::size_t longest_name = 32;
constexpr std::size_t longest_type = 60;

/// With two decimals below 1 MB: a type that grows by a few KB an hour is worth a figure.
std::string signed_size(double bytes) {
  const double mb = in_megabytes(bytes);
  return std::abs(mb) < 1 ? fmt::format("{:+.2f}", std::abs(mb) < 0.005 ? 0 : mb) : signed_mb_cell(bytes);
}

std::string process_text(const ObjectGrowth& growth, const TextStyle& style) {
  const std::string shown = printable(growth.name, longest_name, style.ascii);
  return name(fmt::format("{}[{}]", shown, growth.pid), style, longest_name + 9);
}

std::string type_sentence(const TypeGrowth& type, const TextStyle& style) {
  return fmt::format("{} {} MB ({:.0f} % of the growth of objects), {} objects", name(type.type, style, longest_type),
                     signed_size(type.growth.bytes), type.share_percent, signed_count(type.growth.objects));
}

/// The first that rises beyond chance; else the first, and that it may be chance.
std::string finding(const ObjectGrowth& growth, const TextStyle& style) {
  const std::string process = process_text(growth, style);
  if (growth.censuses < 2) {
    return fmt::format("{}: one census only, at {}; what grew shows between two.", process, duration(growth.from_ns));
  }
  if (growth.types.empty()) return process + ": no type of objects grew.";
  const auto rising =
      std::find_if(growth.types.begin(), growth.types.end(), [](const auto& one) { return one.rises(); });
  if (rising != growth.types.end()) return fmt::format("{}: {}.", process, type_sentence(*rising, style));
  return fmt::format("{}: no type of objects rises beyond chance; most between the first and the last census: {}.",
                     process, type_sentence(growth.types.front(), style));
}

std::string scope(const ObjectGrowth& growth) {
  const auto whole = growth.last - growth.first;
  return fmt::format("{} from {} to {}: all objects {} to {}, {} objects.", counted(growth.censuses, "census", "es"),
                     duration(growth.from_ns), duration(growth.to_ns), megabytes(growth.first.bytes),
                     megabytes(growth.last.bytes), signed_count(whole.objects));
}

std::vector<std::string> row_of(const TypeGrowth& type, const TextStyle& style) {
  std::vector<std::string> row{name(type.type, style, longest_type), signed_size(type.growth.bytes),
                               percent_cell(type.share_percent), signed_count(type.growth.objects)};
  if (!type.slope) return row;
  row.push_back(signed_size(type.slope->per_hour()));
  row.emplace_back(type.rises() ? "rises" : "may be chance");
  return row;
}

void add_process(Document& document, const ObjectGrowth& growth, const TextStyle& style) {
  document.push_back(Sentences{.text = finding(growth, style), .indent = 2, .apart = true});
  if (growth.censuses < 2) return;
  document.push_back(Sentences{.text = scope(growth), .indent = 2});
  if (growth.types.empty()) return;
  constexpr std::size_t narrowest = 14;
  Table table{
      .columns =
          {{"type", Align::left, true, narrowest}, {"MB"}, {"share %"}, {"objects"}, {"MB/h"}, {"", Align::left}},
      .rows = {}};
  for (const auto& type : growth.types) table.rows.push_back(row_of(type, style));
  document.emplace_back(std::move(table));
  if (const auto more = growth.grown_types - growth.types.size(); more > 0) {
    document.push_back(
        Sentences{.text = fmt::format("{} more type{} grew, each by less.", more, plural(more)), .indent = 2});
  }
}

}  // namespace

void add_objects(Document& document, const ReportView& view, const TextStyle& style) {
  const auto& objects = view.report.objects;
  if (objects.empty()) return;
  document.emplace_back(Heading{"Objects"});
  const std::size_t shown = style.all ? objects.size() : std::min(objects.size(), most_processes);
  for (std::size_t i = 0; i < shown; ++i) add_process(document, objects[i], style);
  if (shown == objects.size()) return;
  document.push_back(Sentences{.text = fmt::format("Not shown, as their objects grew less: {} (--all shows them).",
                                                   counted(objects.size() - shown, "process", "es")),
                               .indent = 2});
}

}  // namespace tidemark::present::detail
