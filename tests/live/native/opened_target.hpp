// Purpose: a live process opened for reading, for programs of tests and benchmarks: what fails throws.
#pragma once

#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>

#include "tidemark/cpython/interpreter.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::test {

template <class T>
T must(base::Result<T> result) {
  if (!result) throw std::runtime_error(base::describe(result.error()));
  return std::move(result).value();
}

inline std::unique_ptr<cpython::Interpreter> must_open(proc::ProcessFiles& files, const memory::MemorySource& memory) {
  auto opened = cpython::Interpreter::open(files, memory);
  if (const auto* failed = std::get_if<cpython::OpenFailure>(&opened)) {
    throw std::runtime_error(base::describe(failed->error));
  }
  return std::move(std::get<std::unique_ptr<cpython::Interpreter>>(opened));
}

struct OpenedTarget {
  explicit OpenedTarget(base::Pid pid)
      : root(must(proc::ProcRoot::open())),
        files(must(proc::ProcessFiles::open(root, pid))),
        memory(must(memory::LiveMemory::open(root.fd(), pid))),
        interpreter(must_open(files, *memory)) {}

  proc::ProcRoot root;
  proc::ProcessFiles files;
  std::unique_ptr<memory::LiveMemory> memory;
  std::unique_ptr<cpython::Interpreter> interpreter;
};

}  // namespace tidemark::test
