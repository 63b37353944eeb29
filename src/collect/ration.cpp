#include "tidemark/collect/ration.hpp"

#include <algorithm>

namespace tidemark::collect {
namespace {

bool within(double share, std::int64_t time_ns, std::int64_t spent_ns) {
  return static_cast<double>(spent_ns) <= share * static_cast<double>(time_ns);
}

}  // namespace

bool Ration::allows(const model::ProcessIdentity& process, std::int64_t elapsed_ns, std::int64_t guess_ns) {
  if (!rule_.enabled) return false;
  auto [entry, is_new] = accounts_.try_emplace(process);
  Account& account = entry->second;
  if (is_new) account.since_ns = elapsed_ns;
  if (rule_.interval_ns && account.last_read_ns >= 0 && elapsed_ns - account.last_read_ns < *rule_.interval_ns)
    return false;
  const std::int64_t cost_ns = account.last_read_ns < 0 ? guess_ns : account.last_cost_ns;
  return within(rule_.share, elapsed_ns, spent_ns_ + cost_ns) &&
         within(rule_.share, elapsed_ns - account.since_ns, account.spent_ns + cost_ns);
}

void Ration::spend(const model::ProcessIdentity& process, std::int64_t elapsed_ns, std::int64_t cost_ns) {
  Account& account = accounts_[process];
  account.spent_ns += cost_ns;
  account.last_cost_ns = cost_ns;
  account.last_read_ns = elapsed_ns;
  spent_ns_ += cost_ns;
  last_cost_ns_ = cost_ns;
}

void Ration::forget(const model::ProcessIdentity& process) { accounts_.erase(process); }

std::int64_t Ration::last_read_ns(const model::ProcessIdentity& process) const {
  const auto entry = accounts_.find(process);
  return entry == accounts_.end() ? -1 : entry->second.last_read_ns;
}

double Ration::interval_in_force_seconds() const {
  std::int64_t round_ns = 0;
  for (const auto& [process, account] : accounts_) round_ns += account.last_cost_ns;
  const double by_share = static_cast<double>(round_ns) / rule_.share / 1e9;
  return rule_.interval_ns ? std::max(by_share, static_cast<double>(*rule_.interval_ns) / 1e9) : by_share;
}

double Ration::spent_percent(std::int64_t elapsed_ns) const {
  return elapsed_ns > 0 ? 100.0 * static_cast<double>(spent_ns_) / static_cast<double>(elapsed_ns) : 0.0;
}

}  // namespace tidemark::collect
