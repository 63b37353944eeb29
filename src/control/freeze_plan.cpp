#include "detail/freeze_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "detail/code_search.hpp"
#include "tidemark/base/fd.hpp"

namespace tidemark::control::detail {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr const char* step = "freeze a process";
constexpr std::uint32_t seccomp_strict = 1, seccomp_filter = 2;

Error refusal(const Subject& subject, std::string detail) {
  return Error{
      .code = ErrorCode::unsupported, .doing = step, .path = subject.files.path(), .detail = std::move(detail)};
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
      return fail(refusal(subject, fmt::format("seccomp's strict mode forbids thread {} the calls; it can be stopped "
                                               "instead (--consistency stopped)",
                                               tid)));
    }
    any = any || mode == seccomp_filter;
  }
  return any;
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

Result<FreezePlan> plan_freeze(const Subject& subject, base::Tid living) {
  const auto any_filter = look_for_filters(subject);
  if (!any_filter) return fail(any_filter.error());
  if (has_shadow_stack(subject, living)) return fail(refusal(subject, "it has shadow stacks"));
  const auto regions = subject.files.maps();
  if (!regions) return fail(regions.error());
  const auto sites = find_injection_sites(subject, living, *regions);
  if (!sites) return fail(sites.error());
  if (!*sites) return fail(refusal(subject, "no code in it makes a system call and returns, or returns from a signal"));
  return FreezePlan{.sites = **sites, .stacks = stacks_of(*regions), .any_filter = *any_filter};
}

}  // namespace tidemark::control::detail
