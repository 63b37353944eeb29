// Purpose: the walk that ledger and census share: all allocators of a process, block by block; each object is told to a
// sink.
// Invariants: a byte is claimed once, by the first step that can prove whose it is; what is told to the sink lies in a
// block that its allocator has in use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "address_space.hpp"
#include "books.hpp"
#include "chunk_walk.hpp"
#include "claims.hpp"
#include "pymalloc.hpp"
#include "threads.hpp"
#include "tidemark/cpython/states.hpp"
#include "tidemark/heap/ledger.hpp"

namespace tidemark::heap {

class HeapWalker {
 public:
  /// Both outlive the walker; the sink need not be made before walk().
  HeapWalker(const LedgerRequest& request, ObjectSink& sink, WalkBudget budget = {})
      : request_(request), space_(request.moment.space()), sink_(sink), budget_(budget) {}

  /// pymalloc first, then malloc.
  void walk();

  /// "pymalloc", "malloc", …, "_debug" behind it when most objects are wrapped. After walk().
  [[nodiscard]] std::string python_allocator() const;
  [[nodiscard]] TypeTable* types() { return types_.get(); }
  [[nodiscard]] const cpython::StatePlaces& states() const { return states_; }
  [[nodiscard]] const PymallocBooks& pymalloc() const { return pymalloc_; }
  /// Null when there is no malloc of glibc.
  [[nodiscard]] const MallocBooks* malloc() const { return chunks_ ? &chunks_->books() : nullptr; }
  [[nodiscard]] bool has_mimalloc() const { return has_mimalloc_; }
  [[nodiscard]] const WalkBudget& budget() const { return budget_; }

 protected:
  void find_interpreter();
  void set_low_places();
  [[nodiscard]] std::vector<Range> interpreter_states() const;
  void walk_pymalloc();
  void claim_mimalloc();
  [[nodiscard]] std::vector<std::uint64_t> thread_pointers() const;
  void walk_malloc();
  void claim_stacks(bool are_guarded);
  void walk_rest_of_main();
  void walk_mapped_chunks();

  /// Claims a range; what of it had no owner before.
  Tally take(Range range);
  /// The same, for one row.
  Tally claim(Range range, model::HeapOwner owner, std::string_view detail, std::uint64_t count = 1);

  const LedgerRequest& request_;
  const AddressSpace& space_;
  ObjectSink& sink_;
  WalkBudget budget_;
  Claims claims_;
  RowBook rows_;

  cpython::StatePlaces states_;
  Arenas arenas_;
  ArenaSet arena_set_;
  std::unique_ptr<TypeTable> types_;
  std::unique_ptr<Recogniser> recogniser_;
  std::unique_ptr<PymallocWalk> pools_;
  RawChunks raw_;
  PymallocBooks pymalloc_;
  std::vector<ThreadStackPlace> stacks_;
  bool has_mimalloc_ = false;
  Malloc malloc_;
  KeptChunks kept_;
  std::unique_ptr<ChunkWalk> chunks_;
  std::int64_t chunks_began_ns_ = 0;  ///< when the pools had been walked
};

}  // namespace tidemark::heap
