#include "detail/thread_table.hpp"

#include <sys/mman.h>

#include "tidemark/control/stopped_target.hpp"

namespace tidemark::control::detail {

bool ThreadTable::map() {
  void* const at = ::mmap(nullptr, max_stopped_threads * sizeof(TracedThread), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return false;
  threads_ = static_cast<TracedThread*>(at);
  return true;
}

bool ThreadTable::contains(base::Tid tid, std::size_t known) {
  for (std::size_t looked = 0; looked < known; ++looked) {
    if (hint_ >= known) hint_ = 0;
    const TracedThread& thread = threads_[hint_++];
    if (thread.tid == tid && thread.state != TracedThread::State::ended) return true;
  }
  return false;
}

bool ThreadTable::add(base::Tid tid) {
  if (size_ == max_stopped_threads) return false;
  threads_[size_++] = {.tid = tid};
  return true;
}

std::size_t ThreadTable::count(TracedThread::State state) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (threads_[i].state == state) ++found;
  }
  return found;
}

}  // namespace tidemark::control::detail
