// Purpose: how a tick is read: a guess of all addresses, one vector read of them, a judgement, a correction of the
// guess.
#pragma once

#include <optional>
#include <vector>

#include "batch.hpp"
#include "collector.hpp"
#include "frames.hpp"
#include "threads.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"

namespace tidemark::cpython {

/// What one vector read says, part by part. Made anew at each tick: `judge` sets every member.
struct Parts {
  base::Result<CollectorState> collector = CollectorState{};
  base::Result<void> stats = {};
  base::Result<std::uint64_t> garbage = std::uint64_t{0};
  base::Result<std::vector<ThreadState>> threads = std::vector<ThreadState>{};
  base::Result<std::optional<ThreadState>> holder = std::optional<ThreadState>{};  ///< of the GIL
  base::Result<std::optional<model::FrameLocation>> frame = std::optional<model::FrameLocation>{};

  [[nodiscard]] bool all_read() const {
    return collector.has_value() && stats.has_value() && garbage.has_value() && threads.has_value() &&
           holder.has_value() && frame.has_value();
  }
};

class SnapshotReader::Impl {
 public:
  Impl(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place, base::Tid main_thread)
      : memory_(memory), layout_(layout), place_(place), main_thread_(main_thread), frames_(layout_, place.code_type) {}

  PythonSnapshot read();
  [[nodiscard]] std::vector<std::uint64_t> native_thread_ids() const;
  [[nodiscard]] std::vector<base::Address> thread_states() const;
  [[nodiscard]] Places places() const;

 private:
  /// Pieces of the batch in flight.
  struct Ids {
    std::optional<Batch::Id> holder, garbage, stats;  ///< holder: of the GIL
    Batch::Id threads_head = 0, collector = 0;
    std::vector<Batch::Id> threads;
    std::vector<Batch::Id> pthreads;  ///< one for each thread, or none at all
    bool has_frame = false;
  };

  [[nodiscard]] base::Result<void> find_interpreter();
  void fill_batch();
  [[nodiscard]] base::Result<base::Address> threads_head();
  [[nodiscard]] Parts judge(base::Address head);
  [[nodiscard]] base::Result<CollectorState> judge_collector() const;
  /// Fills in the sums of 3.15 on, which are in a struct of their own.
  [[nodiscard]] base::Result<void> judge_stats(base::Result<CollectorState>& collector) const;
  [[nodiscard]] base::Result<std::uint64_t> judge_garbage(const base::Result<CollectorState>& collector);
  [[nodiscard]] base::Result<std::vector<ThreadState>> judge_threads(base::Address head);
  /// The native id of the i-th thread where that is in its struct pthread; 0 when it cannot be known.
  [[nodiscard]] std::uint64_t judge_native_id(std::size_t i, const ThreadState& state) const;
  [[nodiscard]] base::Result<std::optional<ThreadState>> judge_holder(const std::vector<ThreadState>& threads);
  [[nodiscard]] base::Result<base::Address> holder_address() const;
  [[nodiscard]] const ThreadState& chosen_thread(const Parts& parts) const;
  [[nodiscard]] base::Result<std::optional<model::FrameLocation>> judge_frame(const Parts& parts);
  /// Looks again, pointer by pointer, for whatever did not hold.
  void correct(Parts& parts, base::Address head);
  void correct_frame(const ThreadState& thread);
  /// All that gc.get_count(), gc.get_stats() and gc.garbage would say to the main thread: of a free-threaded build that
  /// includes objects that this thread has made and the collector has not counted yet.
  [[nodiscard]] base::Result<model::GcReading> reading_of(const Parts& parts) const;
  [[nodiscard]] PythonSnapshot report(Parts parts) const;

  const memory::MemorySource& memory_;
  const Layout layout_;
  const RuntimePlace place_;
  const base::Tid main_thread_;
  FrameReader frames_;
  Batch batch_;
  Ids ids_;

  // The guess that the next vector read is built on.
  base::Address interpreter_;
  base::Address gil_;
  base::Address garbage_;
  base::Address stats_;
  std::vector<ThreadState> threads_;
  std::optional<FramePath> path_;
  // Why the guess lacks its threads or its frame.
  std::optional<base::Error> walk_error_;
  std::optional<base::Error> follow_error_;
};

/// The error of a part that has moved since the guess was made.
[[nodiscard]] base::Error moved(const char* detail);

/// The error of a part that makes no sense.
[[nodiscard]] base::Error broken(base::Address at, const char* detail);

}  // namespace tidemark::cpython
