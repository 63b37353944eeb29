// Purpose: the census of one process: every block of its allocators that is a Python object, by type.
// Invariants: the target's memory is only read, and only where it is resident; hostile memory can give wrong counts, no
// crash and no endless walk. An object counts once, in the row of its type; what was not looked at is in the coverage.
//
// What is no block of an allocator is not counted: the objects in the static data of the interpreter and of extension
// modules (static types, None, from 3.12 on small ints and single characters), which no leak is made of.
//
// Sizes are those of sys.getsizeof() (Python/sysmodule.c: __sizeof__ and what lies before the object); whose __sizeof__
// counts is found as Python finds it, and followed for builtin and well-known types (src/heap/detail/size_rules.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/heap/ledger.hpp"
#include "tidemark/heap/moment.hpp"
#include "tidemark/model/census.hpp"

namespace tidemark::heap {

struct CensusRequest {
  const memory::MemorySource& memory;
  const Moment& moment;  ///< that the census is of
  PythonPlace python;
  std::vector<base::Tid> thread_ids = {};   ///< as the process itself names its threads
  std::int64_t budget_ns = 10'000'000'000;  ///< of our own CPU; what it has no time for is left out, and said
  /// Types to look at closer: "Order" is every module's Order, "shop.models.Order" that one. Empty: none.
  std::string focus = {};
  std::size_t samples = 10;         ///< of each type in focus
  std::size_t sample_columns = 72;  ///< that a rendered sample may have
};

/// Without consistency, cost and what the interpreter says of its collector: those are the caller's.
[[nodiscard]] model::Census read_census(const CensusRequest& request);

}  // namespace tidemark::heap
