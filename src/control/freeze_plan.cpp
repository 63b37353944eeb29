#include "detail/freeze_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "detail/code_search.hpp"
#include "detail/kernel_calls.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/proc/trace_state.hpp"

namespace tidemark::control::detail {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr const char* step = "freeze a process";
constexpr std::uint32_t seccomp_strict = 1, seccomp_filter = 2;

constexpr const char* no_code = "no code in it makes a system call and returns, or returns from a signal";

Error refusal(const Subject& subject, ErrorCode code, std::string detail) {
  return Error{.code = code, .doing = step, .path = subject.files.path(), .detail = std::move(detail)};
}

/// "x86_Thread_features: shstk" (kernel 6.6): a `ret` must find its address on the shadow stack, too.
bool has_shadow_stack(const Subject& subject, base::Tid tid) {
  constexpr std::size_t max_bytes = 16'384;
  const auto text = base::read_file(subject.files.dir_fd(), fmt::format("task/{}/status", tid), max_bytes,
                                    "read a thread's features");
  if (!text) return false;
  const std::size_t line = text->find("x86_Thread_features:");
  if (line == std::string::npos) return false;
  return std::string_view(*text).substr(line, text->find('\n', line) - line).find("shstk") != std::string_view::npos;
}

Result<bool> look_for_filters(const Subject& subject) {
  const auto tids = subject.files.thread_ids();
  if (!tids) return fail(tids.error());
  bool any = false;
  for (const base::Tid tid : *tids) {
    const auto status = subject.files.thread_status(tid);
    if (!status && status.error().code == ErrorCode::gone) continue;
    if (!status) return fail(status.error());
    const std::uint32_t mode = status->seccomp_mode.value_or(0);
    if (mode == seccomp_strict) {
      return fail(refusal(subject, ErrorCode::unsupported,
                          fmt::format("seccomp's strict mode forbids thread {} the calls", tid)));
    }
    any = any || mode == seccomp_filter;
  }
  return any;
}

bool is_same_program(std::span<const proc::MapRegion> before, const Result<std::vector<proc::MapRegion>>& now) {
  return now && !now->empty() && !before.empty() && now->front().start == before.front().start;
}

}  // namespace

bool FreezePlan::is_own_stack(std::uint64_t stack_pointer, std::uint64_t control_block, std::uint64_t below) const {
  const auto after = std::ranges::upper_bound(stacks, stack_pointer, {}, &StackRange::start);
  if (after == stacks.begin()) return false;
  const StackRange& range = *std::prev(after);
  if (stack_pointer >= range.end) return false;
  if (range.is_main) return true;
  return control_block > stack_pointer && control_block < range.end && stack_pointer - range.start >= below;
}

std::vector<StackRange> stacks_of(std::span<const proc::MapRegion> regions) {
  std::vector<StackRange> out;
  for (const auto& region : regions) {
    const bool is_main = region.path == "[stack]";
    const bool is_anonymous = region.path.empty() || region.path.starts_with("[anon:");
    if (!region.writable || region.shared || !(is_main || is_anonymous)) continue;
    out.push_back({.start = region.start, .end = region.end, .is_main = is_main});
  }
  return out;
}

Result<FreezePlan> plan_freeze(const Subject& subject, base::Tid living, std::int64_t patience_ns) {
  constexpr auto between_looks = std::chrono::milliseconds(1);
  const std::int64_t give_up_at = now_ns() + patience_ns;
  const auto any_filter = look_for_filters(subject);
  if (!any_filter) return fail(any_filter.error());
  if (has_shadow_stack(subject, living)) return fail(refusal(subject, ErrorCode::unsupported, "it has shadow stacks"));
  auto files = proc::ProcessFiles::open(subject.root, living);  // a thread has all the files of a process, too
  if (!files) return fail(std::move(files).error());
  while (true) {
    const auto regions = files->maps();
    if (!regions) return fail(regions.error());
    const auto sites = find_injection_sites({subject.root, *files}, *regions);
    if (!sites) return fail(sites.error());
    if (*sites) return FreezePlan{.sites = **sites, .stacks = stacks_of(*regions), .any_filter = *any_filter};
    const auto state = proc::read_trace_state(subject.files, living);
    if (!state) return fail(state.error());
    if (state->has_ended()) return fail(refusal(subject, ErrorCode::gone, "it has ended"));
    if (now_ns() >= give_up_at) {
      const bool same = is_same_program(*regions, files->maps());
      return fail(same ? refusal(subject, ErrorCode::unsupported, no_code)
                       : refusal(subject, ErrorCode::busy, "it is just starting another program"));
    }
    std::this_thread::sleep_for(between_looks);
  }
}

}  // namespace tidemark::control::detail
