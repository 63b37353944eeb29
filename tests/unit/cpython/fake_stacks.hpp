// Purpose: an interpreter made by hand whose threads have whole stacks: frames that lie in a chunk of a data stack
// where the layout has those, and each by itself where it has none.
#pragma once

#include <vector>

#include "fake_interpreter.hpp"
#include "tidemark/cpython/stack_reader.hpp"

namespace tidemark::cpython::test {

class FakeStacks : public FakeInterpreter {
 public:
  static constexpr std::uint64_t frame_stride = 0x100;
  static constexpr std::size_t frames_per_thread = 8;
  static constexpr std::uint64_t chunk_bytes = 0x800 + 0x40;

  /// `threads` threads of three frames each: code 2 calls code 1 calls code 0, every one on line 12.
  explicit FakeStacks(const Layout& layout, std::size_t threads = 1, std::byte unset = {})
      : FakeInterpreter(layout, threads, unset) {
    put(runtime, layout.runtime.interpreters_head, interpreter);
    set_code(1, "middle", "/srv/app.py");
    set_code(2, "outer", "/srv/app.py");
    for (std::size_t i = 0; i < threads; ++i) {
      put(thread(i), layout.thread.thread_id, thread_id(i));
      set_stack(i, {2, 1, 0});
    }
  }

  /// glibc's pthread_t, which to 3.10 the native id is found by.
  [[nodiscard]] static std::uint64_t thread_id(std::size_t i) { return pthread(i).value; }
  /// Frame `i` of a thread, 0 the outermost.
  [[nodiscard]] static Address stack_frame(std::size_t of_thread, std::size_t i) {
    return frame(0x10 + of_thread * frames_per_thread + i);
  }
  [[nodiscard]] static std::size_t frame_number(std::size_t of_thread, std::size_t i) {
    return 0x10 + of_thread * frames_per_thread + i;
  }
  [[nodiscard]] Address chunk(std::size_t of_thread) const {
    return stack_frame(of_thread, 0).minus(layout().stack_chunk.data);
  }

  /// Numbers of code objects, the outermost first.
  void set_stack(std::size_t of_thread, const std::vector<std::size_t>& codes) {
    Address previous;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      set_frame(frame_number(of_thread, i), codes[i], 2, previous);
      previous = stack_frame(of_thread, i);
    }
    set_current_frame(of_thread, previous);
    set_chunk(of_thread, {});
  }
  void set_chunk(std::size_t of_thread, Address previous) {
    const auto& field = layout().stack_chunk;
    if (!layout().thread.datastack_chunk.is_present()) return;
    put(thread(of_thread), layout().thread.datastack_chunk, chunk(of_thread));
    put(chunk(of_thread), field.previous, previous);
    put(chunk(of_thread), field.size, chunk_bytes);
    put(chunk(of_thread), field.top, 0);
  }
};

/// Names of the functions of a thread, innermost first; empty when it has no frames.
inline std::vector<std::string> names_of(const model::ThreadStack& thread) {
  std::vector<std::string> names;
  if (!thread.frames) return names;
  for (const auto& frame : *thread.frames) names.push_back(frame.code->function);
  return names;
}

}  // namespace tidemark::cpython::test
