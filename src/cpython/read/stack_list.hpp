// Purpose: the interpreters of a process and their thread states, as a stack reading needs them.
// Invariants: the list is a guess from the last reading; it is believed when one vector read shows every link of it,
// the interpreters' and the threads'. A thread keeps its place in memory, so that what is known of it is kept too.
#pragma once

#include <memory>
#include <vector>

#include "batch.hpp"
#include "interpreters.hpp"
#include "stack_thread.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::cpython {

struct StackInterpreter {
  InterpreterPlace place;
  base::Address gil;                                  ///< null where the layout has none
  std::vector<std::unique_ptr<StackThread>> threads;  ///< newest first, as the target lists them
  // Of the last batch.
  bool is_collecting = false, is_collecting_known = false;
  base::Address holder;  ///< the thread state that holds its GIL, or null
};

class StackList {
 public:
  StackList(const memory::MemorySource& memory, const Layout& layout, base::Address runtime)
      : memory_(memory), layout_(layout), runtime_(runtime) {}

  /// Makes the guess anew. Errors: those of reading, `torn`, `limit`; what could be walked is there all the same.
  [[nodiscard]] base::Result<void> walk();

  void add(Batch& batch);
  /// Whether all links hold. Errors: those of reading, `torn`.
  [[nodiscard]] base::Result<void> judge(const Batch& batch);

  [[nodiscard]] std::vector<StackInterpreter>& interpreters() { return interpreters_; }
  [[nodiscard]] const std::vector<StackInterpreter>& interpreters() const { return interpreters_; }

 private:
  struct Ids {
    Batch::Id links = 0, collecting = 0;
    std::optional<Batch::Id> holder;
  };

  [[nodiscard]] base::Result<void> walk_threads_of(StackInterpreter& interpreter);
  [[nodiscard]] base::Address collecting_at(const StackInterpreter& interpreter) const;
  [[nodiscard]] base::Result<void> judge_links(const Batch& batch, std::size_t i) const;
  void judge_state(const Batch& batch, std::size_t i);

  const memory::MemorySource& memory_;
  const Layout& layout_;
  const base::Address runtime_;
  std::vector<StackInterpreter> interpreters_;
  std::optional<Batch::Id> head_id_;
  std::vector<Ids> ids_;
};

}  // namespace tidemark::cpython
