#include "tidemark/collect/refusals.hpp"

namespace tidemark::collect {
namespace {

/// Ordinary in a process that moves or ends: the code in the row says it all, and an event each time would say nothing.
bool is_ordinary(model::Reason reason) { return reason == model::Reason::gone || reason == model::Reason::torn; }

bool is_lasting(model::Reason reason) {
  return reason == model::Reason::denied || reason == model::Reason::unsupported;
}

}  // namespace

void Refusals::add(model::Source source, const base::Error& error, model::ProcessSample& sample, EventLog& log) {
  const model::Gap gap{source, model::reason_of(error)};
  if (is_lasting(gap.reason)) resting_[source] = rest_ticks;
  add(gap, error, sample, log);
}

void Refusals::add(model::Gap gap, const base::Error& error, model::ProcessSample& sample, EventLog& log) {
  sample.gaps.push_back(gap);
  say(gap, error, sample.process, log);
}

void Refusals::say(model::Gap gap, const base::Error& error, const std::shared_ptr<const model::ProcessInfo>& process,
                   EventLog& log) {
  if (is_ordinary(gap.reason) || !said_.insert(gap).second) return;
  log.add(model::SourceError{process, gap, base::describe(error)});
}

const model::Gap* Refusals::refusal_of(model::Source source) const {
  for (const auto& gap : said_) {
    if (gap.source == source && is_lasting(gap.reason)) return &gap;
  }
  return nullptr;
}

bool Refusals::was_refused(model::Source source) const { return refusal_of(source) != nullptr; }

bool Refusals::rests(model::Source source, model::ProcessSample& sample) {
  const auto resting = resting_.find(source);
  if (resting == resting_.end()) return false;
  if (--resting->second == 0) {
    resting_.erase(resting);
    return false;
  }
  if (const model::Gap* refusal = refusal_of(source)) sample.gaps.push_back(*refusal);
  return true;
}

void Refusals::lift(model::Source source) {
  std::erase_if(said_, [source](const model::Gap& gap) { return gap.source == source && is_lasting(gap.reason); });
  resting_.erase(source);
}

void Refusals::forget_all() {
  said_.clear();
  resting_.clear();
}

}  // namespace tidemark::collect
