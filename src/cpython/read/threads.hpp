// Purpose: the thread states of an interpreter, as a list that was checked link by link.
// Invariants: a list is capped, and a cycle cannot be walked twice: each state must point back at the one before it.
#pragma once

#include <optional>
#include <vector>

#include "batch.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

/// Linux allows no more threads in a process by default (kernel.threads-max is of that order on large machines).
inline constexpr std::size_t max_thread_states = 16'384;

/// Of the fields that are read of a PyThreadState, not of it all. Those of a free-threaded build lie far apart.
inline constexpr std::size_t max_thread_extent_bytes = 1536;

struct ThreadState {
  base::Address address;
  base::Address prev, next, interp;
  base::Address frame_source;          ///< its _PyCFrame where the layout has those, else its innermost frame
  base::Address pthread;               ///< null where the layout has the native id itself
  std::uint64_t native_thread_id = 0;  ///< 0: not known
  std::int64_t alloc_count = 0;        ///< free-threaded: objects made and not counted by the collector yet
};

[[nodiscard]] Extent thread_extent(const Layout& layout);

/// What is read of a thread's struct pthread; only of a layout that has one.
[[nodiscard]] Extent pthread_extent(const Layout& layout);

/// Where it is told who holds the GIL: to 3.11 in the runtime, else in the GIL's own struct. Null when there is no GIL.
[[nodiscard]] base::Address holder_place(const Layout& layout, base::Address runtime, base::Address gil);

/// What is read there.
[[nodiscard]] Extent holder_extent(const Layout& layout);

/// The thread state that holds the GIL; null: nobody does. A free-threaded build makes a GIL all the same, for modules
/// that ask for it, and has no holder while it runs without. Errors: `malformed` when the lock is neither free nor
/// held, or the piece lacks a field; `torn` when it is held and names no holder.
[[nodiscard]] base::Result<base::Address> decode_holder(const Layout& layout, const Piece& piece);

/// The kernel's id out of a struct pthread; 0 when the thread has ended, or this is no such struct.
[[nodiscard]] std::uint64_t decode_native_id(const Layout& layout, base::Address pthread, const Piece& piece);

/// nullopt when the piece does not hold all of its fields. Without a native id where that is in the struct pthread.
[[nodiscard]] std::optional<ThreadState> decode_thread(const Layout& layout, base::Address address, const Piece& piece);

/// The list from `head` on, one read per state, and one of its struct pthread. Errors: those of reading; `torn` when a
/// link does not fit (the list moves, or is none), `limit`.
[[nodiscard]] base::Result<std::vector<ThreadState>> walk_threads(const memory::MemorySource& memory,
                                                                  const Layout& layout, base::Address interpreter,
                                                                  base::Address head);

/// Whether the states, in this order, are one whole list of this interpreter that begins at `head`.
[[nodiscard]] bool is_whole_list(const std::vector<ThreadState>& states, base::Address interpreter, base::Address head);

}  // namespace tidemark::cpython
