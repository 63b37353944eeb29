// The limit that a copy of a heap is measured against: its resident private pages into memory that is there already.
#include <fmt/format.h>

#include <cstdlib>

#include "tidemark/base/clock.hpp"
#include "tidemark/heap/moment.hpp"
#include "tidemark/memory/copied_memory.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/process_files.hpp"

namespace {

using namespace tidemark;

int complain(const base::Error& error) {
  fmt::print(stderr, "tidemark_heap_copy: {}\n", base::describe(error));
  return 1;
}

int copy_once(base::Pid pid) {
  const auto root = proc::ProcRoot::open();
  if (!root) return complain(root.error());
  const auto files = proc::ProcessFiles::open(*root, pid);
  if (!files) return complain(files.error());
  auto smaps = files->smaps();
  const auto pages = proc::PageMap::open(files->dir_fd());
  const auto memory = memory::LiveMemory::open(root->fd(), pid);
  if (!smaps) return complain(smaps.error());
  if (!pages) return complain(pages.error());
  if (!memory) return complain(memory.error());
  const auto moment = heap::Moment::take(std::move(*smaps), *pages);
  if (!moment) return complain(moment.error());
  const auto ranges = moment->resident();
  auto copy = memory::CopiedMemory::prepare(moment->resident_bytes(), nullptr);
  if (!copy) return complain(copy.error());
  const base::SystemClock clock;
  const std::int64_t began_ns = clock.monotonic_ns();
  if (const auto copied = (*copy)->copy(**memory, ranges); !copied) return complain(copied.error());
  const double ms = static_cast<double>(clock.monotonic_ns() - began_ns) / 1e6;
  fmt::print("{{\"copy_ms\": {:.3f}, \"bytes\": {}}}\n", ms, (*copy)->bytes_copied());
  return 0;
}

}  // namespace

/// tidemark_heap_copy PID
int main(int count, char** words) { return count == 2 ? copy_once(std::atoi(words[1])) : 2; }
