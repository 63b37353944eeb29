// Stacks made by hand.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::record::test {

/// Frames of `depth` functions, innermost first; `innermost_line` is the line of the first.
inline std::shared_ptr<const model::Frames> some_frames(std::size_t depth, std::int64_t innermost_line = 1) {
  auto frames = std::make_shared<model::Frames>();
  for (std::size_t at = 0; at < depth; ++at) {
    auto code = std::make_shared<model::CodeInfo>();
    code->function = "Worker.step_" + std::to_string(depth - at);
    code->file = "/srv/app/lib/module_" + std::to_string((depth - at) % 5) + ".py";
    frames->push_back({.code = std::move(code), .line = at == 0 ? innermost_line : static_cast<std::int64_t>(10 * at)});
  }
  return frames;
}

inline model::ThreadStack some_thread(base::Tid native_id, std::string name,
                                      std::shared_ptr<const model::Frames> frames) {
  model::ThreadStack thread;
  thread.native_id = native_id;
  thread.thread_id = 0x7f00'0000'0000 + static_cast<std::uint64_t>(native_id) * 4096;
  thread.name = std::move(name);
  thread.is_running = false;
  thread.frames = std::move(frames);
  thread.tries = 1;
  return thread;
}

/// `threads` threads, each one frame deeper than the one before.
inline std::shared_ptr<model::StackReading> some_reading(std::size_t threads, std::size_t depth) {
  auto reading = std::make_shared<model::StackReading>();
  reading->interpreters = {{.id = 0, .gc_running = false}};
  for (std::size_t at = 0; at < threads; ++at) {
    reading->threads.push_back(some_thread(static_cast<base::Tid>(4951 + at), "worker-" + std::to_string(at),
                                           some_frames(depth, static_cast<std::int64_t>(at + 1))));
  }
  return reading;
}

/// A tick of one process with these stacks.
inline model::Tick tick_with(std::int64_t number, std::shared_ptr<const model::StackReading> stacks) {
  auto tick = numbered_tick(number, 1);
  tick.samples[0].stacks = std::move(stacks);
  return tick;
}

/// What of a reading is recorded, as text that a failed check can show.
inline std::string described(const model::StackReading& reading) {
  std::string text;
  for (const auto& state : reading.interpreters) {
    text += "interpreter " + std::to_string(state.id) +
            (state.gc_running ? *state.gc_running ? " gc\n" : " no gc\n" : " gc?\n");
  }
  for (const auto& thread : reading.threads) {
    text += std::to_string(thread.interpreter_id) + " " + std::to_string(thread.native_id) + " " +
            (thread.outer_id ? std::to_string(*thread.outer_id) : "-") + " " + std::to_string(thread.thread_id) + " " +
            thread.name.value_or("-") + (thread.holds_gil ? " gil" : "") +
            (thread.is_running ? *thread.is_running ? " running" : " idle" : "") +
            (thread.failure ? " " + std::string(text_of(*thread.failure)) : "") + (thread.frames ? "" : " unread") +
            "\n";
    if (!thread.frames) continue;
    for (const auto& frame : *thread.frames) {
      text += "  " + (frame.code ? frame.code->function + " " + frame.code->file : std::string("?")) + ":" +
              (frame.line ? std::to_string(*frame.line) : "-") + "\n";
    }
  }
  return text;
}

}  // namespace tidemark::record::test
