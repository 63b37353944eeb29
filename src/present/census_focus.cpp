#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "detail/census_parts.hpp"
#include "detail/figures.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using model::ObjectSample;

constexpr std::size_t indent = 2, value_indent = 4;
// Beside the columns of a histogram; on a narrow terminal a short bar is better than none.
constexpr std::size_t histogram_columns = 48, shortest_bar = 8, longest_bar = 40;

std::string hex(base::Address address) { return fmt::format("{:#x}", address.value); }

/// Whole numbers of their unit, as powers of two are.
std::string whole_size(model::Bytes bytes) {
  const std::string words = size_of(bytes);
  const std::size_t at = words.find(".0 ");
  return at == std::string::npos ? words : words.substr(0, at) + words.substr(at + 2);
}

std::string range_words(model::Bytes from) {
  if (from < 1024) return fmt::format("{} to {} B", from, from == 0 ? 0 : 2 * from - 1);
  return whole_size(from) + " to " + whole_size(2 * from);
}

/// Eighths of a column, or '#' for each; never nothing for something.
std::string bar_of(std::uint64_t count, std::uint64_t most, std::size_t columns, bool ascii) {
  if (count == 0 || most == 0) return {};
  const double full = static_cast<double>(count) / static_cast<double>(most) * static_cast<double>(columns);
  if (ascii) return std::string(std::max<std::size_t>(static_cast<std::size_t>(std::lround(full)), 1), '#');
  constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto parts = std::max<std::size_t>(static_cast<std::size_t>(std::lround(full * 8)), 1);
  std::string bar;
  for (std::size_t at = 0; at < parts / 8; ++at) bar += "█";
  return bar.append(eighths.at(parts % 8));
}

void add_head(const model::CensusFocus& focus, const model::Census& census, const TextStyle& style,
              Document& document) {
  std::string text = strong(printable(focus.type, style.width, style.ascii)) + " at " + hex(focus.address);
  const auto row = std::find_if(census.types.begin(), census.types.end(), [&](const model::CensusType& type) {
    return type.address == focus.address && type.type == focus.type;
  });
  if (row != census.types.end()) {
    text +=
        fmt::format(": {}, {}, {} held", grouped(row->count, "object"), size_of(row->bytes), size_of(row->held_bytes));
  }
  document.push_back(Sentences{.text = text + ".", .apart = true});
}

void add_sizes(const model::CensusFocus& focus, const TextStyle& style, Document& document) {
  if (focus.sizes.empty()) return;
  Table table{.columns = {{.title = "size of one", .align = Align::left},
                          {.title = "count"},
                          {.title = "total"},
                          {.title = "", .align = Align::left}},
              .rows = {},
              .apart = true};
  const auto most = std::max_element(focus.sizes.begin(), focus.sizes.end(), [](const auto& left, const auto& right) {
                      return left.count < right.count;
                    })->count;
  const std::size_t columns =
      std::clamp(style.width - std::min(style.width, histogram_columns), shortest_bar, longest_bar);
  for (const auto& size : focus.sizes) {
    table.rows.push_back({range_words(size.from), grouped(size.count), size_of(size.bytes),
                          bar_of(size.count, most, columns, style.ascii)});
  }
  document.push_back(std::move(table));
}

std::string place_words(model::GcPlace place) {
  switch (place) {
    case model::GcPlace::untracked:
      return "not tracked";
    case model::GcPlace::frozen:
      return "frozen by gc.freeze()";
    case model::GcPlace::unknown:
      return "of which it is not known";
    default:
      return "in " + std::string(word_of(place));
  }
}

void add_places(const model::CensusFocus& focus, Document& document) {
  std::string text;
  for (std::size_t at = 0; at < focus.places.size(); ++at) {
    if (focus.places[at] == 0) continue;
    text += (text.empty() ? "" : ", ") + grouped(focus.places[at]) + " " + place_words(static_cast<model::GcPlace>(at));
  }
  if (text.empty()) return;
  document.push_back(Sentences{.text = "Garbage collector: " + text + ".", .indent = indent, .apart = true});
}

std::string short_word(model::GcPlace place) {
  switch (place) {
    case model::GcPlace::generation0:
      return "gen 0";
    case model::GcPlace::generation1:
      return "gen 1";
    case model::GcPlace::generation2:
      return "gen 2";
    case model::GcPlace::unknown:
      return "gen ?";
    default:
      return std::string(word_of(place));
  }
}

constexpr std::size_t head_cells = 5;
using Cells = std::array<std::string, head_cells>;

Cells cells_of(const ObjectSample& sample) {
  return {hex(sample.address), sample.is_immortal ? "immortal" : fmt::format("refs {}", sample.refcount),
          short_word(sample.place), size_of(sample.bytes), "held " + size_of(sample.held_bytes)};
}

/// The figures of each sample in columns, and its value: on the same line where all values fit there, else below.
std::string sample_lines(const std::vector<ObjectSample>& samples, const TextStyle& style) {
  std::array<std::size_t, head_cells> widths{};
  std::size_t widest_value = 0;
  for (const auto& sample : samples) {
    const Cells cells = cells_of(sample);
    for (std::size_t at = 0; at < head_cells; ++at) widths[at] = std::max(widths[at], cells[at].size());
    widest_value = std::max(widest_value, display_columns(printable(sample.value, style.width, style.ascii)));
  }
  std::size_t head_width = indent;
  for (const std::size_t width : widths) head_width += width + 2;
  const bool is_beside = head_width + widest_value <= style.width;
  std::string lines;
  for (const auto& sample : samples) {
    const Cells cells = cells_of(sample);
    std::string head;
    for (std::size_t at = 0; at < head_cells; ++at) head += fmt::format("{:<{}}  ", cells[at], widths[at]);
    if (is_beside) {
      lines += std::string(indent, ' ') + head + printable(sample.value, style.width, style.ascii) + "\n";
      continue;
    }
    head.erase(head.find_last_not_of(' ') + 1);
    if (indent + head.size() <= style.width) {
      lines += std::string(indent, ' ') + head + "\n";
    } else {
      for (const auto& line : wrapped(head, style.width - indent)) lines += std::string(indent, ' ') + line + "\n";
    }
    lines += std::string(value_indent, ' ') + printable(sample.value, style.width - value_indent, style.ascii) + "\n";
  }
  return lines;
}

}  // namespace

void add_focus(const model::CensusFocus& focus, const model::Census& census, const TextStyle& style,
               Document& document) {
  add_head(focus, census, style, document);
  add_sizes(focus, style, document);
  add_places(focus, document);
  if (focus.samples.empty()) return;
  document.push_back(Sentences{.text = "Samples, by address:", .indent = indent, .apart = true});
  document.push_back(Drawing{.lines = sample_lines(focus.samples, style)});
}

}  // namespace tidemark::present::detail
