// Purpose: which Python objects one process has: the census that `tidemark objects` shows, as plain values. Made by
// `heap`, written by `record`, shown by `present`; saved and compared as it stands.
// Invariants: a type is one row; rows of the same name are different types (a class made twice, or deleted and made
// again) and are summed only where one says so. Counts and bytes of the summary are the sums of the rows. Sizes are
// bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::model {

struct CensusType {
  std::string type;             ///< "builtins.dict", "shop.models.Order", "numpy.ndarray"
  std::string module;           ///< "builtins", "shop.models": what stands before the qualname; empty: not known
  base::Address address;        ///< of the type itself
  std::uint64_t count = 0;      ///< objects that an allocator holds; not those in the interpreter's own static data
  Bytes bytes = 0;              ///< as sys.getsizeof() says of each
  Bytes held_bytes = 0;         ///< the blocks that they lie in, and the buffers that are theirs alone
  std::uint64_t immortal = 0;   ///< of them: never freed (3.12 on)
  std::uint64_t interned = 0;   ///< of them: str that are interned
  bool has_own_sizeof = false;  ///< its __sizeof__ is not one that is known: `bytes` is what object's would say

  bool operator==(const CensusType&) const = default;
  /// Adds the figures of another type; whose they are stays.
  CensusType& operator+=(const CensusType& other);
};

struct CensusSummary {
  std::uint64_t total_objects = 0;
  Bytes total_bytes = 0, total_held_bytes = 0;
  std::uint64_t unique_types = 0;
  std::optional<std::uint64_t> garbage_count;  ///< len(gc.garbage)
  std::optional<bool> gc_enabled;              ///< gc.isenabled()
  std::vector<std::int64_t> gc_thresholds;     ///< gc.get_threshold(); empty: not known
  std::vector<std::int64_t> gc_counts;         ///< gc.get_count()

  bool operator==(const CensusSummary&) const = default;
};

/// What the walk has seen, and what it has not. Exact and complete: all but `blocks` is 0.
struct CensusCoverage {
  std::uint64_t blocks = 0;       ///< in use, that were looked at: objects, and buffers that are none
  std::uint64_t torn_pools = 0;   ///< of pymalloc, that changed each time they were read
  std::uint64_t torn_blocks = 0;  ///< in use there
  std::uint64_t torn_chunks = 0;  ///< places where the walk of malloc lost its way and found it again
  Bytes torn_bytes = 0;           ///< passed over there
  Bytes lost_bytes = 0;           ///< resident, and could not be read
  Bytes left_out_bytes = 0;       ///< resident in arenas that the budget had no time for
  bool is_out_of_budget = false;

  /// The part of the blocks in use that was looked at: 0 to 1. Blocks in bytes not looked at are as many as elsewhere.
  [[nodiscard]] double share() const;
  bool operator==(const CensusCoverage&) const = default;
};

/// Objects of [from, 2 * from) bytes.
struct SizeBucket {
  Bytes from = 0;
  std::uint64_t count = 0;
  Bytes bytes = 0;

  bool operator==(const SizeBucket&) const = default;
};

/// Where the collector has an object (gc.get_objects(generation=…)).
enum class GcPlace { untracked, generation0, generation1, generation2, frozen, unknown };
inline constexpr std::size_t gc_place_count = static_cast<std::size_t>(GcPlace::unknown) + 1;
[[nodiscard]] std::string_view word_of(GcPlace place);  ///< "untracked", "generation 0", …
[[nodiscard]] std::optional<GcPlace> find_gc_place(std::string_view word);

struct ObjectSample {
  base::Address address;
  std::int64_t refcount = 0;
  bool is_immortal = false;
  Bytes bytes = 0, held_bytes = 0;
  GcPlace place = GcPlace::unknown;
  std::string value;  ///< rendered: "[1, 2, 'three', … 4 more]", "Order(id=7, lines=[…])"; cut to a width

  bool operator==(const ObjectSample&) const = default;
};

/// What `--type` shows of one type.
struct CensusFocus {
  std::string type;
  base::Address address;
  std::vector<SizeBucket> sizes;                       ///< smallest first, none that is empty
  std::array<std::uint64_t, gc_place_count> places{};  ///< objects by where the collector has them
  std::vector<ObjectSample> samples;                   ///< in the order of their addresses

  bool operator==(const CensusFocus&) const = default;
};

struct Census {
  std::string consistency = "racing";  ///< what was done: "racing", "stopped", "frozen"
  std::string why_consistency;         ///< of auto: why that one
  bool low_memory = false;
  std::string python_version, python_allocator;  ///< as HeapLedger has them
  CensusSummary summary;
  CensusCoverage coverage;
  std::vector<CensusType> types;     ///< most bytes first
  std::vector<CensusFocus> focuses;  ///< in the order of `types`
  std::vector<std::string> notes;    ///< what could not be told, in sentences
  HeapCost cost;
};

struct CensusProcess {
  ProcessIdentity identity;
  base::Pid parent = 0;  ///< the process of the tree whose child it is; 0: named by the user
  std::string name, command_line;
  std::string failure;  ///< why there is no census; empty: there is one
  Census census;
};

/// What one call of `tidemark objects` has read: what it prints as JSON, saves and reads back.
struct CensusReading {
  std::string tool;                      ///< "tidemark 0.1.0"
  std::string consistency = "racing";    ///< as asked for: "racing", "stopped", "frozen", "auto"
  std::int64_t wall_ns = 0;              ///< when, since the epoch; 0: not known
  std::vector<CensusProcess> processes;  ///< in the order asked for, children after their parent
};

/// The row of a recorded census that sums up the types that have none of their own.
inline constexpr std::string_view other_types{"(other types)"};

/// Sums by name: several types of one name become one row. Most bytes first.
[[nodiscard]] std::vector<CensusType> summed_by_name(const std::vector<CensusType>& types);
/// One row for each module, as `type` and `module` both. Most bytes first.
[[nodiscard]] std::vector<CensusType> summed_by_module(const std::vector<CensusType>& types);

}  // namespace tidemark::model
