#include "detail/heap_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "detail/heap_modes.hpp"
#include "detail/opened_process.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/heap/file_backed_memory.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/cgroup.hpp"
#include "tidemark/proc/own_process.hpp"

namespace tidemark::cli {
namespace {

class TargetReading {
 public:
  TargetReading(const proc::ProcRoot& root, const HeapTarget& target, const HeapOptions& options)
      : root_(root), options_(options) {
    answer_.process.identity.pid = target.pid;
    answer_.process.parent = target.parent;
  }

  [[nodiscard]] HeapAnswer run() {
    auto opened = open_process(root_, pid());
    if (auto* refused = std::get_if<NotOpened>(&opened)) {
      answer_.process.name = std::move(refused->name);
      answer_.failure = std::move(refused->failure);
      answer_.error = std::move(refused->error);
      return std::move(answer_);
    }
    auto& process = std::get<OpenedProcess>(opened);
    answer_.process.name = process.name;
    answer_.process.command_line = process.command_line;
    answer_.process.identity.start_ticks = process.stat.start_ticks;
    read(process.files, process.stat);
    return std::move(answer_);
  }

 private:
  [[nodiscard]] base::Pid pid() const { return answer_.process.identity.pid; }

  void fail(const base::Error& error) {
    answer_.failure = explain_target(pid(), error);
    answer_.error = error;
  }

  void fail(base::ErrorCode code, const std::string& what, const char* hint) {
    answer_.failure = {fmt::format("pid {} {}", pid(), what), hint, ExitStatus::cannot_open};
    answer_.error = base::Error{.code = code, .doing = "read a heap", .detail = what};
  }

  void read(proc::ProcessFiles& files, const proc::StatFields& stat) {
    constexpr base::Pid kthreadd = 2;
    if (stat.vsize_bytes == 0 && (pid() == kthreadd || stat.ppid == kthreadd)) {
      return fail(base::ErrorCode::unsupported, "is a kernel thread: it has no memory of its own", "");
    }
    if (const auto error = has_ended(files)) return fail(*error);
    const base::SystemClock clock;
    const std::int64_t began_ns = clock.monotonic_ns(), cpu_ns = proc::own_usage().cpu_ns;
    const auto memory = memory::LiveMemory::open(root_.fd(), pid());
    if (!memory) return fail(memory.error());
    const heap::FileBackedMemory backed(**memory, files);
    HeapSubject subject{.root = root_, .files = files, .memory = backed};
    if (!find_python(files, subject)) return;
    if (auto ids = proc::inner_thread_ids(files)) subject.thread_ids = std::move(*ids);
    auto outcome = read_heap(subject, options_);
    if (const auto error = has_ended(files)) return fail(*error);
    if (runs_another_program(stat, files)) {
      return fail(base::ErrorCode::torn, "executed another program while it was read: nothing is shown", "try again");
    }
    if (auto* refusal = std::get_if<HeapRefusal>(&outcome)) {
      answer_.failure = std::move(refusal->failure);
      answer_.error = std::move(refusal->error);
      return;
    }
    auto& ledger = std::get<model::HeapLedger>(outcome);
    add_what_stands_beside(files, ledger);
    if (!no_python_.empty()) ledger.notes.insert(ledger.notes.begin(), no_python_);
    if (ledger.cost.bytes_read == 0) ledger.cost.bytes_read = (*memory)->bytes_read();
    const auto own = proc::own_usage();
    ledger.cost.read_ns = clock.monotonic_ns() - began_ns;
    ledger.cost.own_cpu_ns = own.cpu_ns - cpu_ns;
    ledger.cost.own_rss_bytes = own.peak_rss;
    answer_.process.ledger = std::move(ledger);
  }

  /// A process without an interpreter has a ledger all the same. False when it may not be read at all.
  bool find_python(proc::ProcessFiles& files, HeapSubject& subject) {
    for (int tries = 0; tries < most_open_tries; ++tries) {
      if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(between_open_tries_ms));
      auto opened = cpython::Interpreter::open(files, subject.memory, options_.locate);
      if (auto* found = std::get_if<std::unique_ptr<cpython::Interpreter>>(&opened)) {
        interpreter_ = std::move(*found);
        subject.python.emplace(heap::PythonPlace{.layout = interpreter_->layout(),
                                                 .place = interpreter_->place(),
                                                 .module_path = interpreter_->found().module_path,
                                                 .version = interpreter_->found().version});
        return true;
      }
      const auto& failure = std::get<cpython::OpenFailure>(opened);
      if (failure.reason == model::Reason::denied || failure.reason == model::Reason::gone) {
        return fail(failure.error), false;
      }
      if (failure.reason != model::Reason::not_python) {
        no_python_ = "The Python interpreter could not be read: " + base::describe(failure.error) + ".";
      }
      if (!failure.retry) break;
    }
    return true;
  }

  void add_what_stands_beside(const proc::ProcessFiles& files, model::HeapLedger& ledger) const {
    if (const auto status = files.status()) ledger.beside.page_table_bytes = status->vm_pte.value_or(0);
    const auto cgroup = proc::CgroupFiles::open(root_, pid());
    if (!cgroup) return;
    const auto parts = cgroup->read_parts();
    if (!parts) return;
    ledger.cgroup = model::CgroupMemory{.usage_bytes = parts->usage,
                                        .anon_bytes = parts->anon,
                                        .file_bytes = parts->file,
                                        .kernel_bytes = parts->kernel,
                                        .limit_bytes = parts->limit};
  }

  const proc::ProcRoot& root_;
  const HeapOptions& options_;
  std::unique_ptr<cpython::Interpreter> interpreter_;
  std::string no_python_;
  HeapAnswer answer_;
};

}  // namespace

HeapAnswer read_heap_target(const proc::ProcRoot& root, const HeapTarget& target, const HeapOptions& options) {
  return TargetReading(root, target, options).run();
}

}  // namespace tidemark::cli
