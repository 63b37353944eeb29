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

  [[nodiscard]] const LocatedRuntime& runtime() const { return runtime_; }
  [[nodiscard]] SnapshotReader& reader() { return reader_; }
  [[nodiscard]] StackReader& stacks() { return stacks_; }

 private:
  LocatedRuntime runtime_;
  SnapshotReader reader_;
  StackReader stacks_;
};

OpenResult Interpreter::open(proc::ProcessFiles& files, const memory::MemorySource& memory) {
  auto located = locate_runtime(files, memory);
  if (auto* failed = std::get_if<OpenFailure>(&located)) return std::move(*failed);
  auto& runtime = std::get<LocatedRuntime>(located);
  if (auto starting = check_initialized(runtime, memory)) return std::move(*starting);
  auto main_thread = proc::inner_pid(files);
  if (!main_thread) {
    return OpenFailure{.reason = model::reason_of(main_thread.error()),
                       .error = main_thread.error(),
                       .retry = true,
                       .found = runtime.found};
  }
  auto impl = std::make_unique<Impl>(std::move(runtime), memory, *main_thread);
  if (auto failed = self_check(impl->runtime(), memory, files, impl->reader())) return std::move(*failed);
  return std::unique_ptr<Interpreter>(new Interpreter(std::move(impl)));
}

Interpreter::Interpreter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Interpreter::~Interpreter() = default;

const Found& Interpreter::found() const { return impl_->runtime().found; }

PythonSnapshot Interpreter::read() { return impl_->reader().read(); }

model::StackReading Interpreter::read_stacks() { return impl_->stacks().read(); }

}  // namespace tidemark::cpython
