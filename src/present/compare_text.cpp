#include "detail/compare_parts.hpp"
#include "detail/report_parts.hpp"

namespace tidemark::present {
namespace {

detail::Document compare_document(const CompareView& view, const TextStyle& style) {
  constexpr std::size_t longest_file = 36;
  detail::Document document;
  document.push_back(detail::Heading{detail::name(view.before_file, style, longest_file) + " and " +
                                         detail::name(view.after_file, style, longest_file),
                                     1});
  for (const auto& note : view.notes) document.push_back(detail::Sentences{detail::said(note)});
  detail::add_compared_verdicts(document, view, style);
  detail::add_compared_tables(document, view, style);
  ReportView after;
  after.report = view.compared.after;
  after.rules = view.rules;
  detail::add_rules(document, after, style);
  return document;
}

}  // namespace

std::string compare_text(const CompareView& view, const TextStyle& style) {
  return detail::as_text(compare_document(view, style), style);
}

std::string compare_markdown(const CompareView& view, const TextStyle& style) {
  return detail::as_markdown(compare_document(view, style));
}

}  // namespace tidemark::present
