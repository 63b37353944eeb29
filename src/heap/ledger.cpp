#include "tidemark/heap/ledger.hpp"

#include <algorithm>

#include "detail/ledger_builder.hpp"
#include "tidemark/base/clock.hpp"

namespace tidemark::heap {

using model::HeapOwner;

/// The writable data of the interpreter's file, and its states on the heap, say what they keep for themselves.
void LedgerBuilder::take_runtime_pointers() {
  if (!types_) return;
  const auto runtime = types_->add_runtime().index;
  Window window(request_.memory, space_);
  const auto take = [&](Range range) {
    if (!window.load(range)) return;
    for (std::uint64_t at = range.start; at + 8 <= range.end; at += 8) {
      std::uint64_t word = 0;
      if (window.take(at, word) != nullptr) pointers_.add(word, runtime);
    }
  };
  for (const auto& part : writable_parts(space_, request_.python->module_path)) take(part);
  for (const auto& state : interpreter_states()) {
    take(state);
    pointers_.add(state.start, runtime);
  }
  for (const auto& thread : states_.threads) pointers_.add(thread.value, runtime);
  for (const auto table : arenas_.tables) pointers_.add(table, runtime);
}

void LedgerBuilder::give_chunks() {
  if (!chunks_) return;
  auto& books = chunks_->books();
  if (types_) {
    take_runtime_pointers();
    pointers_.bag.sort();
    follow_deques(request_.memory, *types_, pointers_.bag);
    pointers_.bag.sort();
  }
  fresh_.bag.sort();
  auto owners = find_owners(raw_, {&fresh_.bag, &pointers_.bag}, types_.get(), space_);
  for (std::size_t i = 0; i < object_kind_count; ++i) {
    const auto kind = static_cast<ObjectKind>(i);
    rows_.add(HeapOwner::python_malloc, object_word(kind), books.objects[i].tally, books.objects[i].count);
    rows_.add(HeapOwner::python_malloc, buffer_word(kind), owners.python[i].tally, owners.python[i].count);
  }
  rows_.add(HeapOwner::malloc_in_use, {}, owners.native.tally, owners.native.count);
  rows_.add(HeapOwner::malloc_mapped, {}, owners.native_mapped.tally, owners.native_mapped.count);
  rows_.add(HeapOwner::malloc_free_bins, {}, books.bins.tally, books.bins.count);
  rows_.add(HeapOwner::malloc_free_fastbins, {}, books.fastbins.tally, books.fastbins.count);
  rows_.add(HeapOwner::malloc_free_tcache, {}, books.tcaches.tally, books.tcaches.count);
  rows_.add(HeapOwner::malloc_free_top, "main arena", books.main_top.tally, books.main_top.count);
  rows_.add(HeapOwner::malloc_free_top, "thread arenas", books.thread_tops.tally, books.thread_tops.count);
  ledger_.malloc = {.library = malloc_.version,
                    .is_walked = true,
                    .arenas = books.arenas,
                    .mapped_chunks = books.mapped_chunks,
                    .mapped_bytes = books.mapped_bytes,
                    .tcaches = kept_.tcaches,
                    .torn_chunks = books.torn_chunks,
                    .torn_bytes = books.torn_bytes,
                    .native_sizes = std::move(owners.native_sizes)};
}

void LedgerBuilder::claim_mappings_of_objects() {
  for (const auto& mapping : pointers_.mappings) {
    const auto* const region = space_.find(mapping.range.start);
    if (region == nullptr || !region->map.is_private_anonymous() || mapping.range.size() == 0) continue;
    claim(mapping.range, HeapOwner::python_malloc, buffer_word(types_->at(mapping.type).kind));
    types_->at(mapping.type).malloc_bytes += mapping.range.size();
  }
}

/// Objects that were made after their pools were walked own chunks that were walked later.
void LedgerBuilder::look_again() {
  if (request_.running == nullptr) return;
  const base::SystemClock clock;
  unsure_ns_ = clock.monotonic_ns() - chunks_began_ns_;
  if (pools_) pools_->look_again(fresh_);
}

model::HeapLedger LedgerBuilder::run() {
  const base::SystemClock clock;
  const std::int64_t began_ns = clock.monotonic_ns();
  other_ = other_allocator();
  walk();
  claim_stacks(false);  // what of their mapping is no chunk
  look_again();
  give_chunks();
  claim_mappings_of_objects();
  give_rest();
  finish();
  set_bound(clock.monotonic_ns() - began_ns);
  return std::move(ledger_);
}

model::HeapLedger read_ledger(const LedgerRequest& request) { return LedgerBuilder(request).run(); }

}  // namespace tidemark::heap
