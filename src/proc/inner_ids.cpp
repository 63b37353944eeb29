// What a process and its threads are called in their own pid namespace.
#include <utility>

#include "tidemark/proc/process_files.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view step = "read the inner ids of a process";

base::Error without_ns_pid(const ProcessFiles& process) {
  return base::Error{.code = base::ErrorCode::unsupported,
                     .doing = std::string(step),
                     .path = process.path() + "/status",
                     .detail = "no line NSpid (kernel 4.1)"};
}

}  // namespace

Result<base::Pid> inner_pid(const ProcessFiles& process) {
  auto status = process.status();
  if (!status) return fail(std::move(status).error());
  if (!status->inner_pid) return fail(without_ns_pid(process));
  return *status->inner_pid;
}

Result<std::vector<base::Tid>> inner_thread_ids(ProcessFiles& process) {
  auto status = process.status();
  if (!status) return fail(std::move(status).error());
  if (!status->inner_pid) return fail(without_ns_pid(process));
  auto tids = process.thread_ids();
  if (!tids || status->pid_namespaces == 1) return tids;  // one namespace: all threads are in it, under these numbers
  if (tids->size() > max_inner_threads) {
    return fail(base::Error{.code = base::ErrorCode::limit,
                            .doing = std::string(step),
                            .path = process.path() + "/task",
                            .detail = std::to_string(tids->size()) + " threads"});
  }
  std::vector<base::Tid> inner;
  inner.reserve(tids->size());
  for (const base::Tid tid : *tids) {
    auto thread = process.thread_status(tid);
    if (!thread && thread.error().code == base::ErrorCode::gone) continue;
    if (!thread) return fail(std::move(thread).error());
    if (thread->inner_pid) inner.push_back(*thread->inner_pid);
  }
  return inner;
}

}  // namespace tidemark::proc
