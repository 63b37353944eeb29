#include <algorithm>

#include "detail/document.hpp"
#include "detail/json.hpp"
#include "tidemark/present/doctor.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace detail {
namespace {

constexpr std::size_t name_columns = 22;
constexpr std::size_t mark_columns = 9;
constexpr std::size_t most_modules = 10;
constexpr std::size_t module_columns = 50;

std::string padded(std::string text, std::size_t columns) {
  text.append(columns - std::min(columns, display_columns(text)), ' ');
  return text;
}

Facts facts_of(const DoctorGroup& group) {
  Facts facts;
  for (const auto& fact : group.facts) {
    const std::string mark = fact.mark == Mark::note ? "" : std::string(text_of(fact.mark));
    facts.facts.emplace_back(padded(mark, mark_columns) + padded(fact.name, name_columns), said(fact.text));
  }
  return facts;
}

Document modules_of(const std::vector<LoadedModule>& modules, const TextStyle& style) {
  Document document;
  document.push_back(Heading{"C extension modules"});
  if (modules.empty()) {
    document.push_back(Sentences{.text = "None is loaded.", .indent = 2});
    return document;
  }
  Table table{
      .columns = {{.title = "file", .align = Align::left, .shrinks = true}, {.title = "mapped"}, {.title = "resident"}},
      .rows = {}};
  const std::size_t shown = style.all ? modules.size() : std::min(most_modules, modules.size());
  for (std::size_t at = 0; at < shown; ++at) {
    const auto& module = modules[at];
    table.rows.push_back({name(module.path.substr(module.path.rfind('/') + 1), style, module_columns),
                          megabytes(static_cast<double>(module.mapped_bytes)),
                          megabytes(static_cast<double>(module.resident_bytes))});
  }
  document.push_back(std::move(table));
  if (shown < modules.size()) {
    document.push_back(
        Sentences{.text = "And " + std::to_string(modules.size() - shown) + " smaller ones (--all).", .indent = 2});
  }
  return document;
}

void add_advice(const std::vector<Advice>& advice, Document& document) {
  document.push_back(Heading{"What to do"});
  if (advice.empty()) document.push_back(Sentences{.text = "Nothing: no problem was found.", .indent = 2});
  for (const auto& one : advice) {
    document.push_back(Sentences{.text = said(one.problem), .indent = 2, .apart = &one != &advice.front()});
    Facts remedies;
    for (const auto& remedy : one.remedies) remedies.facts.emplace_back("  " + remedy.where, said(remedy.what));
    document.push_back(std::move(remedies));
  }
}

}  // namespace
}  // namespace detail

std::string_view text_of(Mark mark) {
  switch (mark) {
    case Mark::ok:
      return "ok";
    case Mark::missing:
      return "missing";
    case Mark::unknown:
      return "unknown";
    case Mark::note:
      return "note";
  }
  return {};
}

std::string doctor_text(const DoctorView& view, const TextStyle& style) {
  detail::Document document;
  document.push_back(detail::Sentences{.text = detail::said(view.summary)});
  for (const auto& group : view.groups) {
    document.push_back(detail::Heading{group.title});
    document.push_back(detail::facts_of(group));
  }
  if (view.extension_modules) {
    auto modules = detail::modules_of(*view.extension_modules, style);
    document.insert(document.end(), modules.begin(), modules.end());
  }
  detail::add_advice(view.advice, document);
  return detail::as_text(document, style);
}

}  // namespace tidemark::present
