// Purpose: which processes of two readings are the same one: by pid and start time, else by a name that is the only one
// on both sides. Processes that were not read are in none of the lists.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tidemark/model/sample.hpp"

namespace tidemark::analysis::detail {

template <class Process>
const Process* same_process(const std::vector<Process>& processes, const model::ProcessIdentity& identity) {
  const auto found = std::find_if(processes.begin(), processes.end(), [&](const Process& process) {
    return process.failure.empty() && process.identity == identity;
  });
  return found == processes.end() ? nullptr : &*found;
}

/// Null unless it is the only one.
template <class Process>
const Process* only_one_named(const std::vector<Process>& processes, const std::string& name) {
  const Process* only = nullptr;
  for (const auto& process : processes) {
    if (!process.failure.empty() || process.name != name) continue;
    if (only != nullptr) return nullptr;
    only = &process;
  }
  return only;
}

/// `Matches` has pairs of {before, after, by_name}, only_before and only_after, all of them pointers into the lists.
template <class Matches, class Process>
Matches matches_of(const std::vector<Process>& before, const std::vector<Process>& after) {
  Matches matches;
  std::set<const Process*> matched;
  for (const auto& process : after) {
    if (!process.failure.empty()) continue;
    typename decltype(matches.pairs)::value_type pair{
        .before = same_process(before, process.identity), .after = &process, .by_name = false};
    if (pair.before == nullptr && only_one_named(after, process.name) != nullptr) {
      pair.before = only_one_named(before, process.name);
      pair.by_name = true;
      // One that is still there under another name (execve) is itself and no other.
      if (pair.before != nullptr && same_process(after, pair.before->identity) != nullptr) pair.before = nullptr;
    }
    if (pair.before == nullptr || !matched.insert(pair.before).second) {
      matches.only_after.push_back(&process);
    } else {
      matches.pairs.push_back(pair);
    }
  }
  for (const auto& process : before) {
    if (process.failure.empty() && !matched.contains(&process)) matches.only_before.push_back(&process);
  }
  return matches;
}

}  // namespace tidemark::analysis::detail
