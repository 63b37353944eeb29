// The judgement of one vector read, part by part.
#include <algorithm>
#include <utility>

#include "snapshot_impl.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

using base::Address;
using base::ErrorCode;

namespace {

/// gc.garbage cannot hold more objects than fit into the address space.
constexpr std::int64_t max_garbage = std::int64_t{1} << 43;

}  // namespace

base::Error moved(const char* detail) {
  return base::Error{.code = ErrorCode::torn, .doing = "read the interpreter", .detail = detail};
}

base::Error broken(Address at, const char* detail) {
  return base::Error{.code = ErrorCode::malformed, .doing = "read the interpreter", .address = at, .detail = detail};
}

base::Result<Address> SnapshotReader::Impl::threads_head() {
  if (const auto& status = batch_.status(ids_.threads_head); !status) return base::fail(status.error());
  const auto head = batch_.piece(ids_.threads_head).get(layout_.interpreter.threads_head);
  // An interpreter has at least the thread state that it runs with, until it is finalised.
  if (!head || !is_plausible_pointer(*head)) return base::fail(broken(interpreter_, "it has no thread states"));
  return *head;
}

base::Result<CollectorState> SnapshotReader::Impl::judge_collector() const {
  if (const auto& status = batch_.status(ids_.collector); !status) return base::fail(status.error());
  return decode_collector(layout_, collector_address(layout_, place_.runtime, interpreter_),
                          batch_.piece(ids_.collector));
}

base::Result<void> SnapshotReader::Impl::judge_stats(base::Result<CollectorState>& collector) const {
  if (!collector || !layout_.gc.stats.is_present()) return {};
  if (!ids_.stats || collector->stats != stats_) return base::fail(moved("the collector has other statistics"));
  if (const auto& status = batch_.status(*ids_.stats); !status) return status;
  return decode_stats(layout_, stats_, batch_.piece(*ids_.stats), collector->reading);
}

base::Result<std::uint64_t> SnapshotReader::Impl::judge_garbage(const base::Result<CollectorState>& collector) {
  if (!collector) return base::fail(collector.error());
  if (!ids_.garbage || collector->garbage != garbage_) return base::fail(moved("gc.garbage is another list"));
  if (const auto& status = batch_.status(*ids_.garbage); !status) return base::fail(status.error());
  const auto size = batch_.piece(*ids_.garbage).get(layout_.object.size);
  if (!size || *size < 0 || *size > max_garbage) return base::fail(broken(garbage_, "the length of gc.garbage"));
  return static_cast<std::uint64_t>(*size);
}

base::Result<std::vector<ThreadState>> SnapshotReader::Impl::judge_threads(Address head) {
  std::vector<ThreadState> states;
  states.reserve(threads_.size());
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (const auto& status = batch_.status(ids_.threads[i]); !status) return base::fail(status.error());
    auto state = decode_thread(layout_, threads_[i].address, batch_.piece(ids_.threads[i]));
    if (!state) return base::fail(broken(threads_[i].address, "the layout lacks a field"));
    if (!ids_.pthreads.empty()) {
      if (state->pthread != threads_[i].pthread) return base::fail(moved("a thread state has another thread"));
      state->native_thread_id = judge_native_id(i, *state);
    }
    states.push_back(*state);
  }
  if (walk_error_) return base::fail(*walk_error_);
  if (states.empty() || !is_whole_list(states, interpreter_, head)) {
    return base::fail(moved("the list of thread states has changed"));
  }
  return states;
}

std::uint64_t SnapshotReader::Impl::judge_native_id(std::size_t i, const ThreadState& state) const {
  const Batch::Id id = ids_.pthreads[i];
  return batch_.status(id) ? decode_native_id(layout_, state.pthread, batch_.piece(id)) : 0;
}

base::Result<Address> SnapshotReader::Impl::holder_address() {
  if (ids_.tstate_current) {
    if (const auto& status = batch_.status(*ids_.tstate_current); !status) return base::fail(status.error());
    return batch_.piece(*ids_.tstate_current).get(layout_.runtime.tstate_current).value_or(Address{});
  }
  if (!ids_.gil) return base::fail(broken(interpreter_, "the layout says nothing of the GIL"));
  if (const auto& status = batch_.status(*ids_.gil); !status) return base::fail(status.error());
  // A free-threaded build makes a GIL all the same, for modules that ask for it.
  if (batch_.piece(*ids_.gil).get(layout_.gil.enabled) == 0) return Address{};
  const auto locked = batch_.piece(*ids_.gil).get(layout_.gil.locked);
  const auto last_holder = batch_.piece(*ids_.gil).get(layout_.gil.last_holder);
  if (!locked || !last_holder) return base::fail(broken(gil_, "the layout lacks a field"));
  if (*locked != 0 && *locked != 1) return base::fail(broken(gil_, "the lock of the GIL is neither free nor held"));
  if (*locked == 0) return Address{};
  if (last_holder->is_null()) return base::fail(moved("nobody holds the GIL, which is held"));
  return *last_holder;
}

base::Result<std::optional<ThreadState>> SnapshotReader::Impl::judge_holder(const std::vector<ThreadState>& threads) {
  auto address = holder_address();
  if (!address) return base::fail(std::move(address).error());
  if (address->is_null()) return std::optional<ThreadState>();
  const auto holder = std::ranges::find(threads, *address, &ThreadState::address);
  if (holder == threads.end()) return base::fail(moved("the GIL's holder is not in the list of thread states"));
  if (holder->native_thread_id == 0) return base::fail(moved("the id of the GIL's holder is not known"));
  return std::optional(*holder);
}

const ThreadState& SnapshotReader::Impl::chosen_thread(const Parts& parts) const {
  if (parts.holder && *parts.holder) return **parts.holder;
  const auto& threads = *parts.threads;
  // The oldest one, which is the last of the list: until a thread has begun, its state may name the one that made it.
  const auto main = std::ranges::find(threads.rbegin(), threads.rend(), static_cast<std::uint64_t>(main_thread_),
                                      &ThreadState::native_thread_id);
  // A program that runs Python in another thread than its first: the oldest state of all.
  return main == threads.rend() ? threads.back() : *main;
}

base::Result<std::optional<model::FrameLocation>> SnapshotReader::Impl::judge_frame(const Parts& parts) {
  if (!ids_.has_frame) return base::fail(follow_error_.value_or(moved("no frame was looked for")));
  return frames_.confirm(batch_, *path_, chosen_thread(parts));
}

Parts SnapshotReader::Impl::judge(Address head) {
  Parts parts;
  parts.collector = judge_collector();
  parts.stats = judge_stats(parts.collector);
  parts.garbage = judge_garbage(parts.collector);
  parts.threads = judge_threads(head);
  if (!parts.threads) {
    parts.holder = base::fail(parts.threads.error());
    parts.frame = base::fail(parts.threads.error());
    return parts;
  }
  threads_ = *parts.threads;
  parts.holder = judge_holder(*parts.threads);
  parts.frame = judge_frame(parts);
  return parts;
}

}  // namespace tidemark::cpython
