#include "tidemark/proc/thread_states.hpp"

#include <fcntl.h>

#include <string>
#include <utility>

#include "detail/kernel_file.hpp"
#include "tidemark/base/gone.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view step = "read the state of a thread";

base::Error of_thread(base::Error error, const ProcessFiles& process, base::Tid tid) {
  error = base::absent_means_gone(std::move(error));
  error.path = process.path() + "/task/" + std::to_string(tid) + "/stat";
  return error;
}

Result<char> state_in(int stat) {
  detail::TextBuffer buffer;
  const auto text = buffer.read(stat, step);
  if (!text) return fail(text.error());
  const auto fields = parse_stat(*text);
  if (!fields) return fail(fields.error());
  return fields->state;
}

}  // namespace

Result<std::vector<ThreadRun>> ThreadStates::read(ProcessFiles& process) {
  const auto status = process.status();
  if (!status) return fail(status.error());
  if (!status->inner_pid) {
    return fail(base::Error{.code = base::ErrorCode::unsupported,
                            .doing = std::string(step),
                            .path = process.path() + "/status",
                            .detail = "no line NSpid (kernel 4.1)"});
  }
  is_inner_another_ = status->pid_namespaces != 1;
  const auto tids = process.thread_ids();
  if (!tids) return fail(tids.error());
  if (tids->size() > max_inner_threads) {
    return fail(base::Error{.code = base::ErrorCode::limit,
                            .doing = std::string(step),
                            .path = process.path() + "/task",
                            .detail = std::to_string(tids->size()) + " threads"});
  }
  std::vector<ThreadRun> runs;
  runs.reserve(tids->size());
  for (const base::Tid tid : *tids) {
    auto run = read_thread(process, tid);
    if (!run && run.error().code == base::ErrorCode::gone) continue;
    if (!run) return fail(std::move(run).error());
    runs.push_back(*run);
  }
  std::erase_if(kept_, [](const auto& entry) { return !entry.second.seen; });  // it has ended
  for (auto& [tid, kept] : kept_) kept.seen = false;
  return runs;
}

Result<ThreadRun> ThreadStates::read_thread(const ProcessFiles& process, base::Tid tid) {
  if (const auto known = kept_.find(tid); known != kept_.end()) {
    if (const auto state = state_in(known->second.stat.get())) {
      known->second.seen = true;
      return ThreadRun{.outer = tid, .inner = known->second.inner, .state = *state};
    }
    kept_.erase(known);  // it has ended; this one has its tid
  }
  auto stat = base::open_at(process.dir_fd(), "task/" + std::to_string(tid) + "/stat", O_RDONLY, std::string(step));
  if (!stat) return fail(of_thread(std::move(stat).error(), process, tid));
  const auto inner = inner_of(process, tid);
  if (!inner) return fail(inner.error());
  const auto state = state_in(stat->get());
  if (!state) return fail(of_thread(state.error(), process, tid));
  if (kept_.size() < max_kept_stats) kept_.emplace(tid, Kept{.stat = std::move(*stat), .inner = *inner, .seen = true});
  return ThreadRun{.outer = tid, .inner = *inner, .state = *state};
}

Result<base::Tid> ThreadStates::inner_of(const ProcessFiles& process, base::Tid tid) const {
  if (!is_inner_another_) return tid;
  const auto status = process.thread_status(tid);
  if (!status) return fail(status.error());
  return status->inner_pid.value_or(tid);
}

}  // namespace tidemark::proc
