#include "self_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "untested_check.hpp"

namespace tidemark::cpython {

namespace {

using base::ErrorCode;
using model::Reason;
using model::Source;

OpenFailure miss(const LocatedRuntime& runtime, std::string detail, Reason reason = Reason::self_check) {
  return OpenFailure{.reason = reason,
                     .error = {.code = ErrorCode::malformed,
                               .doing = "check the layout against the process",
                               .path = runtime.found.module_path,
                               .detail = std::move(detail)},
                     .retry = true,  // a process that was just forked or replaced fits a moment later
                     .found = runtime.found};
}

OpenFailure unreadable(const LocatedRuntime& runtime, base::Error error) {
  const Reason reason = model::reason_of(error);
  return OpenFailure{.reason = reason, .error = std::move(error), .retry = true, .found = runtime.found};
}

std::optional<OpenFailure> check_code_type(const LocatedRuntime& runtime, const memory::MemorySource& memory) {
  auto named = is_type_named(runtime, memory, runtime.place.code_type, "code");
  if (!named) return unreadable(runtime, std::move(named).error());
  return *named ? std::nullopt : std::optional(miss(runtime, "the type of code has another name"));
}

/// What a snapshot must not lack, whatever the process does; a frame and the GIL may be moving.
std::optional<OpenFailure> check_snapshot(const LocatedRuntime& runtime, const PythonSnapshot& snapshot) {
  for (const auto& gap : snapshot.gaps) {
    if (gap.source == Source::frame || gap.source == Source::gil) continue;
    const bool is_read_error =
        gap.reason == Reason::gone || gap.reason == Reason::denied || gap.reason == Reason::absent;
    return miss(runtime, fmt::format("{} of its first reading", model::text_of(gap)),
                is_read_error ? gap.reason : Reason::self_check);
  }
  return std::nullopt;
}

/// Of a micro release that was never tested: at rest nothing may be missing, and what is there must fit.
std::optional<OpenFailure> check_untested(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                          const PythonSnapshot& snapshot, const SnapshotReader& reader) {
  if (!snapshot.gaps.empty()) {
    return miss(runtime, fmt::format("{} of a release that was never tested", model::text_of(snapshot.gaps.front())));
  }
  auto misfit = misfit_of(runtime, memory, reader);
  if (!misfit) return unreadable(runtime, std::move(misfit).error());
  return *misfit ? std::optional(miss(runtime, **misfit)) : std::nullopt;
}

std::optional<OpenFailure> check_thread_ids(const LocatedRuntime& runtime, proc::ProcessFiles& process,
                                            const std::vector<std::uint64_t>& stated) {
  auto threads = proc::inner_thread_ids(process);
  if (!threads) return unreadable(runtime, std::move(threads).error());
  std::ranges::sort(*threads);
  bool any = false;
  for (const std::uint64_t id : stated) {
    if (id == 0) continue;  // a state made for a thread that has not begun (thread_run sets it)
    if (!std::in_range<base::Tid>(id) || !std::ranges::binary_search(*threads, static_cast<base::Tid>(id))) {
      return miss(runtime, fmt::format("native thread id {} is no thread of the process", id));
    }
    any = true;
  }
  if (!any) return miss(runtime, "no thread state has a native thread id");
  return std::nullopt;
}

}  // namespace

std::optional<OpenFailure> check_initialized(const LocatedRuntime& runtime, const memory::MemorySource& memory) {
  auto flag = memory.read_value<std::int32_t>(runtime.place.runtime.plus(runtime.layout.runtime.initialized.offset()));
  if (!flag) return unreadable(runtime, std::move(flag).error());
  if (*flag != 0) return std::nullopt;
  return OpenFailure{.reason = Reason::starting,
                     .error = {.code = ErrorCode::busy,
                               .doing = "read the interpreter",
                               .path = runtime.found.module_path,
                               .detail = "it is not initialised"},
                     .retry = true,
                     .found = runtime.found};
}

std::optional<OpenFailure> self_check(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                      proc::ProcessFiles& process, SnapshotReader& reader) {
  if (auto failed = check_code_type(runtime, memory)) return failed;
  std::optional<OpenFailure> failed;
  const int attempts = runtime.is_untested_micro ? max_untested_attempts : max_check_attempts;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const PythonSnapshot snapshot = reader.read();
    failed = check_snapshot(runtime, snapshot);
    if (!failed && runtime.is_untested_micro) failed = check_untested(runtime, memory, snapshot, reader);
    if (!failed) failed = check_thread_ids(runtime, process, reader.native_thread_ids());
    if (!failed) break;
  }
  return failed;
}

}  // namespace tidemark::cpython
