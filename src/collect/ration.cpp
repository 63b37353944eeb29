#include "tidemark/collect/ration.hpp"

#include <algorithm>
#include <utility>

namespace tidemark::collect {
namespace {

bool within(double share, std::int64_t time_ns, std::int64_t spent_ns) {
  return static_cast<double>(spent_ns) <= share * static_cast<double>(time_ns);
}

}  // namespace

Ration::Account& Ration::account_of(const model::ProcessIdentity& process, std::int64_t elapsed_ns) {
  return accounts_.try_emplace(process, Account{.since_ns = elapsed_ns}).first->second;
}

/// Of two that have waited equally long, the one that is listed first.
std::vector<std::size_t> Ration::longest_unread_first(std::span<const RationedProcess> processes,
                                                      std::int64_t elapsed_ns) {
  std::vector<std::pair<std::int64_t, std::size_t>> waiting;
  waiting.reserve(processes.size());
  for (const auto& process : processes) {
    waiting.emplace_back(account_of(process.identity, elapsed_ns).waiting_since_ns(), waiting.size());
  }
  std::sort(waiting.begin(), waiting.end());
  std::vector<std::size_t> order;
  order.reserve(waiting.size());
  for (const auto& [since_ns, index] : waiting) order.push_back(index);
  return order;
}

bool Ration::is_held_back(const Account& account, std::int64_t elapsed_ns, std::int64_t cost_ns) const {
  const bool too_soon =
      rule_.interval_ns && account.last_read_ns && elapsed_ns - *account.last_read_ns < *rule_.interval_ns;
  return too_soon || !within(rule_.share, elapsed_ns - account.since_ns, account.spent_ns + cost_ns);
}

void Ration::serve(std::span<const RationedProcess> processes, std::int64_t elapsed_ns, const Read& read) {
  if (!rule_.enabled) return;
  for (const std::size_t index : longest_unread_first(processes, elapsed_ns)) {
    const auto& [identity, guess_ns] = processes[index];
    const Account& account = account_of(identity, elapsed_ns);
    const std::int64_t cost_ns = account.last_read_ns ? account.last_cost_ns : guess_ns;
    if (is_held_back(account, elapsed_ns, cost_ns)) continue;
    if (!within(rule_.share, elapsed_ns, spent_ns_ + cost_ns)) return;
    spend(identity, elapsed_ns, read(index));
  }
}

void Ration::spend(const model::ProcessIdentity& process, std::int64_t elapsed_ns, std::int64_t cost_ns) {
  Account& account = account_of(process, elapsed_ns);
  account.spent_ns += cost_ns;
  account.last_cost_ns = cost_ns;
  account.last_read_ns = elapsed_ns;
  spent_ns_ += cost_ns;
  last_cost_ns_ = cost_ns;
}

void Ration::forget(const model::ProcessIdentity& process) { accounts_.erase(process); }

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
