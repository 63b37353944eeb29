#include "tidemark/collect/python_probe.hpp"

#include <algorithm>
#include <limits>

#include "tidemark/base/clock.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::collect {
namespace {

// A starting interpreter is ready in milliseconds, a stuck one perhaps never: the pause between two tries doubles up to
// this.
constexpr std::int64_t first_patience_ns = 5 * base::ns_per_ms;
constexpr std::int64_t longest_patience_ns = 30 * base::ns_per_second;
// An interpreter that was met between execve and its first instruction is there long before this.
constexpr std::int64_t longest_start_ns = 500 * base::ns_per_ms;
// A process that is older than this has loaded its libraries, unless it has just called execve. btime is in seconds.
constexpr std::int64_t youth_ns = 3 * base::ns_per_second;

/// The address space that was opened is no longer the process's.
bool has_moved_on(const std::vector<model::Gap>& gaps) {
  return std::any_of(gaps.begin(), gaps.end(), [](const model::Gap& gap) {
    return gap.source == model::Source::python &&
           (gap.reason == model::Reason::self_check || gap.reason == model::Reason::gone);
  });
}

void add_once(model::Gap gap, std::vector<model::Gap>& gaps) {
  if (std::find(gaps.begin(), gaps.end(), gap) == gaps.end()) gaps.push_back(gap);
}

}  // namespace

void PythonProbe::read(const Machine& machine, proc::ProcessFiles& files, std::int64_t now_ns, Refusals& refusals,
                       model::ProcessSample& sample, EventLog& log) {
  if (!interpreter_ && now_ns >= next_try_ns_) try_open(machine, files, now_ns, sample, log);
  if (!interpreter_) {
    if (!failure_) return;
    const model::Gap gap{model::Source::python, failure_->reason};
    if (failure_->retry && may_be_starting(now_ns)) {
      sample.gaps.push_back(gap);
    } else {
      refusals.add(gap, failure_->error, sample, log);
    }
    return;
  }
  auto snapshot = interpreter_->read();
  if (has_moved_on(snapshot.gaps)) restart();
  sample.python = std::move(snapshot.reading);
  sample.gaps.insert(sample.gaps.end(), snapshot.gaps.begin(), snapshot.gaps.end());
}

void PythonProbe::read_stacks(model::ProcessSample& sample) {
  if (!interpreter_) return;
  auto reading = std::make_shared<model::StackReading>(interpreter_->read_stacks());
  for (const auto& gap : reading->gaps) add_once(gap, sample.gaps);
  for (const auto& thread : reading->threads) {
    if (thread.failure) add_once({model::Source::stacks, *thread.failure}, sample.gaps);
  }
  if (has_moved_on(reading->gaps)) restart();
  sample.stacks = std::move(reading);
}

void PythonProbe::try_open(const Machine& machine, proc::ProcessFiles& files, std::int64_t now_ns,
                           const model::ProcessSample& sample, EventLog& log) {
  auto memory = memory::LiveMemory::open(machine.root.fd(), files.pid());
  if (!memory) {
    const bool vanished = memory.error().code == base::ErrorCode::gone;
    failed({.reason = model::reason_of(memory.error()), .error = memory.error(), .retry = vanished, .found = {}},
           now_ns, sample, log);
    return;
  }
  memory_ = std::move(*memory);
  auto opened = cpython::Interpreter::open(files, *memory_);
  if (auto* failure = std::get_if<cpython::OpenFailure>(&opened)) {
    failed(std::move(*failure), now_ns, sample, log);
    return;
  }
  interpreter_ = std::move(std::get<std::unique_ptr<cpython::Interpreter>>(opened));
  failure_.reset();
  failing_since_ns_.reset();
  patience_ns_ = 0;
  const auto& found = interpreter_->found();
  log.add(model::PythonFound{sample.process, found.version, found.layout_origin, found.module_path});
}

void PythonProbe::failed(cpython::OpenFailure failure, std::int64_t now_ns, const model::ProcessSample& sample,
                         EventLog& log) {
  close();
  const bool is_news = !failure_ || failure_->reason != failure.reason;
  if (is_news && !failure.found.version.empty()) {
    log.add(model::PythonFound{sample.process, failure.found.version, {}, failure.found.module_path});
  }
  if (!failing_since_ns_) failing_since_ns_ = now_ns;
  // The loader maps libpython a moment after the executable.
  const bool is_fresh = has_new_program_ || log.wall_ns() - sample.process->started_wall_ns < youth_ns;
  const bool may_be_loading =
      is_fresh && (failure.reason == model::Reason::not_python || failure.reason == model::Reason::unsupported);
  failure.retry = failure.retry || (may_be_loading && may_be_starting(now_ns));
  patience_ns_ = std::clamp(2 * patience_ns_, first_patience_ns, longest_patience_ns);
  next_try_ns_ = failure.retry ? now_ns + patience_ns_ : std::numeric_limits<std::int64_t>::max();
  failure_ = std::move(failure);
}

bool PythonProbe::may_be_starting(std::int64_t now_ns) const {
  return failing_since_ns_ && now_ns - *failing_since_ns_ < longest_start_ns;
}

void PythonProbe::close() {
  closed_cost_ += open_cost();
  interpreter_.reset();
  memory_.reset();
}

void PythonProbe::restart() {
  close();
  has_new_program_ = true;
  failure_.reset();
  failing_since_ns_.reset();
  next_try_ns_ = 0;
  patience_ns_ = 0;
}

MemoryCost PythonProbe::open_cost() const {
  return memory_ ? MemoryCost{memory_->bytes_read(), memory_->absent_bytes()} : MemoryCost{};
}

MemoryCost PythonProbe::cost() const {
  MemoryCost cost = closed_cost_;
  return cost += open_cost();
}

}  // namespace tidemark::collect
