#include "detail/phase_track.hpp"

namespace tidemark::analysis {

bool PhaseTrack::begin_tick(std::int64_t at_ns, std::string_view phase) {
  // Of several marks taken by one tick the last names the phase; the others lasted for no time.
  const bool marked = !waiting_.empty() && waiting_.back().label == phase;
  if (!marked && phase == current_) {
    waiting_.clear();
    if (!begun_.empty() && !phase.empty()) begun_.back().span.to_ns = at_ns;
    return false;
  }
  if (!begun_.empty() && !begun_.back().has_border) {
    begun_.back().border_ns = at_ns;
    begun_.back().has_border = true;
  }
  current_ = phase;
  if (!phase.empty()) {
    PhaseSpan span{.label = current_, .fields = {}, .from_ns = at_ns, .to_ns = at_ns};
    if (marked) span.fields = std::move(waiting_.back().fields);
    begun_.push_back({.span = std::move(span), .border_ns = 0, .has_border = false});
  }
  waiting_.clear();
  return !phase.empty();
}

std::vector<PhaseSpan> PhaseTrack::take(bool shared_borders, std::int64_t end_ns) {
  std::vector<PhaseSpan> spans;
  for (auto& [span, border_ns, has_border] : begun_) {
    if (shared_borders) span.to_ns = has_border ? border_ns : end_ns;
    spans.push_back(std::move(span));
  }
  begun_.clear();
  return spans;
}

}  // namespace tidemark::analysis
