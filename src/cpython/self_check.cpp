#include "self_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using model::Reason;
using model::Source;

constexpr std::string_view code_type_name{"code\0", 5};  // with its end

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
  auto name = memory.read_value<Address>(runtime.place.code_type.plus(runtime.layout.type.name.offset()));
  if (!name) return unreadable(runtime, std::move(name).error());
  std::array<char, code_type_name.size()> text{};
  const auto into = std::as_writable_bytes(std::span(text));
  // A constant: its page is often not resident, but then it is as in the file.
  if (auto read = memory.read(*name, into); !read) {
    auto constant = runtime.module.file.read_at(name->minus(runtime.module.bias).value, into);
    if (!constant) return unreadable(runtime, std::move(read).error());
  }
  if (std::string_view(text.data(), text.size()) != code_type_name)
    return miss(runtime, "the type of code has another name");
  return std::nullopt;
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
  for (int attempt = 0; attempt < max_check_attempts; ++attempt) {
    failed = check_snapshot(runtime, reader.read());
    if (!failed) failed = check_thread_ids(runtime, process, reader.native_thread_ids());
    if (!failed) break;
  }
  return failed;
}

}  // namespace tidemark::cpython
