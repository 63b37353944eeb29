#include "tidemark/cpython/snapshot_reader.hpp"

#include <algorithm>
#include <utility>

#include "snapshot_impl.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

using base::Address;
using base::ErrorCode;
using model::Reason;
using model::Source;

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
  const Address holder_at = holder_place(layout_, place_.runtime, gil_);
  if (!holder_at.is_null()) ids_.holder = batch_.add(holder_at, holder_extent(layout_));
  ids_.threads_head = batch_.add(interpreter_, extent_of(layout_.interpreter.threads_head));
  ids_.collector = batch_.add(collector_address(layout_, place_.runtime, interpreter_), collector_extent(layout_));
  if (!garbage_.is_null()) ids_.garbage = batch_.add(garbage_, extent_of(layout_.object.size));
  if (!stats_.is_null()) ids_.stats = batch_.add(stats_, stats_extent(layout_));
  for (const auto& thread : threads_) ids_.threads.push_back(batch_.add(thread.address, thread_extent(layout_)));
  if (layout_.thread.pthread.is_present()) {
    for (const auto& thread : threads_) ids_.pthreads.push_back(batch_.add(thread.pthread, pthread_extent(layout_)));
  }
  if (path_) {
    frames_.add_way(batch_, *path_);
    frames_.add_second_copies(batch_, *path_);
  }
}

void SnapshotReader::Impl::correct(Parts& parts, Address head) {
  if (parts.collector) {
    garbage_ = is_plausible_pointer(parts.collector->garbage) ? parts.collector->garbage : Address{};
    stats_ = is_plausible_pointer(parts.collector->stats) ? parts.collector->stats : Address{};
  }
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

base::Result<model::GcReading> SnapshotReader::Impl::reading_of(const Parts& parts) const {
  if (!parts.collector) return base::fail(parts.collector.error());
  if (!parts.stats) return base::fail(parts.stats.error());
  model::GcReading reading = parts.collector->reading;
  if (parts.garbage) reading.garbage = *parts.garbage;
  if (layout_.thread.alloc_count.is_present()) {
    if (!parts.threads) return base::fail(parts.threads.error());
    reading.generations.front().count += parts.threads->back().alloc_count;  // the main thread's, the oldest
  }
  return reading;
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
  if (auto gc = reading_of(parts)) {
    snapshot.reading.gc = std::move(gc).value();
    if (!parts.garbage) gap(Source::gc, parts.garbage.error());
  } else {
    gap(Source::gc, gc.error());
  }
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

std::vector<std::uint64_t> SnapshotReader::Impl::native_thread_ids() const {
  std::vector<std::uint64_t> ids;
  for (const auto& thread : threads_) ids.push_back(thread.native_thread_id);
  return ids;
}

std::vector<Address> SnapshotReader::Impl::thread_states() const {
  std::vector<Address> states;
  for (const auto& thread : threads_) states.push_back(thread.address);
  return states;
}

SnapshotReader::Places SnapshotReader::Impl::places() const {
  const bool has_frame = path_ && path_->frame;
  return {.collector = collector_address(layout_, place_.runtime, interpreter_),
          .garbage = garbage_,
          .current_frame = path_ ? path_->first_frame : Address{},
          .frame_code = has_frame ? path_->frame->code : Address{}};
}

SnapshotReader::SnapshotReader(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place,
                               base::Tid main_thread)
    : impl_(std::make_unique<Impl>(memory, layout, place, main_thread)) {}

SnapshotReader::~SnapshotReader() = default;

PythonSnapshot SnapshotReader::read() { return impl_->read(); }

std::vector<std::uint64_t> SnapshotReader::native_thread_ids() const { return impl_->native_thread_ids(); }

std::vector<Address> SnapshotReader::thread_states() const { return impl_->thread_states(); }

SnapshotReader::Places SnapshotReader::places() const { return impl_->places(); }

}  // namespace tidemark::cpython
