#include "tidemark/cpython/gc_lists.hpp"

#include <utility>

#include "collector.hpp"
#include "interpreters.hpp"
#include "page_cache.hpp"
#include "read_piece.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::uint64_t head_bytes = 16;
constexpr std::uint64_t link_mask = ~std::uint64_t{3};
constexpr std::uint64_t nodes_between_looks_at_the_clock = 4096;
constexpr int attempts = 3;

/// PyGC_Head.
struct Node {
  std::uint64_t next = 0, prev = 0;

  [[nodiscard]] Address following() const { return {next & link_mask}; }
  [[nodiscard]] Address preceding() const { return {prev & link_mask}; }
};

class Walk {
 public:
  Walk(const memory::MemorySource& memory, const GcListLimits& limits, const GcVisitor& visit)
      : cache_(memory), limits_(limits), visit_(visit) {}

  /// From the head of a list until it comes back to it.
  void list(Address head, GcList kind) {
    const auto index = static_cast<std::size_t>(kind);
    auto first = cache_.get_fresh<Node>(head);
    if (!first) {
      lists_.is_torn[index] = true;
      return;
    }
    Address before = head, at = first->following();
    while (at != head) {
      if (is_at_limit()) return;
      const auto node = linked_node(at, before);
      if (!node) {
        lists_.is_torn[index] = true;
        return;
      }
      ++lists_.counts[index];
      ++seen_;
      visit_(at.plus(head_bytes), kind);
      before = at;
      at = node->following();
    }
    // The last one has to be what the head says: else the list was another's.
    const auto end = cache_.get_fresh<Node>(head);
    if (!end || (end->preceding() != before && first->preceding() != before)) lists_.is_torn[index] = true;
  }

  [[nodiscard]] const GcLists& lists() const { return lists_; }
  [[nodiscard]] bool has_stopped() const { return lists_.is_over_limit || lists_.is_out_of_time; }

 private:
  bool is_at_limit() {
    if (seen_ >= limits_.nodes) lists_.is_over_limit = true;
    if (seen_ % nodes_between_looks_at_the_clock == 0 && limits_.is_out_of_time && limits_.is_out_of_time()) {
      lists_.is_out_of_time = true;
    }
    return has_stopped();
  }

  /// A node whose link back is right; what is kept of it may be old.
  std::optional<Node> linked_node(Address at, Address before) {
    if (!is_plausible_pointer(at)) return std::nullopt;
    for (int attempt = 0; attempt < attempts; ++attempt) {
      const auto node = attempt == 0 ? cache_.get<Node>(at) : cache_.get_fresh<Node>(at);
      if (node && node->preceding() == before) return node;
      cache_.forget(at);
    }
    return std::nullopt;
  }

  PageCache cache_;
  const GcListLimits& limits_;
  const GcVisitor& visit_;
  GcLists lists_;
  std::uint64_t seen_ = 0;
};

base::Result<void> walk_collector(const memory::MemorySource& memory, const Layout& layout, Address collector,
                                  Walk& walk) {
  StructBuffer buffer;
  const auto piece = read_piece(memory, collector, collector_extent(layout), buffer);
  if (!piece) return base::fail(piece.error());
  const auto first = first_generation(layout, collector, *piece);
  if (!first) return base::fail(first.error());
  const auto order = generation_order(layout, collector, *piece);
  if (!order) return base::fail(order.error());
  for (std::uint32_t i = 0; i < order->size(); ++i) {
    walk.list(collector.plus(*first + (*order)[i] * layout.generation.size_bytes), static_cast<GcList>(i));
    if (walk.has_stopped()) return {};
  }
  if (layout.gc.permanent_generation != 0) {
    walk.list(collector.plus(layout.gc.permanent_generation), GcList::frozen);
  }
  return {};
}

}  // namespace

base::Result<GcLists> read_gc_lists(const memory::MemorySource& memory, const Layout& layout, const RuntimePlace& place,
                                    const GcListLimits& limits, const GcVisitor& visit) {
  if (layout.free_threaded) {
    return base::fail(base::Error{.code = base::ErrorCode::unsupported,
                                  .doing = "read the collector's lists",
                                  .address = place.runtime,
                                  .detail = "a free-threaded build keeps none"});
  }
  const auto found = interpreters(memory, layout, place.runtime);
  if (!found) return base::fail(found.error());
  Walk walk(memory, limits, visit);
  for (const auto& interpreter : *found) {
    auto done = walk_collector(memory, layout, collector_address(layout, place.runtime, interpreter.address), walk);
    if (!done) return base::fail(std::move(done).error());
    if (walk.has_stopped() || layout.runtime.gc) break;  // 3.8 has one collector for all
  }
  return walk.lists();
}

}  // namespace tidemark::cpython
