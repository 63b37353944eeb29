// Purpose: where the memory of one process is: the ledger that `tidemark heap` shows, as plain values. Made by `heap`,
// written by `record`, shown by `present`; saved and compared as it stands.
// Invariants: every resident byte is in exactly one row; the rows add up to `accounted_bytes`, which is `rss_bytes` but
// for `moved_bytes` (0 unless the target ran while it was read). A row is known by its owner and its detail; no two are
// alike. What nobody recognises is a row `unexplained`. Sizes are bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::model {

/// Whose a byte is, and by which proof. In the order in which they are shown.
enum class HeapOwner {
  python_pymalloc,       ///< a block in use of a pymalloc pool; detail: the kind of object, or "buffers"
  python_malloc,         ///< a malloc'ed or mmapped block that is a Python object or that one points to; detail: kind
  python_frames,         ///< data stack chunks of Python threads (3.11 on)
  pymalloc_free_blocks,  ///< free blocks of pools that have others in use
  pymalloc_free_pools,   ///< pools of an arena without any block in use, and those never begun
  pymalloc_slack,        ///< heads and ends of pools, what alignment costs an arena
  malloc_in_use,         ///< a block of glibc's malloc in use that no Python object points to
  malloc_mapped,         ///< the same, in a mapping of its own (mmap threshold)
  malloc_free_top,       ///< free: the end of an arena, where it grows; detail: "main arena", "thread arenas"
  malloc_free_bins,      ///< free: unsorted, small and large bins
  malloc_free_fastbins,  ///< free: fastbins
  malloc_free_tcache,    ///< free: kept by threads for themselves
  malloc_overhead,       ///< heads of arenas, heap_info, fenceposts, ends of mapped blocks
  thread_stacks,         ///< stacks of threads; detail: "in use", "kept for reuse"
  main_stack,            ///< [stack]
  heap_slack,            ///< [heap] that is in no arena
  other_allocator,       ///< bytes of an allocator that is recognised and not walked; detail: its name
  library_text,          ///< read-only parts of mapped ELF files
  library_data,          ///< writable parts of ELF files, with their .bss
  mapped_files,          ///< other files
  shared_memory,         ///< tmpfs, memfd, System V, anonymous shared
  kernel,                ///< [vdso], [vvar], …
  unexplained,           ///< no proof of any owner; detail: "anonymous mappings", "[heap]", …
};
inline constexpr int heap_owner_count = static_cast<int>(HeapOwner::unexplained) + 1;

/// Stable words of the formats: "python.pymalloc", "malloc.free.top", "libraries.text", "unexplained", …
[[nodiscard]] std::string_view word_of(HeapOwner owner);
[[nodiscard]] std::optional<HeapOwner> find_heap_owner(std::string_view word);

struct HeapRow {
  HeapOwner owner = HeapOwner::unexplained;
  std::string detail;       ///< see HeapOwner; may be empty
  Bytes bytes = 0;          ///< resident
  Bytes private_bytes = 0;  ///< of these, anonymous pages that no other process maps: what it has unshared
  Bytes swap_bytes = 0;     ///< not resident: beside the sum
  std::uint64_t count = 0;  ///< blocks, chunks, mappings or files, as the owner goes

  bool operator==(const HeapRow&) const = default;
};

/// Figures of pymalloc, as sys._debugmallocstats() has them.
struct PymallocFigures {
  std::uint64_t arenas = 0, arena_bytes = 0;     ///< allocated now; bytes of address space of one
  std::uint64_t pools_used = 0, pools_free = 0;  ///< with a block in use; without one
  std::uint64_t pool_bytes = 0;
  std::uint64_t blocks_used = 0, blocks_free = 0;  ///< of used pools
  Bytes used_bytes = 0, free_bytes = 0;            ///< in those blocks, resident or not
  std::uint64_t torn_pools = 0;                    ///< changed each time they were read: their blocks are estimated
};

/// An arena of pymalloc that few blocks keep from being given back.
struct HeldArena {
  base::Address address;
  std::uint64_t blocks = 0;                                       ///< in use
  std::vector<std::pair<std::string, std::uint64_t>> types = {};  ///< that hold it, with their counts; most first
};

/// One arena of glibc's malloc, as malloc_info() has them.
struct MallocArena {
  base::Address address;
  bool is_main = false;
  Bytes system_bytes = 0;
  Bytes top_bytes = 0, bin_bytes = 0, fastbin_bytes = 0, tcache_bytes = 0;  ///< free, resident or not
  Bytes in_use_bytes = 0;                                                   ///< without what tcaches keep
  std::uint64_t chunks_in_use = 0, bin_chunks = 0, fastbin_chunks = 0, tcache_chunks = 0;
  Bytes trim_bytes = 0;  ///< resident bytes that malloc_trim(0) would give back of it
  Bytes resident_bytes = 0;
};

/// Native blocks of one size that no Python object points to.
struct SizeClass {
  Bytes chunk_bytes = 0;  ///< with malloc's head
  std::uint64_t count = 0;
  Bytes total_bytes = 0;
};

struct MallocFigures {
  std::string library;  ///< "glibc 2.36", "musl", "jemalloc", …; empty: not recognised
  bool is_walked = false;
  std::vector<MallocArena> arenas;  ///< the main one first
  std::uint64_t mapped_chunks = 0;  ///< blocks with a mapping of their own
  Bytes mapped_bytes = 0;
  std::uint64_t tcaches = 0;            ///< threads that keep one
  std::uint64_t torn_chunks = 0;        ///< places where the walk lost its way and found it again
  Bytes torn_bytes = 0;                 ///< passed over there
  std::vector<SizeClass> native_sizes;  ///< largest total first, at most max_native_sizes

  [[nodiscard]] Bytes system_bytes() const;
  [[nodiscard]] Bytes free_bytes() const;  ///< top, bins, fastbins and tcaches of all arenas
  [[nodiscard]] Bytes trim_bytes() const;
};

/// What the lists hold at most: one that is full has left something out.
inline constexpr std::size_t max_native_sizes = 20, max_held_arenas = 20, max_heap_types = 1000;

/// Of `--by type`, `--by arena` and `--by file`.
struct HeapTypeRow {
  std::string type;  ///< "builtins.dict", "numpy.ndarray"; "(buffers)" for blocks that are no objects
  std::uint64_t count = 0;
  Bytes pymalloc_bytes = 0;  ///< of their own blocks
  Bytes malloc_bytes = 0;    ///< of their own chunks and of chunks that they point to
};
struct PymallocArenaRow {
  base::Address address;
  std::uint64_t pools_used = 0, pools_free = 0, blocks_used = 0;
  Bytes used_bytes = 0, resident_bytes = 0;
};
struct HeapFileRow {
  std::string path;
  Bytes text_bytes = 0, data_bytes = 0, other_bytes = 0;
};

/// What stands beside RSS: not in it.
struct HeapBeside {
  Bytes swap_bytes = 0, hugetlb_bytes = 0, page_table_bytes = 0;
  Bytes anon_huge_bytes = 0;  ///< of RSS: in transparent huge pages
};

/// Of the memory cgroup: what a limit counts is more than RSS.
struct CgroupMemory {
  Bytes usage_bytes = 0, anon_bytes = 0, file_bytes = 0, kernel_bytes = 0;
  std::optional<Bytes> limit_bytes;
};

struct HeapCost {
  std::int64_t pause_ns = 0;       ///< the target stood still; 0 when racing
  std::int64_t reap_pause_ns = 0;  ///< frozen: one thread, to collect the clone
  std::int64_t read_ns = 0;        ///< wall time of it all
  std::int64_t own_cpu_ns = 0;
  Bytes bytes_read = 0, own_rss_bytes = 0;  ///< of the target's memory; our own at most
  std::uint64_t caused_faults = 0;          ///< frozen: minor faults of the target while the clone stood (upper bound)
  std::uint64_t threads = 0;                ///< that stood
  std::vector<std::pair<std::string, std::uint64_t>> interrupted_calls;  ///< that returned EINTR because of it
};

struct HeapLedger {
  std::string consistency = "racing";  ///< what was done: "racing", "stopped", "frozen"
  std::string why_consistency;         ///< of auto: why that one
  bool low_memory = false;
  std::string python_version;    ///< "3.11.2"; empty: no interpreter was read, so no object is known
  std::string python_allocator;  ///< "pymalloc", "pymalloc_debug", "malloc", "malloc_debug", "mimalloc"
  Bytes rss_bytes = 0;           ///< the sum of smaps
  Bytes accounted_bytes = 0;     ///< the sum of the rows
  std::int64_t moved_bytes = 0;  ///< rss_bytes - accounted_bytes: came or went while it was read
  Bytes bound_bytes = 0;         ///< racing: no row is further from the truth than this; exact: 0
  std::vector<HeapRow> rows;     ///< by owner, then largest first
  PymallocFigures pymalloc;
  MallocFigures malloc;
  HeapBeside beside;
  std::optional<CgroupMemory> cgroup;
  std::vector<HeldArena> held_arenas;  ///< fewest blocks first, at most max_held_arenas
  std::uint64_t held_arena_count = 0;  ///< arenas with fewer than held_below blocks in use
  std::uint64_t held_below = 0;
  std::vector<HeapTypeRow> types;        ///< largest first, at most max_heap_types
  std::vector<PymallocArenaRow> arenas;  ///< by address
  std::vector<HeapFileRow> files;        ///< largest first
  std::vector<std::string> notes;        ///< what could not be told, in sentences
  HeapCost cost;

  [[nodiscard]] Bytes bytes_of(HeapOwner owner) const;
};

/// Whether a ledger keeps its invariants: checked wherever one is shown, written or read back.
struct HeapBooks {
  Bytes row_bytes = 0;            ///< the rows, summed anew
  bool rows_add_up = true;        ///< to accounted_bytes
  bool reaches_rss = true;        ///< accounted_bytes and moved_bytes are rss_bytes
  bool is_exact = true;           ///< nothing moved and no bound, unless racing
  bool rows_are_distinct = true;  ///< no two of one owner and detail

  [[nodiscard]] bool balance() const { return rows_add_up && reaches_rss && is_exact && rows_are_distinct; }
};
[[nodiscard]] HeapBooks books_of(const HeapLedger& ledger);

struct HeapProcess {
  ProcessIdentity identity;
  base::Pid parent = 0;  ///< the process of the tree whose child it is; 0: named by the user
  std::string name, command_line;
  std::string failure;  ///< why there is no ledger; empty: there is one
  HeapLedger ledger;
};

/// What one call of `tidemark heap` has read: what it prints as JSON, saves and reads back.
struct HeapReading {
  std::string tool;                    ///< "tidemark 0.1.0"
  std::string consistency = "racing";  ///< as asked for: "racing", "stopped", "frozen", "auto"
  std::int64_t wall_ns = 0;            ///< when, since the epoch; 0: not known
  std::vector<HeapProcess> processes;  ///< in the order asked for, children after their parent
};

}  // namespace tidemark::model
