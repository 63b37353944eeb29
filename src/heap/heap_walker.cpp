#include "detail/heap_walker.hpp"

#include <algorithm>

#include "detail/mimalloc.hpp"
#include "tidemark/base/clock.hpp"

namespace tidemark::heap {

using model::HeapOwner;

namespace {

std::uint64_t type_of_types(const LedgerRequest& request) {
  const auto& python = *request.python;
  const auto type = request.memory.read_value<std::uint64_t>(
      python.place.code_type.plus(python.layout.object.type.is_present() ? python.layout.object.type.offset() : 8));
  return type ? *type : 0;
}

}  // namespace

Tally HeapWalker::take(Range range) {
  Tally sum;
  for (const auto& part : claims_.claim(range)) sum += space_.tally(part);
  return sum;
}

Tally HeapWalker::claim(Range range, HeapOwner owner, std::string_view detail, std::uint64_t count) {
  const Tally all = take(range);
  rows_.add(owner, detail, all, count);
  return all;
}

/// PyInterpreterState on the heap, as long as its block is; in the static data of the runtime it has no block.
std::vector<Range> HeapWalker::interpreter_states() const {
  constexpr std::uint64_t most_state_bytes = 512 << 10;
  std::vector<Range> states;
  for (const auto& interpreter : states_.interpreters) {
    const auto* const region = space_.find(interpreter.value);
    if (region == nullptr || !region->map.is_private_anonymous()) continue;
    const auto size = request_.memory.read_value<std::uint64_t>(interpreter.minus(8));
    if (!size) continue;
    const std::uint64_t bytes =
        std::min({*size & ~size_bits, most_state_bytes, region->map.region.end - interpreter.value});
    states.push_back({interpreter.value, interpreter.value + bytes});
  }
  return states;
}

void HeapWalker::find_interpreter() {
  if (!request_.python) return;
  const auto& python = *request_.python;
  auto states = cpython::find_states(request_.memory, python.layout, python.place);
  if (states) states_ = std::move(*states);
  if (python.layout.free_threaded) return;  // objects lie in mimalloc's pages: not walked
  const std::uint64_t type_type = type_of_types(request_);
  if (type_type == 0) return;
  arenas_ = find_arenas(space_, request_.memory, python.module_path, interpreter_states());
  std::vector<Range> ranges;
  for (const auto& arena : arenas_.live) ranges.push_back({arena.address, arena.address + arenas_.arena_bytes});
  arena_set_.assign(std::move(ranges));
  types_ = std::make_unique<TypeTable>(request_.memory, python.layout, type_type, arena_set_);
  set_low_places();
  recogniser_ = std::make_unique<Recogniser>(*types_);
  sink_.begin(*types_, !arenas_.live.empty());
}

/// The mapping of a file below 4 GiB is a program's that is not position-independent.
void HeapWalker::set_low_places() {
  constexpr std::uint64_t low_end = std::uint64_t{1} << 32;
  Range program, heap;
  for (const auto& region : space_.regions()) {
    if (region.map.region.start >= low_end) break;
    if (region.map.region.path == "[heap]") heap = region.range();
    if (!region.map.is_file()) continue;
    if (program.size() == 0) program.start = region.map.region.start;
    program.end = region.map.region.end;
  }
  if (heap.size() != 0 && program.size() != 0) program.end = std::max(program.end, heap.start);  // its .bss
  types_->set_low_places(program.size() != 0 ? program : heap, heap);
}

void HeapWalker::walk_pymalloc() {
  if (arenas_.live.empty()) return;
  pools_ = std::make_unique<PymallocWalk>(space_, request_.memory, arenas_, *types_, sink_, budget_);
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

void HeapWalker::claim_stacks(bool are_guarded) {
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

std::vector<std::uint64_t> HeapWalker::thread_pointers() const {
  std::vector<std::uint64_t> pointers = states_.thread_idents;
  for (const auto& stack : stacks_) pointers.push_back(stack.thread_pointer);
  return pointers;
}

/// Where free-threaded builds, and others with PYTHONMALLOC=mimalloc, have their objects.
void HeapWalker::claim_mimalloc() {
  for (const auto& segment : find_segments(space_, request_.memory, thread_pointers())) {
    has_mimalloc_ = true;
    claim(segment, HeapOwner::other_allocator, "mimalloc");
  }
}

void HeapWalker::walk_malloc() {
  malloc_ = find_malloc(space_, request_.memory);
  if (!malloc_.is_found()) return;
  kept_ = find_kept_chunks(malloc_, space_, request_.memory, thread_pointers());
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
  chunks_ =
      std::make_unique<ChunkWalk>(malloc_, kept_, space_, request_.memory, recogniser_.get(), sink_, raw_, budget_);
  chunks_->walk_arenas();
  for (const auto& arena : malloc_.arenas) {
    for (const auto& head : arena.heads) claim(head, HeapOwner::malloc_overhead, "arena heads");
  }
  // What no chunk had: what was before the first one, the fenceposts, and what could not be walked.
  rows_.add(HeapOwner::malloc_overhead, "not in chunks", segments.without(chunks_->books().walked), 0);
}

/// Of the main arena, where its [heap] could not grow.
void HeapWalker::walk_rest_of_main() {
  for (const auto& region : space_.regions()) {
    if (!region.is_paged() || !region.map.is_private_anonymous() || !region.map.region.path.empty()) continue;
    for (auto part : claims_.left_of(region.range())) {
      while (part.start < part.end && chunks_->lacks_of_main()) {
        const Tally before = chunks_->books().walked;
        const Range found{part.start, chunks_->walk_more_of_main(part)};
        part.start = std::max(found.end, found.start + proc::page_bytes);
        if (found.size() == 0) continue;
        (void)claims_.claim(found);
        const Tally in_chunks = chunks_->books().walked.without(before);
        rows_.add(HeapOwner::malloc_overhead, "not in chunks", space_.tally(found).without(in_chunks), 0);
      }
    }
  }
}

void HeapWalker::walk_mapped_chunks() {
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
  walk_rest_of_main();
}

std::string HeapWalker::python_allocator() const {
  if (!request_.python) return {};
  if (pymalloc_.figures.blocks_used == 0 && budget_.was_spent()) return {};  // it has not come to its blocks
  const std::uint64_t debug = pymalloc_.debug_blocks + (chunks_ ? chunks_->books().debug_chunks : 0);
  std::uint64_t objects = pymalloc_.figures.blocks_used;
  for (std::size_t kind = 0; chunks_ && kind < object_kind_count; ++kind) {
    objects += chunks_->books().objects[kind].count;
  }
  const bool has_arenas = pymalloc_.figures.blocks_used != 0 || (budget_.was_spent() && pymalloc_.figures.arenas != 0);
  std::string name = has_arenas ? "pymalloc" : has_mimalloc_ ? "mimalloc" : "malloc";
  if (debug * 2 > objects) name += "_debug";
  return name;
}

void HeapWalker::walk() {
  const base::SystemClock clock;
  chunks_began_ns_ = clock.monotonic_ns();
  find_interpreter();
  walk_pymalloc();
  claim_stacks(true);
  claim_mimalloc();
  if (pools_) chunks_began_ns_ = clock.monotonic_ns();
  walk_malloc();
  walk_mapped_chunks();
}

}  // namespace tidemark::heap
