#include "tidemark/heap/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "detail/churn.hpp"
#include "detail/ledger_builder.hpp"
#include "tidemark/base/clock.hpp"

namespace tidemark::heap {

using model::HeapOwner;

namespace {

constexpr std::size_t shown_types = 1000, shown_held = 20;

std::uint64_t type_of_types(const LedgerRequest& request) {
  const auto& python = *request.python;
  const auto type = request.memory.read_value<std::uint64_t>(
      python.place.code_type.plus(python.layout.object.type.is_present() ? python.layout.object.type.offset() : 8));
  return type ? *type : 0;
}

}  // namespace

Tally LedgerBuilder::take(Range range) {
  Tally sum;
  for (const auto& part : claims_.claim(range)) sum += space_.tally(part);
  return sum;
}

Tally LedgerBuilder::claim(Range range, HeapOwner owner, std::string_view detail, std::uint64_t count) {
  const Tally all = take(range);
  rows_.add(owner, detail, all, count);
  return all;
}

void LedgerBuilder::find_interpreter() {
  if (!request_.python) return;
  const auto& python = *request_.python;
  ledger_.python_version = python.version;
  auto states = cpython::find_states(request_.memory, python.layout, python.place);
  if (states) states_ = std::move(*states);
  if (python.layout.free_threaded) return;  // objects lie in mimalloc's pages: not walked
  const std::uint64_t type_type = type_of_types(request_);
  if (type_type == 0) return;
  arenas_ = find_arenas(space_, request_.memory, python.module_path);
  std::vector<Range> ranges;
  for (const auto& arena : arenas_.live) ranges.push_back({arena.address, arena.address + arenas_.arena_bytes});
  arena_set_.assign(std::move(ranges));
  types_ = std::make_unique<TypeTable>(request_.memory, python.layout, type_type, arena_set_);
  recogniser_ = std::make_unique<Recogniser>(*types_);
}

void LedgerBuilder::walk_pymalloc() {
  if (arenas_.live.empty()) return;
  pools_ = std::make_unique<PymallocWalk>(space_, request_.memory, arenas_, *types_, pointers_);
  pymalloc_ = pools_->run();
  for (const auto& range : arena_set_.ranges()) (void)claims_.claim(range);
  for (std::size_t kind = 0; kind < object_kind_count; ++kind) {
    const auto& sum = pymalloc_.blocks[kind];
    rows_.add(HeapOwner::python_pymalloc, object_word(static_cast<ObjectKind>(kind)), sum.tally, sum.count);
  }
  rows_.add(HeapOwner::pymalloc_free_blocks, {}, pymalloc_.free_blocks.tally, pymalloc_.free_blocks.count);
  rows_.add(HeapOwner::pymalloc_free_pools, {}, pymalloc_.free_pools.tally, pymalloc_.free_pools.count);
  rows_.add(HeapOwner::pymalloc_slack, {}, pymalloc_.slack.tally, pymalloc_.slack.count);
}

void LedgerBuilder::claim_stacks(bool are_guarded) {
  if (stacks_.empty()) {
    stacks_ = find_stacks(space_, request_.memory, request_.thread_ids, states_.thread_idents);
  }
  for (const auto& stack : stacks_) {
    if (stack.is_guarded != are_guarded) continue;
    claim(stack.range, HeapOwner::thread_stacks, stack.is_in_use ? "in use" : "kept for reuse");
  }
  for (const auto& chunk : states_.stack_chunks) {
    claim({chunk.address.value, chunk.address.value + chunk.bytes}, HeapOwner::python_frames, {});
  }
}

void LedgerBuilder::walk_malloc() {
  malloc_ = find_malloc(space_, request_.memory);
  if (!malloc_.is_found()) return;
  std::vector<std::uint64_t> pointers = states_.thread_idents;
  for (const auto& stack : stacks_) pointers.push_back(stack.thread_pointer);
  kept_ = find_kept_chunks(malloc_, space_, request_.memory, pointers);
  // A segment that has something in it that was claimed before, or that overlaps another one, is walked around it.
  Tally segments;
  for (auto& arena : malloc_.arenas) {
    std::vector<Range> parts;
    for (const auto& segment : arena.segments) {
      const auto left = claims_.claim(segment);
      parts.insert(parts.end(), left.begin(), left.end());
    }
    for (const auto& part : parts) segments += space_.tally(part);
    arena.segments = std::move(parts);
  }
  chunks_ = std::make_unique<ChunkWalk>(malloc_, kept_, space_, request_.memory, recogniser_.get(), pointers_, raw_);
  chunks_->walk_arenas();
  for (const auto& arena : malloc_.arenas) {
    for (const auto& head : arena.heads) claim(head, HeapOwner::malloc_overhead, "arena heads");
  }
  // What no chunk had: what was before the first one, the fenceposts, and what could not be walked.
  rows_.add(HeapOwner::malloc_overhead, "not in chunks", segments.without(chunks_->books().walked), 0);
}

void LedgerBuilder::walk_mapped_chunks() {
  if (!chunks_) return;
  // A chunk may cross mappings that only differ in what the program has advised (MADV_HUGEPAGE).
  Range span;
  const auto walk_span = [&] {
    for (const auto& part : claims_.left_of(span)) {
      for (const auto& chunk : chunks_->walk_mapped(part)) (void)claims_.claim(chunk);
    }
  };
  for (const auto& region : space_.regions()) {
    const bool is_wanted = region.is_paged() && region.map.is_private_anonymous() && region.map.region.writable &&
                           !region.map.region.path.starts_with("[heap") &&
                           !region.map.region.path.starts_with("[stack");
    if (is_wanted && region.map.region.start == span.end) {
      span.end = region.map.region.end;
      continue;
    }
    if (span.size() != 0) walk_span();
    span = is_wanted ? region.range() : Range{};
  }
  if (span.size() != 0) walk_span();
}

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
  constexpr std::uint64_t most_state_bytes = 512 << 10;
  for (const auto& interpreter : states_.interpreters) {
    const auto size = request_.memory.read_value<std::uint64_t>(interpreter.minus(8));
    if (size) take({interpreter.value, interpreter.value + std::min(*size & ~size_bits, most_state_bytes)});
    pointers_.add(interpreter.value, runtime);
  }
  for (const auto& thread : states_.threads) pointers_.add(thread.value, runtime);
  if (arenas_.table != 0) pointers_.add(arenas_.table, runtime);
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

void LedgerBuilder::rank_types() {
  if (!types_) return;
  for (const auto& type : types_->all()) {
    if (type.pymalloc_bytes + type.malloc_bytes == 0) continue;
    ledger_.types.push_back({.type = std::to_string(type.index),
                             .count = type.count,
                             .pymalloc_bytes = type.pymalloc_bytes,
                             .malloc_bytes = type.malloc_bytes});
  }
  const auto buffers = pymalloc_.blocks[static_cast<std::size_t>(ObjectKind::buffer)];
  if (buffers.count != 0) {
    ledger_.types.push_back(
        {.type = {}, .count = buffers.count, .pymalloc_bytes = buffers.tally.bytes, .malloc_bytes = 0});
  }
  std::stable_sort(ledger_.types.begin(), ledger_.types.end(), [](const auto& left, const auto& right) {
    return left.pymalloc_bytes + left.malloc_bytes > right.pymalloc_bytes + right.malloc_bytes;
  });
  if (ledger_.types.size() > shown_types) ledger_.types.resize(shown_types);
  for (auto& row : ledger_.types) row.type = name_of(row.type);
}

std::string LedgerBuilder::name_of(const std::string& index) const {
  if (index.empty()) return "(buffers)";
  return types_->qualified_name(types_->at(static_cast<std::uint32_t>(std::stoul(index))));
}

void LedgerBuilder::note_trouble() {
  auto& notes = ledger_.notes;
  if (!request_.python) notes.emplace_back("no interpreter was read: Python objects are not told from native memory");
  if (request_.python && request_.python->layout.free_threaded) {
    notes.emplace_back("a free-threaded build keeps its objects in mimalloc, which is not walked");
  }
  if (request_.python && !request_.python->layout.free_threaded && arenas_.live.empty()) {
    notes.emplace_back("pymalloc has no arena: PYTHONMALLOC=malloc, or another allocator");
  }
  if (!malloc_.is_found()) notes.emplace_back("no malloc of glibc was found: what it holds is not taken apart");
  if (pointers_.bag.left_out() != 0) {
    notes.push_back(fmt::format("{} pointers of objects were too many: blocks that only they lead to count as native",
                                pointers_.bag.left_out()));
  }
  if (!other_.empty()) notes.push_back(fmt::format("{} is loaded: its memory is not walked", other_));
}

void LedgerBuilder::finish() {
  ledger_.pymalloc = pymalloc_.figures;
  ledger_.arenas = std::move(pymalloc_.arenas);
  ledger_.held_below = pymalloc_.held_below;
  ledger_.held_arena_count = pymalloc_.held.size();
  ledger_.held_arenas = std::move(pymalloc_.held);
  if (ledger_.held_arenas.size() > shown_held) ledger_.held_arenas.resize(shown_held);
  for (auto& held : ledger_.held_arenas) {
    for (auto& [type, count] : held.types) type = name_of(type);
  }
  const std::uint64_t debug = pymalloc_.debug_blocks + (chunks_ ? chunks_->books().debug_chunks : 0);
  if (request_.python) {
    const bool has_arenas = pymalloc_.figures.blocks_used != 0;
    std::uint64_t objects = pymalloc_.figures.blocks_used;
    for (std::size_t kind = 0; chunks_ && kind < object_kind_count; ++kind) {
      objects += chunks_->books().objects[kind].count;
    }
    const bool is_debug = debug * 2 > objects;
    ledger_.python_allocator = request_.python->layout.free_threaded ? "mimalloc" : has_arenas ? "pymalloc" : "malloc";
    if (is_debug && debug != 0) ledger_.python_allocator += "_debug";
  }
  rank_types();
  note_trouble();
  ledger_.rows = rows_.rows();
  for (const auto& row : ledger_.rows) ledger_.accounted_bytes += row.bytes;
  for (const auto& region : space_.regions()) {
    ledger_.rss_bytes += region.map.rss;
    ledger_.beside.swap_bytes += region.map.swap;
    ledger_.beside.hugetlb_bytes += region.map.hugetlb;
    ledger_.beside.anon_huge_bytes += region.map.anon_huge;
  }
  ledger_.moved_bytes =
      static_cast<std::int64_t>(ledger_.rss_bytes) - static_cast<std::int64_t>(ledger_.accounted_bytes);
  ledger_.cost.bytes_read = pymalloc_.bytes_read + (chunks_ ? chunks_->books().bytes_read : 0);
}

/// Objects that were made after their pools were walked own chunks that were walked later.
void LedgerBuilder::look_again(std::int64_t chunks_began_ns) {
  if (request_.running == nullptr) return;
  const base::SystemClock clock;
  unsure_ns_ = clock.monotonic_ns() - chunks_began_ns;
  if (pools_) pools_->look_again(fresh_);
}

/// What moved, what was torn, and what came or went between the page flags and smaps.
void LedgerBuilder::set_bound(std::int64_t walk_ns) {
  if (request_.running == nullptr) return;
  static const std::vector<Waypoint> none;
  ChurnMeter meter(space_, request_.memory, arenas_, chunks_ ? chunks_->books().waypoints : none);
  const auto moved = static_cast<std::uint64_t>(std::abs(ledger_.moved_bytes));
  ledger_.bound_bytes =
      meter.measure(*request_.running, walk_ns, unsure_ns_) + moved + pymalloc_.torn_bytes + ledger_.malloc.torn_bytes;
}

model::HeapLedger LedgerBuilder::run() {
  const base::SystemClock clock;
  const std::int64_t began_ns = clock.monotonic_ns();
  other_ = other_allocator();
  find_interpreter();
  walk_pymalloc();
  claim_stacks(true);
  const std::int64_t chunks_began_ns = pools_ ? clock.monotonic_ns() : began_ns;
  walk_malloc();
  walk_mapped_chunks();
  claim_stacks(false);  // what of their mapping is no chunk
  look_again(chunks_began_ns);
  give_chunks();
  claim_mappings_of_objects();
  give_rest();
  finish();
  set_bound(clock.monotonic_ns() - began_ns);
  return std::move(ledger_);
}

model::HeapLedger read_ledger(const LedgerRequest& request) { return LedgerBuilder(request).run(); }

}  // namespace tidemark::heap
