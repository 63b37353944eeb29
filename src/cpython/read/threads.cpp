#include "threads.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

base::Unexpected refused(base::ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "walk the thread states", .address = at, .detail = detail});
}

/// It is added to the collector's count each time it comes to 512, of objects made or freed
/// (LOCAL_ALLOC_COUNT_THRESHOLD in Python/gc_free_threading.c, 3.13); some room for later versions.
bool is_alloc_count(std::optional<std::int64_t> count) {
  constexpr std::int64_t limit = 1 << 16;
  return count && *count >= -limit && *count <= limit;
}

bool fits_after(const ThreadState& state, Address interpreter, Address before) {
  return state.interp == interpreter && state.prev == before;
}

/// A thread may end, and its stack with it, before its state is gone: that is no error.
std::uint64_t read_native_id(const memory::MemorySource& memory, const Layout& layout, Address pthread) {
  constexpr std::size_t max_extent_bytes = 1024;
  const Extent extent = pthread_extent(layout);
  std::array<std::byte, max_extent_bytes> bytes;
  if (extent.size() > bytes.size() || !is_plausible_pointer(pthread)) return 0;
  const auto into = std::span(bytes).first(extent.size());
  if (!memory.read(pthread.plus(extent.first), into)) return 0;
  return decode_native_id(layout, pthread, {.bytes = into, .first = extent.first});
}

base::Result<ThreadState> read_thread(const memory::MemorySource& memory, const Layout& layout, Address address) {
  const Extent extent = thread_extent(layout);
  std::array<std::byte, max_thread_extent_bytes> bytes;
  if (extent.size() > bytes.size())
    return refused(base::ErrorCode::malformed, address, "the layout's thread is too long");
  const auto into = std::span(bytes).first(extent.size());
  if (auto read = memory.read(address.plus(extent.first), into); !read) return base::fail(std::move(read).error());
  auto state = decode_thread(layout, address, {.bytes = into, .first = extent.first});
  if (!state) return refused(base::ErrorCode::malformed, address, "the layout lacks a field");
  if (layout.thread.pthread.is_present()) state->native_thread_id = read_native_id(memory, layout, state->pthread);
  return *state;
}

}  // namespace

Address holder_place(const Layout& layout, Address runtime, Address gil) {
  return layout.runtime.tstate_current.is_present() ? runtime : gil;
}

Extent holder_extent(const Layout& layout) {
  if (layout.runtime.tstate_current.is_present()) return extent_of(layout.runtime.tstate_current);
  return extent_of(layout.gil.last_holder, layout.gil.locked, layout.gil.enabled);
}

base::Result<Address> decode_holder(const Layout& layout, const Piece& piece) {
  const auto refused = [](const char* detail, base::ErrorCode code = base::ErrorCode::malformed) {
    return base::fail(base::Error{.code = code, .doing = "read the GIL", .detail = detail});
  };
  if (const auto current = piece.get(layout.runtime.tstate_current)) return *current;
  if (piece.get(layout.gil.enabled) == 0) return Address{};
  const auto locked = piece.get(layout.gil.locked);
  const auto holder = piece.get(layout.gil.last_holder);
  if (!locked || !holder) return refused("the layout lacks a field");
  if (*locked != 0 && *locked != 1) return refused("its lock is neither free nor held");
  if (*locked == 0) return Address{};
  if (holder->is_null())
    return refused("it is held by nobody", base::ErrorCode::torn);  // its first holder says so late
  return *holder;
}

Extent pthread_extent(const Layout& layout) { return extent_of(layout.pthread.self, layout.pthread.tid); }

std::uint64_t decode_native_id(const Layout& layout, Address pthread, const Piece& piece) {
  if (piece.get(layout.pthread.self) != pthread) return 0;
  return static_cast<std::uint64_t>(std::max(piece.get(layout.pthread.tid).value_or(0), 0));
}

Extent thread_extent(const Layout& layout) {
  const auto& thread = layout.thread;
  return extent_of(thread.prev, thread.next, thread.interp, thread.cframe, thread.current_frame,
                   thread.native_thread_id, thread.pthread, thread.alloc_count);
}

std::optional<ThreadState> decode_thread(const Layout& layout, Address address, const Piece& piece) {
  const auto& field = layout.thread;
  const auto prev = piece.get(field.prev);
  const auto next = piece.get(field.next);
  const auto interp = piece.get(field.interp);
  const auto frame_source = piece.get(field.cframe.is_present() ? field.cframe : field.current_frame);
  const auto native_id = piece.get(field.native_thread_id);
  const auto pthread = piece.get(field.pthread);
  const auto alloc_count = piece.get(field.alloc_count);
  if (field.alloc_count.is_present() && !is_alloc_count(alloc_count)) return std::nullopt;
  if (!prev || !next || !interp || !frame_source || (!native_id && !pthread)) return std::nullopt;
  return ThreadState{.address = address,
                     .prev = *prev,
                     .next = *next,
                     .interp = *interp,
                     .frame_source = *frame_source,
                     .pthread = pthread.value_or(Address{}),
                     .native_thread_id = native_id.value_or(0),
                     .alloc_count = alloc_count.value_or(0)};
}

base::Result<std::vector<ThreadState>> walk_threads(const memory::MemorySource& memory, const Layout& layout,
                                                    Address interpreter, Address head) {
  std::vector<ThreadState> states;
  Address before{};
  for (Address at = head; !at.is_null(); at = states.back().next) {
    if (states.size() == max_thread_states) return refused(base::ErrorCode::limit, at, "too many thread states");
    if (!is_plausible_pointer(at)) return refused(base::ErrorCode::torn, at, "not a pointer to a thread state");
    auto state = read_thread(memory, layout, at);
    if (!state) return base::fail(std::move(state).error());
    if (!fits_after(*state, interpreter, before))
      return refused(base::ErrorCode::torn, at, "its back links do not fit");
    before = at;
    states.push_back(*state);
  }
  return states;
}

bool is_whole_list(const std::vector<ThreadState>& states, Address interpreter, Address head) {
  Address before{};
  Address expected = head;
  for (const auto& state : states) {
    if (state.address != expected || !fits_after(state, interpreter, before)) return false;
    before = state.address;
    expected = state.next;
  }
  return expected.is_null();
}

}  // namespace tidemark::cpython
