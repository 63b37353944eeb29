// Purpose: what the differences of two ledgers and of two censuses say alike: since when, of which processes, how fast.
// A View is a HeapDiffView or a CensusDiffView.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "document.hpp"
#include "figures.hpp"
#include "json.hpp"
#include "process_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {

template <class View>
Json diff_head_json(const View& view) {
  return {{"schema", json_schema},
          {"tool", tool_and_version()},
          {"before_file", json_text(view.before_file)},
          {"before_taken", json_instant(view.before_wall_ns)},
          {"apart_seconds", json_seconds(view.apart_ns)}};
}

template <class Processes>
Json unmatched_json(const Processes& processes) {
  Json json = Json::array();
  for (const auto* process : processes) {
    json.push_back({{"pid", process->identity.pid}, {"name", said(process->name)}});
  }
  return json;
}

/// The processes, each as `process_json` has it, and those without another.
template <class View, class ProcessJson>
void add_processes(const View& view, ProcessJson process_json, Json& json) {
  json["processes"] = Json::array();
  for (const auto& process : view.compared.processes) json["processes"].push_back(process_json(process));
  json["only_before"] = unmatched_json(view.compared.only_before);
  json["only_after"] = unmatched_json(view.compared.only_after);
}

/// "Since monday.json, 2026-11-23 09:00:00 UTC."; nothing of two readings made now.
template <class View>
void add_since(const View& view, Document& document) {
  if (view.before_file.empty()) return;
  std::string since = "Since " + said(view.before_file);
  if (view.before_wall_ns != 0) since += ", " + wall_time(view.before_wall_ns);
  document.push_back(Sentences{.text = since + "."});
}

template <class View>
void add_unmatched(const View& view, const TextStyle& style, Document& document) {
  const auto add = [&](const auto& process, const char* words) {
    document.push_back(Sentences{.text = process_words(process, style) + words, .apart = true});
  };
  for (const auto* one : view.compared.only_before) add(*one, " was there before and is not among those read now.");
  for (const auto* one : view.compared.only_after) add(*one, " has nothing before that it could be compared with.");
}

/// " in 60 s (12.0 MB/h)"; nothing of readings that are not known to be a second apart.
[[nodiscard]] inline std::string pace_words(std::int64_t change_bytes, std::optional<std::int64_t> apart_ns) {
  constexpr std::int64_t shortest_rate_ns = 1'000'000'000;
  constexpr double ns_per_hour = 3.6e12;
  if (!apart_ns || *apart_ns < shortest_rate_ns) return {};
  return " in " + duration(*apart_ns) + " (" +
         rate(static_cast<double>(change_bytes) * ns_per_hour / static_cast<double>(*apart_ns)) + ")";
}

/// Of a pair of processes that only have their name in common.
template <class Pair>
void add_match_by_name(const Pair& pair, Document& document) {
  if (!pair.by_name) return;
  document.push_back(Sentences{
      .text = fmt::format("Another process, matched by its name: it was pid {} before.", pair.before->identity.pid)});
}

}  // namespace tidemark::present::detail
