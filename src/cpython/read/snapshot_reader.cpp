#include "tidemark/cpython/snapshot_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "batch.hpp"
#include "collector.hpp"
#include "frames.hpp"
#include "threads.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using model::Reason;
using model::Source;

base::Error moved(const char* detail) {
  return base::Error{.code = ErrorCode::torn, .doing = "read the interpreter", .detail = detail};
}

base::Error broken(Address at, const char* detail) {
  return base::Error{.code = ErrorCode::malformed, .doing = "read the interpreter", .address = at, .detail = detail};
}

/// gc.garbage cannot hold more objects than fit into the address space.
constexpr std::int64_t max_garbage = std::int64_t{1} << 43;

Extent gil_extent(const Layout& layout) {
  const Extent holder = extent_of(layout.gil.last_holder);
  const Extent locked = extent_of(layout.gil.locked);
  return {.first = std::min(holder.first, locked.first), .end = std::max(holder.end, locked.end)};
}

/// What one vector read says, part by part. Made anew at each tick: `judge` sets every member.
struct Parts {
  base::Result<CollectorState> collector = CollectorState{};
  base::Result<std::uint64_t> garbage = std::uint64_t{0};
  base::Result<std::vector<ThreadState>> threads = std::vector<ThreadState>{};
  base::Result<std::optional<ThreadState>> holder = std::optional<ThreadState>{};  ///< of the GIL
  base::Result<std::optional<model::FrameLocation>> frame = std::optional<model::FrameLocation>{};

  [[nodiscard]] bool all_read() const {
    return collector.has_value() && garbage.has_value() && threads.has_value() && holder.has_value() &&
           frame.has_value();
  }
};

}  // namespace

class SnapshotReader::Impl {
 public:
  Impl(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place, base::Tid main_thread)
      : memory_(memory), layout_(layout), place_(place), main_thread_(main_thread), frames_(layout_, place.code_type) {}

  PythonSnapshot read();
  [[nodiscard]] std::vector<base::Tid> native_thread_ids() const;

 private:
  /// Pieces of the batch in flight.
  struct Ids {
    std::optional<Batch::Id> tstate_current, gil, garbage;
    Batch::Id threads_head = 0, collector = 0;
    std::vector<Batch::Id> threads;
    bool has_frame = false;
  };

  [[nodiscard]] base::Result<void> find_interpreter();
  void fill_batch();
  [[nodiscard]] base::Result<Address> threads_head();
  [[nodiscard]] Parts judge(Address head);
  [[nodiscard]] base::Result<std::uint64_t> judge_garbage(const base::Result<CollectorState>& collector);
  [[nodiscard]] base::Result<std::vector<ThreadState>> judge_threads(Address head);
  [[nodiscard]] base::Result<std::optional<ThreadState>> judge_holder(const std::vector<ThreadState>& threads);
  [[nodiscard]] base::Result<Address> holder_address();
  [[nodiscard]] const ThreadState& chosen_thread(const Parts& parts) const;
  [[nodiscard]] base::Result<std::optional<model::FrameLocation>> judge_frame(const Parts& parts);
  /// Looks again, pointer by pointer, for whatever did not hold.
  void correct(Parts& parts, Address head);
  void correct_frame(const ThreadState& thread);
  [[nodiscard]] PythonSnapshot report(Parts parts) const;

  const memory::MemorySource& memory_;
  const Layout layout_;
  const RuntimePlace place_;
  const base::Tid main_thread_;
  FrameReader frames_;
  Batch batch_;
  Ids ids_;

  // The guess that the next vector read is built on.
  Address interpreter_;
  Address gil_;
  Address garbage_;
  std::vector<ThreadState> threads_;
  std::optional<FramePath> path_;
  // Why the guess lacks its threads or its frame.
  std::optional<base::Error> walk_error_;
  std::optional<base::Error> follow_error_;
};

base::Result<void> SnapshotReader::Impl::find_interpreter() {
  if (!interpreter_.is_null()) return {};
  auto main = memory_.read_value<Address>(place_.runtime.plus(layout_.runtime.interpreters_main.offset()));
  if (!main) return base::fail(std::move(main).error());
  if (!is_plausible_pointer(*main)) return base::fail(broken(*main, "not a pointer to an interpreter"));
  if (layout_.interpreter.gil.is_present()) {
    auto gil = memory_.read_value<Address>(main->plus(layout_.interpreter.gil.offset()));
    if (!gil) return base::fail(std::move(gil).error());
    if (!is_plausible_pointer(*gil)) return base::fail(broken(*gil, "not a pointer to a GIL"));
    gil_ = *gil;
  }
  interpreter_ = *main;
  return {};
}

void SnapshotReader::Impl::fill_batch() {
  batch_.clear();
  ids_ = {};
  ids_.has_frame = path_.has_value();
  if (path_) frames_.add_first_copies(batch_, *path_);
  if (layout_.runtime.tstate_current.is_present()) {
    ids_.tstate_current = batch_.add(place_.runtime, extent_of(layout_.runtime.tstate_current));
  }
  ids_.threads_head = batch_.add(interpreter_, extent_of(layout_.interpreter.threads_head));
  ids_.collector = batch_.add(interpreter_, collector_extent(layout_));
  if (!gil_.is_null()) ids_.gil = batch_.add(gil_, gil_extent(layout_));
  if (!garbage_.is_null()) ids_.garbage = batch_.add(garbage_, extent_of(layout_.object.size));
  for (const auto& thread : threads_) ids_.threads.push_back(batch_.add(thread.address, thread_extent(layout_)));
  if (path_) {
    frames_.add_way(batch_, *path_);
    frames_.add_second_copies(batch_, *path_);
  }
}

base::Result<Address> SnapshotReader::Impl::threads_head() {
  if (const auto& status = batch_.status(ids_.threads_head); !status) return base::fail(status.error());
  const auto head = batch_.piece(ids_.threads_head).get(layout_.interpreter.threads_head);
  // An interpreter has at least the thread state that it runs with, until it is finalised.
  if (!head || !is_plausible_pointer(*head)) return base::fail(broken(interpreter_, "it has no thread states"));
  return *head;
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
    const auto state = decode_thread(layout_, threads_[i].address, batch_.piece(ids_.threads[i]));
    if (!state) return base::fail(broken(threads_[i].address, "the layout lacks a field"));
    states.push_back(*state);
  }
  if (walk_error_) return base::fail(*walk_error_);
  if (states.empty() || !is_whole_list(states, interpreter_, head)) {
    return base::fail(moved("the list of thread states has changed"));
  }
  return states;
}

base::Result<Address> SnapshotReader::Impl::holder_address() {
  if (ids_.tstate_current) {
    if (const auto& status = batch_.status(*ids_.tstate_current); !status) return base::fail(status.error());
    return batch_.piece(*ids_.tstate_current).get(layout_.runtime.tstate_current).value_or(Address{});
  }
  if (const auto& status = batch_.status(*ids_.gil); !status) return base::fail(status.error());
  const auto locked = batch_.piece(*ids_.gil).get(layout_.gil.locked).value_or(0);
  if (locked != 0 && locked != 1) return base::fail(broken(gil_, "the lock of the GIL is neither free nor held"));
  if (locked == 0) return Address{};
  return batch_.piece(*ids_.gil).get(layout_.gil.last_holder).value_or(Address{});
}

base::Result<std::optional<ThreadState>> SnapshotReader::Impl::judge_holder(const std::vector<ThreadState>& threads) {
  auto address = holder_address();
  if (!address) return base::fail(std::move(address).error());
  if (address->is_null()) return std::optional<ThreadState>();
  const auto holder = std::ranges::find(threads, *address, &ThreadState::address);
  if (holder == threads.end()) return base::fail(moved("the GIL's holder is not in the list of thread states"));
  return std::optional(*holder);
}

const ThreadState& SnapshotReader::Impl::chosen_thread(const Parts& parts) const {
  if (parts.holder && *parts.holder) return **parts.holder;
  const auto& threads = *parts.threads;
  const auto main =
      std::ranges::find(threads, static_cast<std::uint64_t>(main_thread_), &ThreadState::native_thread_id);
  // A program that runs Python in another thread than its first: the oldest state, which is the last of the list.
  return main == threads.end() ? threads.back() : *main;
}

base::Result<std::optional<model::FrameLocation>> SnapshotReader::Impl::judge_frame(const Parts& parts) {
  if (!ids_.has_frame) return base::fail(follow_error_.value_or(moved("no frame was looked for")));
  return frames_.confirm(batch_, *path_, chosen_thread(parts));
}

Parts SnapshotReader::Impl::judge(Address head) {
  Parts parts;
  if (const auto& status = batch_.status(ids_.collector); !status) {
    parts.collector = base::fail(status.error());
  } else {
    parts.collector = decode_collector(layout_, interpreter_, batch_.piece(ids_.collector));
  }
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

void SnapshotReader::Impl::correct(Parts& parts, Address head) {
  if (parts.collector) garbage_ = is_plausible_pointer(parts.collector->garbage) ? parts.collector->garbage : Address{};
  if (!parts.threads || !parts.holder) {
    auto walked = walk_threads(memory_, layout_, interpreter_, head);
    walk_error_.reset();
    if (!walked) {
      walk_error_ = std::move(walked).error();
      threads_.clear();
      path_.reset();
      return;
    }
    threads_ = *walked;
    parts.threads = std::move(walked);
    parts.holder = judge_holder(threads_);
  }
  if (!parts.frame) correct_frame(chosen_thread(parts));
}

void SnapshotReader::Impl::correct_frame(const ThreadState& thread) {
  auto path = frames_.follow(memory_, thread);
  path_.reset();
  follow_error_.reset();
  if (path) {
    path_ = std::move(path).value();
  } else {
    follow_error_ = std::move(path).error();
  }
}

PythonSnapshot SnapshotReader::Impl::report(Parts parts) const {
  PythonSnapshot snapshot;
  const auto gap = [&snapshot](Source source, const base::Error& error) {
    snapshot.gaps.push_back({.source = source, .reason = model::reason_of(error)});
  };
  if (parts.threads) {
    snapshot.reading.threads = parts.threads->size();
  } else {
    gap(Source::threads, parts.threads.error());
  }
  if (!parts.holder) {
    gap(Source::gil, parts.holder.error());
  } else if (*parts.holder) {
    snapshot.reading.gil_holder = static_cast<base::Tid>((*parts.holder)->native_thread_id);
  }
  if (parts.collector) {
    snapshot.reading.gc = parts.collector->reading;
    if (parts.garbage) snapshot.reading.gc->garbage = *parts.garbage;
  }
  if (!parts.collector || !parts.garbage)
    gap(Source::gc, parts.collector ? parts.garbage.error() : parts.collector.error());
  if (parts.frame) {
    snapshot.reading.frame = std::move(*parts.frame);
  } else {
    gap(Source::frame, parts.frame.error());
  }
  return snapshot;
}

PythonSnapshot SnapshotReader::Impl::read() {
  const auto refused = [](const base::Error& error) {
    const Reason reason = error.code == ErrorCode::malformed ? Reason::self_check : model::reason_of(error);
    return PythonSnapshot{.reading = {}, .gaps = {{.source = Source::python, .reason = reason}}};
  };
  if (auto found = find_interpreter(); !found) return refused(found.error());
  Parts parts;
  Address head;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    if (attempt > 0) correct(parts, head);
    fill_batch();
    batch_.run(memory_);
    auto found_head = threads_head();
    if (!found_head) {
      interpreter_ = {};
      return refused(found_head.error());
    }
    head = *found_head;
    parts = judge(head);
    if (parts.all_read()) break;
  }
  return report(std::move(parts));
}

std::vector<base::Tid> SnapshotReader::Impl::native_thread_ids() const {
  std::vector<base::Tid> ids;
  for (const auto& thread : threads_) ids.push_back(static_cast<base::Tid>(thread.native_thread_id));
  return ids;
}

SnapshotReader::SnapshotReader(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place,
                               base::Tid main_thread)
    : impl_(std::make_unique<Impl>(memory, layout, place, main_thread)) {}

SnapshotReader::~SnapshotReader() = default;

PythonSnapshot SnapshotReader::read() { return impl_->read(); }

std::vector<base::Tid> SnapshotReader::native_thread_ids() const { return impl_->native_thread_ids(); }

}  // namespace tidemark::cpython
