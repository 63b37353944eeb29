// Purpose: the Python stacks of a process at one moment, as plain values. Read by `cpython`, written by `record` and
// shown by `present`. Invariants: frames stand innermost first. A stack that did not change from one reading to the
// next is the same object
// (`ThreadStack::frames` compares equal as a pointer), so that writers may intern it. What could not be read is absent
// and says why.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/model/gap.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::model {

using Frames = std::vector<FrameLocation>;

/// One thread state of one interpreter.
struct ThreadStack {
  std::int64_t interpreter_id = 0;    ///< 0 is the main interpreter
  base::Tid native_id = 0;            ///< as the process itself names it (gettid()); 0 not known
  std::optional<base::Tid> outer_id;  ///< as our /proc names it; nullopt: the same or not known
  std::uint64_t thread_id = 0;        ///< threading.get_ident()
  std::optional<std::string> name;    ///< threading.Thread.name; nullopt when `threading` does not know the thread
  bool holds_gil = false;
  std::optional<bool>
      is_running;  ///< on a processor or waiting for one (kernel state R), as /proc says; nullopt not known
  std::shared_ptr<const Frames> frames;  ///< null when it could not be read: see `failure`
  std::optional<Reason> failure;         ///< why there are no frames (torn: it moved each time that we looked)
  int tries = 0;                         ///< readings until it was accepted
};

struct InterpreterState {
  std::int64_t id = 0;
  std::optional<bool> gc_running;
};

/// All threads of all interpreters of one process.
struct StackReading {
  std::vector<InterpreterState> interpreters;
  std::vector<ThreadStack> threads;  ///< by interpreter, oldest thread first
  std::vector<Gap> gaps;             ///< what kept whole interpreters from being read
};

}  // namespace tidemark::model
