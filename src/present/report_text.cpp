#include "detail/report_parts.hpp"

namespace tidemark::present {
namespace {

detail::Document report_document(const ReportView& view, const TextStyle& style) {
  detail::Document document;
  detail::add_head(document, view, style);
  detail::add_verdicts(document, view, style);
  detail::add_subjects(document, view, style);
  detail::add_details(document, view, style);
  if (style.plot) detail::add_plot(document, view, style);
  detail::add_moments(document, view, style);
  detail::add_phases(document, view, style);
  detail::add_objects(document, view, style);
  detail::add_forecast(document, view, style);
  detail::add_cost(document, view, style);
  detail::add_rules(document, view, style);
  return document;
}

}  // namespace

std::string report_text(const ReportView& view, const TextStyle& style) {
  return detail::as_text(report_document(view, style), style);
}

std::string report_markdown(const ReportView& view, const TextStyle& style) {
  return detail::as_markdown(report_document(view, style));
}

}  // namespace tidemark::present
