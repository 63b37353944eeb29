// Purpose: which objects the cyclic collector has in which generation: what gc.get_objects(generation=…) lists, and
// what gc.freeze() has put aside, of all interpreters. Invariants: each step of a list is checked against the link
// back; a list that does not fit (the target runs, or collects, or has no lists there) ends with what was seen, and
// says so. The nodes of all lists together, and the time, are capped. What was seen is not looked at.
//
// Upstream: Include/internal/pycore_gc.h. A tracked object has a PyGC_Head of 16 bytes before it: _gc_next and
// _gc_prev, whose lower two bits are flags (_gc_prev: finalized, collecting; 3.14.0 to 3.14.4 have the old space of an
// object in those of _gc_next). The heads of the lists lie in struct _gc_runtime_state: three generations, and one of
// what is frozen. A collector that is at work moves objects to lists of its own, and keeps counts in the place of
// links. Free-threaded builds have no lists.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

enum class GcList : std::uint8_t { generation0, generation1, generation2, frozen };
inline constexpr std::size_t gc_list_count = 4;

struct GcListLimits {
  std::uint64_t nodes = std::uint64_t{1} << 30;  ///< of all lists together
  std::function<bool()> is_out_of_time = {};     ///< asked every few thousand nodes; empty: there is no such limit
};

struct GcLists {
  std::array<std::uint64_t, gc_list_count> counts{};  ///< objects seen, by GcList
  std::array<bool, gc_list_count> is_torn{};          ///< a list of that kind ended before its end
  bool is_over_limit = false;                         ///< `nodes` were seen, and there are more
  bool is_out_of_time = false;

  [[nodiscard]] bool is_whole() const {
    return !is_over_limit && !is_out_of_time && is_torn == std::array<bool, gc_list_count>{};
  }
};

using GcVisitor = std::function<void(base::Address object, GcList list)>;

/// Errors: those of reading the interpreters and their collectors, `unsupported` (a free-threaded build), `malformed`
/// (the generations are not where they may be).
[[nodiscard]] base::Result<GcLists> read_gc_lists(const memory::MemorySource& memory, const Layout& layout,
                                                  const RuntimePlace& place, const GcListLimits& limits,
                                                  const GcVisitor& visit);

}  // namespace tidemark::cpython
