#include "tidemark/cpython/states.hpp"

#include "interpreters.hpp"
#include "threads.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

/// Stops where a link cannot be read or leads back: what is known by then is true.
void follow_chunks(const memory::MemorySource& memory, const Layout& layout, base::Address chunk,
                   std::vector<StackChunkPlace>& found) {
  constexpr std::uint64_t least_bytes = 64, most_bytes = std::uint64_t{1} << 32;
  if (!layout.stack_chunk.previous.is_present() || !layout.stack_chunk.size.is_present()) return;
  base::Address seen = {};  // that of step 1, 2, 4, 8, …: a circle comes back to one of them
  for (std::size_t i = 0; i < max_stack_chunks && found.size() < max_all_stack_chunks; ++i) {
    if (!is_plausible_pointer(chunk) || chunk == seen) return;
    if ((i & (i + 1)) == 0) seen = chunk;
    const auto bytes = memory.read_value<std::uint64_t>(chunk.plus(layout.stack_chunk.size.offset()));
    const auto previous = memory.read_value<base::Address>(chunk.plus(layout.stack_chunk.previous.offset()));
    if (!bytes || !previous || *bytes < least_bytes || *bytes > most_bytes) return;
    found.push_back({.address = chunk, .bytes = *bytes});
    chunk = *previous;
  }
}

}  // namespace

base::Result<StatePlaces> find_states(const memory::MemorySource& memory, const Layout& layout,
                                      const RuntimePlace& place) {
  const auto all = interpreters(memory, layout, place.runtime);
  if (!all) return base::fail(all.error());
  StatePlaces places;
  for (const auto& interpreter : *all) {
    places.interpreters.push_back(interpreter.address);
    const auto head =
        memory.read_value<base::Address>(interpreter.address.plus(layout.interpreter.threads_head.offset()));
    if (!head) return base::fail(head.error());
    const auto threads = walk_threads(memory, layout, interpreter.address, *head);
    if (!threads) return base::fail(threads.error());
    for (const auto& thread : *threads) {
      places.threads.push_back(thread.address);
      if (layout.thread.thread_id.is_present()) {
        const auto ident = memory.read_value<std::uint64_t>(thread.address.plus(layout.thread.thread_id.offset()));
        if (ident) places.thread_idents.push_back(*ident);
      }
      if (!layout.thread.datastack_chunk.is_present()) continue;
      const auto chunk = memory.read_value<base::Address>(thread.address.plus(layout.thread.datastack_chunk.offset()));
      if (chunk) follow_chunks(memory, layout, *chunk, places.stack_chunks);
    }
  }
  return places;
}

}  // namespace tidemark::cpython
