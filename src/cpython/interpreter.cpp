#include "tidemark/cpython/interpreter.hpp"

#include <optional>
#include <utility>

#include "locate/runtime.hpp"
#include "self_check.hpp"
#include "tidemark/cpython/stack_reader.hpp"

namespace tidemark::cpython {

class Interpreter::Impl {
 public:
  Impl(LocatedRuntime&& runtime, const memory::MemorySource& memory, base::Tid main_thread)
      : runtime_(std::move(runtime)),
        reader_(memory, runtime_.layout, runtime_.place, main_thread),
        stacks_(memory, runtime_.layout, runtime_.place) {}

  using TryResult = std::variant<std::unique_ptr<Impl>, OpenFailure>;

  /// One runtime of the process, if it is initialised and its layout fits.
  [[nodiscard]] static TryResult try_open(LocatedRuntime&& runtime, proc::ProcessFiles& files,
                                          const memory::MemorySource& memory);

  [[nodiscard]] const LocatedRuntime& runtime() const { return runtime_; }
  [[nodiscard]] Found& found() { return runtime_.found; }
  [[nodiscard]] SnapshotReader& reader() { return reader_; }
  [[nodiscard]] StackReader& stacks() { return stacks_; }

 private:
  LocatedRuntime runtime_;
  SnapshotReader reader_;
  StackReader stacks_;
};

Interpreter::Impl::TryResult Interpreter::Impl::try_open(LocatedRuntime&& runtime, proc::ProcessFiles& files,
                                                         const memory::MemorySource& memory) {
  if (auto starting = check_initialized(runtime, memory)) return std::move(*starting);
  auto main_thread = proc::inner_pid(files);
  if (!main_thread) {
    return OpenFailure{.reason = model::reason_of(main_thread.error()),
                       .error = main_thread.error(),
                       .retry = true,
                       .found = runtime.found};
  }
  auto impl = std::make_unique<Impl>(std::move(runtime), memory, *main_thread);
  auto result = self_check(impl->runtime(), memory, files, impl->reader());
  if (auto* failed = std::get_if<OpenFailure>(&result)) return std::move(*failed);
  const auto& checked = std::get<Checked>(result);
  impl->found().missing = checked.missing;
  impl->found().ended_threads = checked.ended_threads;
  return impl;
}

namespace {

/// Another runtime of the process, once one is read or none could be.
std::string why_not(const LocateResult& located, const memory::MemorySource& memory) {
  if (const auto* failed = std::get_if<OpenFailure>(&located)) return failed->error.detail;
  const auto failed = check_initialized(std::get<LocatedRuntime>(located), memory);
  return failed ? failed->error.detail : "another one was found first";
}

const Found& found_of(const LocateResult& located) {
  const auto* failed = std::get_if<OpenFailure>(&located);
  return failed != nullptr ? failed->found : std::get<LocatedRuntime>(located).found;
}

}  // namespace

OpenResult Interpreter::open(proc::ProcessFiles& files, const memory::MemorySource& memory,
                             const LocateOptions& options) {
  std::unique_ptr<Impl> opened;
  std::optional<OpenFailure> failed;
  std::vector<OtherRuntime> others;
  for (auto& located : locate_runtimes(files, memory, options)) {
    OtherRuntime other{.module_path = found_of(located).module_path, .why = {}};
    if (opened) {
      other.why = why_not(located, memory);
    } else {
      auto tried = std::holds_alternative<OpenFailure>(located)
                       ? Impl::TryResult(std::move(std::get<OpenFailure>(located)))
                       : Impl::try_open(std::move(std::get<LocatedRuntime>(located)), files, memory);
      if (auto* impl = std::get_if<std::unique_ptr<Impl>>(&tried)) {
        opened = std::move(*impl);
        continue;
      }
      auto& failure = std::get<OpenFailure>(tried);
      other.why = failure.error.detail;
      if (!failed) {
        failed = std::move(failure);
        continue;
      }
    }
    others.push_back(std::move(other));
  }
  if (!opened) {
    failed->found.others = std::move(others);
    return std::move(*failed);
  }
  if (failed) others.insert(others.begin(), {.module_path = failed->found.module_path, .why = failed->error.detail});
  std::erase_if(others, [&](const OtherRuntime& other) { return other.module_path == opened->found().module_path; });
  opened->found().others = std::move(others);
  return std::unique_ptr<Interpreter>(new Interpreter(std::move(opened)));
}

Interpreter::Interpreter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Interpreter::~Interpreter() = default;

const Found& Interpreter::found() const { return impl_->runtime().found; }

const Layout& Interpreter::layout() const { return impl_->runtime().layout; }

const RuntimePlace& Interpreter::place() const { return impl_->runtime().place; }

PythonSnapshot Interpreter::read() { return withhold(impl_->reader().read(), found().missing); }

model::StackReading Interpreter::read_stacks() { return withhold(impl_->stacks().read_named(), found().missing); }

}  // namespace tidemark::cpython
