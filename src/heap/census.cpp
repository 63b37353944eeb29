#include "tidemark/heap/census.hpp"

#include <algorithm>

#include "detail/census_taker.hpp"
#include "detail/heap_walker.hpp"
#include "tidemark/cpython/gc_lists.hpp"
#include "tidemark/cpython/refcounts.hpp"
#include "tidemark/cpython/render.hpp"

namespace tidemark::heap {

namespace {

model::GcPlace place_of(cpython::GcList list) {
  switch (list) {
    case cpython::GcList::generation0:
      return model::GcPlace::generation0;
    case cpython::GcList::generation1:
      return model::GcPlace::generation1;
    case cpython::GcList::generation2:
      return model::GcPlace::generation2;
    case cpython::GcList::frozen:
      return model::GcPlace::frozen;
  }
  return model::GcPlace::unknown;
}

class CensusReading {
 public:
  explicit CensusReading(const CensusRequest& request)
      : request_(request),
        ledger_request_{.memory = request.memory,
                        .moment = request.moment,
                        .python = request.python,
                        .thread_ids = request.thread_ids},
        taker_(request.memory, request.python.layout, {.focus = request.focus, .samples = request.samples}),
        walker_(ledger_request_, taker_, WalkBudget(request.budget_ns)) {}

  [[nodiscard]] model::Census run() {
    census_.python_version = request_.python.version;
    walker_.walk();
    taker_.end();
    census_.python_allocator = walker_.python_allocator();
    take_rows();
    take_coverage();
    if (!taker_.focuses().empty()) look_closer();
    note_trouble();
    return std::move(census_);
  }

 private:
  void take_rows() {
    census_.types = taker_.rows();
    auto& summary = census_.summary;
    summary.unique_types = census_.types.size();
    for (const auto& row : census_.types) {
      summary.total_objects += row.count;
      summary.total_bytes += row.bytes;
      summary.total_held_bytes += row.held_bytes;
    }
  }

  void take_coverage() {
    auto& coverage = census_.coverage;
    const auto& pools = walker_.pymalloc();
    coverage.torn_pools = pools.figures.torn_pools;
    coverage.torn_blocks = pools.torn_blocks;
    coverage.blocks = pools.figures.blocks_used;
    coverage.lost_bytes = pools.lost_bytes;
    census_.cost.bytes_read = pools.bytes_read;
    if (const auto* const chunks = walker_.malloc()) {
      for (const auto& arena : chunks->arenas) coverage.blocks += arena.chunks_in_use;
      coverage.blocks += chunks->mapped_chunks;
      coverage.torn_chunks = chunks->torn_chunks;
      coverage.torn_bytes = chunks->torn_bytes;
      coverage.lost_bytes += chunks->lost_bytes;
      census_.cost.bytes_read += chunks->bytes_read;
    }
    coverage.left_out_bytes = walker_.budget().left_out_bytes();
    coverage.is_out_of_budget = walker_.budget().was_spent();
  }

  /// Where the collector has the objects in focus, and what some of them are.
  void look_closer() {
    auto& focuses = taker_.focuses();
    bool are_whole = false;
    if (std::any_of(focuses.begin(), focuses.end(), [](const Focus& focus) { return focus.has_gc(); })) {
      are_whole = place_objects(focuses);
    }
    for (auto& focus : focuses) {
      focus.end_places(are_whole);
      census_.focuses.push_back(shown(focus));
    }
  }

  bool place_objects(std::vector<Focus>& focuses) {
    auto budget = walker_.budget();
    const auto lists = cpython::read_gc_lists(request_.memory, request_.python.layout, request_.python.place,
                                              {.is_out_of_time = [&] { return budget.is_spent(); }},
                                              [&](base::Address object, cpython::GcList list) {
                                                for (auto& focus : focuses) focus.place(object.value, place_of(list));
                                              });
    if (!lists) {
      census_.notes.push_back("The collector's lists could not be read: " + base::describe(lists.error()) + ".");
      return false;
    }
    if (!lists->is_whole()) {
      census_.notes.emplace_back(
          "The collector's lists could not be followed to their ends: some generations are unknown.");
    }
    return lists->is_whole();
  }

  [[nodiscard]] model::CensusFocus shown(const Focus& focus) const {
    const auto& row = taker_.row_of(focus);
    model::CensusFocus shown{
        .type = row.type, .address = row.address, .sizes = focus.sizes(), .places = focus.places(), .samples = {}};
    for (const auto& one : focus.samples()) {
      const bool is_immortal = cpython::is_immortal_refcount(request_.python.layout, one.refcount);
      shown.samples.push_back({.address = {one.address},
                               .refcount = cpython::refcount_of(request_.python.layout, one.refcount),
                               .is_immortal = is_immortal,
                               .bytes = one.bytes,
                               .held_bytes = one.held,
                               .place = focus.place_of(one.address),
                               .value = cpython::render_object(request_.memory, request_.python.layout, {one.address},
                                                               {.columns = request_.sample_columns})});
    }
    return shown;
  }

  void note_trouble() {
    if (walker_.has_mimalloc()) {
      census_.notes.emplace_back("Python keeps its objects in mimalloc, which is not walked: they are not counted.");
    } else if (walker_.types() == nullptr) {
      census_.notes.emplace_back("The interpreter's types could not be read: no object is known.");
    } else if (walker_.pymalloc().figures.arenas == 0 && walker_.malloc() == nullptr) {
      census_.notes.emplace_back(
          "Neither pymalloc nor a malloc of glibc was found: what another allocator holds is not counted.");
    } else if (walker_.malloc() == nullptr) {
      census_.notes.emplace_back("No malloc of glibc was found: objects larger than 512 bytes are not counted.");
    }
  }

  const CensusRequest& request_;
  const LedgerRequest ledger_request_;
  CensusTaker taker_;
  HeapWalker walker_;
  model::Census census_;
};

}  // namespace

model::Census read_census(const CensusRequest& request) { return CensusReading(request).run(); }

}  // namespace tidemark::heap
