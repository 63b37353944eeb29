// Purpose: the steps from walked allocators to a ledger. Each one claims what it can prove; the last one gives the rest
// of each mapping to its kind, or to nobody.
#pragma once

#include <string>

#include "heap_walker.hpp"
#include "owners.hpp"
#include "pointer_collector.hpp"

namespace tidemark::heap {

class LedgerBuilder : private HeapWalker {
 public:
  explicit LedgerBuilder(const LedgerRequest& request) : HeapWalker(request, pointers_) {}

  [[nodiscard]] model::HeapLedger run();

 private:
  void take_runtime_pointers();
  void give_chunks();
  void claim_mappings_of_objects();
  void give_rest();
  void give_rest_of(const SpaceRegion& region);
  [[nodiscard]] Tally still_there(Range range) const;
  void note_trouble();
  void finish();
  void rank_types();
  void look_again();
  void set_bound(std::int64_t walk_ns);

  /// Of a type by its index in decimal; empty: of none.
  [[nodiscard]] std::string name_of(const std::string& index) const;
  [[nodiscard]] std::string other_allocator() const;

  std::string other_;  ///< an allocator that is not walked
  model::HeapLedger ledger_;
  PointerCollector pointers_{arena_set_};
  PointerCollector fresh_{arena_set_};  ///< of a target that runs: what objects point to now
  std::int64_t unsure_ns_ = 0;          ///< between a block and the object that it belongs to
};

/// What .bss a mapped ELF file has behind its last writable mapping: where it ends, by the file's program headers.
[[nodiscard]] std::uint64_t bss_end(const AddressSpace& space, const memory::MemorySource& memory,
                                    const SpaceRegion& last_part);

}  // namespace tidemark::heap
