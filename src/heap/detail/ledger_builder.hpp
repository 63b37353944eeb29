// Purpose: the steps from an address space to a ledger. Each one claims what it can prove; the last one gives the rest
// of each mapping to its kind, or to nobody.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "address_space.hpp"
#include "books.hpp"
#include "chunk_walk.hpp"
#include "claims.hpp"
#include "owners.hpp"
#include "pymalloc.hpp"
#include "threads.hpp"
#include "tidemark/cpython/states.hpp"
#include "tidemark/heap/ledger.hpp"

namespace tidemark::heap {

class LedgerBuilder {
 public:
  explicit LedgerBuilder(const LedgerRequest& request) : request_(request), space_(request.moment.space()) {}

  [[nodiscard]] model::HeapLedger run();

 private:
  void find_interpreter();
  [[nodiscard]] std::vector<Range> interpreter_states() const;
  void walk_pymalloc();
  void claim_mimalloc();
  [[nodiscard]] std::vector<std::uint64_t> thread_pointers() const;
  void walk_malloc();
  void claim_stacks(bool are_guarded);
  void walk_rest_of_main();
  void walk_mapped_chunks();
  void take_runtime_pointers();
  void give_chunks();
  void claim_mappings_of_objects();
  void give_rest();
  void give_rest_of(const SpaceRegion& region);
  [[nodiscard]] Tally still_there(Range range) const;
  void note_trouble();
  void finish();
  void rank_types();
  void look_again(std::int64_t chunks_began_ns);
  void set_bound(std::int64_t walk_ns);

  /// Claims a range; what of it had no owner before.
  Tally take(Range range);
  /// The same, for one row.
  Tally claim(Range range, model::HeapOwner owner, std::string_view detail, std::uint64_t count = 1);
  /// Of a type by its index in decimal; empty: of none.
  [[nodiscard]] std::string name_of(const std::string& index) const;
  [[nodiscard]] std::string other_allocator() const;

  const LedgerRequest& request_;
  const AddressSpace& space_;
  std::string other_;  ///< an allocator that is not walked
  Claims claims_;
  RowBook rows_;
  model::HeapLedger ledger_;

  cpython::StatePlaces states_;
  Arenas arenas_;
  ArenaSet arena_set_;
  std::unique_ptr<TypeTable> types_;
  std::unique_ptr<Recogniser> recogniser_;
  PointerCollector pointers_{arena_set_};
  PointerCollector fresh_{arena_set_};  ///< of a target that runs: what objects point to now
  std::unique_ptr<PymallocWalk> pools_;
  std::int64_t unsure_ns_ = 0;  ///< between a block and the object that it belongs to
  RawChunks raw_;
  PymallocBooks pymalloc_;
  std::vector<ThreadStackPlace> stacks_;
  bool has_mimalloc_ = false;
  Malloc malloc_;
  KeptChunks kept_;
  std::unique_ptr<ChunkWalk> chunks_;
};

/// What .bss a mapped ELF file has behind its last writable mapping: where it ends, by the file's program headers.
[[nodiscard]] std::uint64_t bss_end(const AddressSpace& space, const memory::MemorySource& memory,
                                    const SpaceRegion& last_part);

}  // namespace tidemark::heap
