#include "detail/process_parts.hpp"

#include <fmt/format.h>

#include "detail/figures.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

constexpr std::size_t process_name_columns = 40;

double in_ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string pause_words(const model::HeapCost& cost, std::string_view consistency) {
  if (consistency == "racing") return "no stop";
  std::string text = fmt::format("{}, it stood still for {:.2f} ms", said(consistency), in_ms(cost.pause_ns));
  if (cost.threads > 0) text += fmt::format(" ({})", counted(cost.threads, "thread"));
  if (cost.reap_pause_ns > 0) {
    text += fmt::format(" and one thread for {:.2f} ms more to collect the clone", in_ms(cost.reap_pause_ns));
  }
  if (cost.caused_faults > 0)
    text += fmt::format(", at most {} caused in it", counted(cost.caused_faults, "page fault"));
  for (const auto& [call, count] : cost.interrupted_calls) {
    text += fmt::format(", {} of {} interrupted (EINTR)", counted(count, "call"), said(call));
  }
  return text;
}

}  // namespace

std::string process_words(const std::string& name, base::Pid pid, base::Pid parent, const TextStyle& style) {
  std::string words = strong(printable(name, process_name_columns, style.ascii));
  words += fmt::format(" (pid {}", pid);
  if (parent != 0) words += fmt::format(", child of {}", parent);
  return words + ")";
}

void add_cost(const model::HeapCost& cost, std::string_view consistency, std::string_view why_consistency,
              bool low_memory, Document& document) {
  std::string text = fmt::format("Cost: {}; {} read in {:.2f} s, {:.2f} s of our CPU, {} of our memory",
                                 pause_words(cost, consistency), megabytes(static_cast<double>(cost.bytes_read)),
                                 in_ms(cost.read_ns) / 1000, in_ms(cost.own_cpu_ns) / 1000,
                                 megabytes(static_cast<double>(cost.own_rss_bytes)));
  if (low_memory) text += " (--low-memory)";
  text += ".";
  if (!why_consistency.empty()) text += " Of the exact ways, " + said(consistency) + ": " + said(why_consistency) + ".";
  document.push_back(Sentences{.text = std::move(text), .indent = 2, .apart = true});
}

}  // namespace tidemark::present::detail
