#include "detail/heap_subject.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "detail/opened_process.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/heap/file_backed_memory.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/own_process.hpp"

namespace tidemark::cli {
namespace {

class SubjectReading {
 public:
  SubjectReading(const proc::ProcRoot& root, const Target& target, const cpython::LocateOptions& locate,
                 const SubjectReader& read)
      : root_(root), locate_(locate), read_(read) {
    head_.identity.pid = target.pid;
  }

  [[nodiscard]] ReadingHead run() {
    auto opened = open_process(root_, pid());
    if (auto* refused = std::get_if<NotOpened>(&opened)) {
      head_.name = std::move(refused->name);
      head_.failure = std::move(refused->failure);
      head_.error = std::move(refused->error);
      return std::move(head_);
    }
    auto& process = std::get<OpenedProcess>(opened);
    head_.name = process.name;
    head_.command_line = process.command_line;
    head_.identity.start_ticks = process.stat.start_ticks;
    read(process.files, process.stat);
    return std::move(head_);
  }

 private:
  [[nodiscard]] base::Pid pid() const { return head_.identity.pid; }

  void fail(const base::Error& error) {
    head_.failure = explain_target(pid(), error);
    head_.error = error;
  }

  void fail(base::ErrorCode code, const std::string& what, const char* hint) {
    head_.failure = {fmt::format("pid {} {}", pid(), what), hint, ExitStatus::cannot_open};
    head_.error = base::Error{.code = code, .doing = "read a heap", .detail = what};
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
    auto refusal = read_(subject, {.interpreter = interpreter_.get(), .no_python = no_python_});
    if (const auto error = has_ended(files)) return fail(*error);
    if (runs_another_program(stat, files)) {
      return fail(base::ErrorCode::torn, "executed another program while it was read: nothing is shown", "try again");
    }
    if (refusal) {
      head_.failure = std::move(refusal->failure);
      head_.error = std::move(refusal->error);
      return;
    }
    const auto own = proc::own_usage();
    head_.bytes_read = (*memory)->bytes_read();
    head_.read_ns = clock.monotonic_ns() - began_ns;
    head_.own_cpu_ns = own.cpu_ns - cpu_ns;
    head_.own_rss_bytes = own.peak_rss;
  }

  /// A process without an interpreter has a heap all the same. False when it may not be read at all.
  bool find_python(proc::ProcessFiles& files, HeapSubject& subject) {
    for (int tries = 0; tries < most_open_tries; ++tries) {
      if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(between_open_tries_ms));
      auto opened = cpython::Interpreter::open(files, subject.memory, locate_);
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

  const proc::ProcRoot& root_;
  const cpython::LocateOptions& locate_;
  const SubjectReader& read_;
  std::unique_ptr<cpython::Interpreter> interpreter_;
  std::string no_python_;
  ReadingHead head_;
};

}  // namespace

void ReadingHead::fill(model::HeapCost& cost) const {
  if (cost.bytes_read == 0) cost.bytes_read = bytes_read;
  cost.read_ns = read_ns;
  cost.own_cpu_ns = own_cpu_ns;
  cost.own_rss_bytes = own_rss_bytes;
}

ReadingHead read_subject(const proc::ProcRoot& root, const Target& target, const cpython::LocateOptions& locate,
                         const SubjectReader& read) {
  return SubjectReading(root, target, locate, read).run();
}

}  // namespace tidemark::cli
