#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "detail/figures.hpp"
#include "detail/heap_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using model::Bytes;
using model::HeapOwner;

// Below this share of RSS a figure is not worth a sentence.
constexpr double worth_saying_percent = 1;
// A mapping leak is suspected from here on: loaders and runtimes keep a few anonymous mappings of their own.
constexpr double suspicious_percent = 5;
constexpr Bytes suspicious_bytes = Bytes{4} << 20U;
constexpr double page_cache_percent = 10, near_limit_percent = 50;
constexpr std::size_t most_types = 5, most_sizes = 3;

double percent_of(Bytes part, Bytes whole) { return whole == 0 ? 0 : 100 * as_double(part) / as_double(whole); }

class SentenceMaker {
 public:
  SentenceMaker(const model::HeapProcess& process, const TextStyle& style, Document& document)
      : process_(process), ledger_(process.ledger), style_(style), document_(document) {}

  void add_all() {
    add_shares();
    add_trim();
    add_arena_max();
    add_held_arenas();
    add_native_sizes();
    add_mapping_leak();
    add_cgroup();
    add_torn();
  }

 private:
  /// An empty line before the first.
  void say(std::string text) {
    document_.push_back(Sentences{.text = std::move(text), .indent = 2, .apart = is_first_});
    is_first_ = false;
  }

  [[nodiscard]] bool is_worth_it(Bytes bytes) const {
    return bytes > 0 && percent_of(bytes, ledger_.rss_bytes) >= worth_saying_percent;
  }

  [[nodiscard]] std::string amount(Bytes bytes) const {
    return fmt::format("{} ({} % of RSS)", megabytes(as_double(bytes)), share_cell(bytes, ledger_.rss_bytes));
  }

  [[nodiscard]] Bytes sum_of(std::initializer_list<HeapOwner> owners) const {
    Bytes sum = 0;
    for (const HeapOwner owner : owners) sum += ledger_.bytes_of(owner);
    return sum;
  }

  void add_shares() {
    using enum HeapOwner;
    const std::pair<Bytes, const char*> parts[] = {
        {sum_of({python_pymalloc, python_malloc, python_frames}), "Python objects"},
        {sum_of({malloc_in_use, malloc_mapped, other_allocator}), "native memory in use"},
        {sum_of({pymalloc_free_blocks, pymalloc_free_pools, malloc_free_top, malloc_free_bins, malloc_free_fastbins,
                 malloc_free_tcache}),
         "free space that allocators keep"},
        {sum_of({library_text, library_data, mapped_files}), "libraries and files"},
        {sum_of({unexplained}), "unexplained"}};
    std::string text;
    for (const auto& [bytes, what] : parts) {
      if (bytes == 0 || ledger_.rss_bytes == 0) continue;
      text += fmt::format("{}{} % {}", text.empty() ? "Of RSS: " : ", ", share_cell(bytes, ledger_.rss_bytes), what);
    }
    if (!text.empty()) say(text + ".");
  }

  void add_trim() {
    const Bytes bytes = ledger_.malloc.trim_bytes();
    if (!is_worth_it(bytes)) return;
    say(fmt::format("malloc_trim(0) would give back {} now: whole pages within free chunks.", amount(bytes)));
  }

  /// What threads' arenas hold free is all that fewer arenas could save.
  void add_arena_max() {
    std::size_t arenas = 0;
    Bytes bound = 0;
    for (const auto& arena : ledger_.malloc.arenas) {
      if (arena.is_main) continue;
      ++arenas;
      bound +=
          std::min(arena.top_bytes + arena.bin_bytes + arena.fastbin_bytes + arena.tcache_bytes, arena.resident_bytes);
    }
    if (!is_worth_it(bound)) return;
    std::string threads;
    if (ledger_.malloc.tcaches > 0) {
      const auto count = ledger_.malloc.tcaches;
      threads = fmt::format(", for {} that use{} malloc", counted(count, "thread"), plural(count) == "s" ? "" : "s");
    }
    say(
        fmt::format("{} of malloc hold{} {} free{}. Started with MALLOC_ARENA_MAX=1 the threads would share the main "
                    "arena; that saves this much at most, nothing of what is in use, and makes them wait for each "
                    "other.",
                    counted(arenas, "thread arena"), arenas == 1 ? "s" : "", amount(bound), threads));
  }

  void add_held_arenas() {
    const auto count = ledger_.held_arena_count;
    if (count == 0) return;
    std::map<std::string, std::uint64_t> types;
    for (const auto& arena : ledger_.held_arenas) {
      for (const auto& [type, blocks] : arena.types) types[type] += blocks;
    }
    std::vector<std::pair<std::uint64_t, std::string>> order;
    for (const auto& [type, blocks] : types) order.emplace_back(blocks, type);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& left, const auto& right) { return left.first > right.first; });
    std::string text = fmt::format("{} of {} pymalloc arenas ({} KB each) {} held by fewer than {} live blocks", count,
                                   ledger_.pymalloc.arenas, ledger_.pymalloc.arena_bytes >> 10U,
                                   count == 1 ? "is" : "are", ledger_.held_below);
    for (std::size_t at = 0; at < std::min(most_types, order.size()); ++at) {
      text += fmt::format("{} {} {}", at == 0 ? ":" : ",", order[at].first, name(order[at].second, style_));
    }
    if (order.size() > most_types) text += fmt::format(", {} more", counted(order.size() - most_types, "type"));
    if (!order.empty() && ledger_.held_arenas.size() < count) {
      text += fmt::format(" (in the {} with the fewest)", ledger_.held_arenas.size());
    }
    say(text + ".");
  }

  void add_native_sizes() {
    std::string text;
    std::size_t shown = 0;
    for (const auto& size : ledger_.malloc.native_sizes) {
      if (shown == most_sizes || !is_worth_it(size.total_bytes)) break;
      text += fmt::format("{} {} of {} bytes, {}", shown == 0 ? "" : ";", counted(size.count, "block"),
                          size.chunk_bytes, megabytes(as_double(size.total_bytes)));
      ++shown;
    }
    if (shown > 0) say("Most native memory by size of block:" + text + ".");
  }

  void add_mapping_leak() {
    for (const auto& row : ledger_.rows) {
      if (row.owner != HeapOwner::unexplained || row.detail != "anonymous mappings") continue;
      if (row.bytes < suspicious_bytes || percent_of(row.bytes, ledger_.rss_bytes) < suspicious_percent) continue;
      say(
          fmt::format("{} in {} has no allocator, no stack and no Python object that points to it: native code mapped "
                      "it for itself. If it grows (--growth 60s), that code leaks mappings.",
                      amount(row.bytes), counted(row.count, "anonymous mapping")));
    }
  }

  /// A child is nearly always in its parent's, of which it was said.
  void add_cgroup() {
    if (!ledger_.cgroup || process_.parent != 0) return;
    const auto& cgroup = *ledger_.cgroup;
    const bool has_cache = percent_of(cgroup.file_bytes, cgroup.usage_bytes) >= page_cache_percent;
    const bool is_near =
        cgroup.limit_bytes && percent_of(cgroup.usage_bytes, *cgroup.limit_bytes) >= near_limit_percent;
    if (!has_cache && !is_near) return;
    std::string text = fmt::format("Its cgroup uses {}", megabytes(as_double(cgroup.usage_bytes)));
    if (cgroup.limit_bytes) text += fmt::format(" of {}", megabytes(as_double(*cgroup.limit_bytes)));
    text += fmt::format(": {} anonymous, {} page cache and files, {} of the kernel.",
                        megabytes(as_double(cgroup.anon_bytes)), megabytes(as_double(cgroup.file_bytes)),
                        megabytes(as_double(cgroup.kernel_bytes)));
    if (has_cache) text += " The kernel takes page cache back when memory is needed: it is no leak.";
    say(text);
  }

  void add_torn() {
    const auto pools = ledger_.pymalloc.torn_pools;
    const auto chunks = ledger_.malloc.torn_chunks;
    if (pools == 0 && chunks == 0) return;
    std::string text = "Changed each time that it was read:";
    if (pools > 0) text += fmt::format(" {} of pymalloc (estimated)", counted(pools, "pool"));
    if (chunks > 0) {
      text += fmt::format("{} {} of malloc ({} passed over)", pools > 0 ? "," : "", counted(chunks, "place"),
                          megabytes(as_double(ledger_.malloc.torn_bytes)));
    }
    say(text + "; the bound has it.");
  }

  const model::HeapProcess& process_;
  const model::HeapLedger& ledger_;
  const TextStyle& style_;
  Document& document_;
  bool is_first_ = true;
};

}  // namespace

void add_sentences(const model::HeapProcess& process, const TextStyle& style, Document& document) {
  SentenceMaker(process, style, document).add_all();
}

}  // namespace tidemark::present::detail
