#include "detail/heap_keys.hpp"
#include "detail/saved_members.hpp"
#include "tidemark/record/heap_file.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record {
namespace detail {
namespace {

model::HeapRow row_of(const Members& json) {
  model::HeapRow row;
  const std::string word = json.text("owner");
  const auto owner = model::find_heap_owner(word);
  if (!owner) json.refuse("owner", "'" + escaped(word.substr(0, 40)) + "', which this tidemark does not know");
  row.owner = *owner;
  row.detail = json.text("detail");
  row.bytes = json.bytes("bytes");
  row.private_bytes = json.bytes_or_0("private_bytes");
  row.swap_bytes = json.bytes_or_0("swap_bytes");
  row.count = json.count("count");
  return row;
}

model::HeldArena held_of(const Members& json) {
  model::HeldArena arena{.address = json.address("address"), .blocks = json.count("blocks")};
  json.each("types", max_heap_list,
            [&](const Members& type) { arena.types.emplace_back(type.text("type"), type.count("count")); });
  return arena;
}

model::MallocArena arena_of(const Members& json) {
  return {.address = json.address("address"),
          .is_main = json.flag("main"),
          .system_bytes = json.bytes_or_0("system_bytes"),
          .top_bytes = json.bytes_or_0("top_bytes"),
          .bin_bytes = json.bytes_or_0("bin_bytes"),
          .fastbin_bytes = json.bytes_or_0("fastbin_bytes"),
          .tcache_bytes = json.bytes_or_0("tcache_bytes"),
          .in_use_bytes = json.bytes_or_0("in_use_bytes"),
          .chunks_in_use = json.count("chunks_in_use"),
          .bin_chunks = json.count("bin_chunks"),
          .fastbin_chunks = json.count("fastbin_chunks"),
          .tcache_chunks = json.count("tcache_chunks"),
          .trim_bytes = json.bytes_or_0("trim_bytes"),
          .resident_bytes = json.bytes_or_0("resident_bytes")};
}

void read_pymalloc(const Members& json, model::HeapLedger& ledger) {
  auto& figures = ledger.pymalloc;
  figures.arenas = json.count("arenas");
  figures.arena_bytes = json.bytes_or_0("arena_bytes");
  figures.pools_used = json.count("pools_used");
  figures.pools_free = json.count("pools_free");
  figures.pool_bytes = json.bytes_or_0("pool_bytes");
  figures.blocks_used = json.count("blocks_used");
  figures.blocks_free = json.count("blocks_free");
  figures.used_bytes = json.bytes_or_0("used_bytes");
  figures.free_bytes = json.bytes_or_0("free_bytes");
  figures.torn_pools = json.count("torn_pools");
  ledger.held_below = json.count("held_below");
  ledger.held_arena_count = json.count("held_arena_count");
  json.each("held_arenas", max_heap_list, [&](const Members& arena) { ledger.held_arenas.push_back(held_of(arena)); });
  json.each("arena_list", max_heap_list, [&](const Members& arena) {
    ledger.arenas.push_back({.address = arena.address("address"),
                             .pools_used = arena.count("pools_used"),
                             .pools_free = arena.count("pools_free"),
                             .blocks_used = arena.count("blocks_used"),
                             .used_bytes = arena.bytes_or_0("used_bytes"),
                             .resident_bytes = arena.bytes_or_0("resident_bytes")});
  });
}

void read_malloc(const Members& json, model::MallocFigures& figures) {
  figures.library = json.text("library");
  figures.is_walked = json.flag("walked");
  figures.mapped_chunks = json.count("mapped_chunks");
  figures.mapped_bytes = json.bytes_or_0("mapped_bytes");
  figures.tcaches = json.count("tcaches");
  figures.torn_chunks = json.count("torn_chunks");
  figures.torn_bytes = json.bytes_or_0("torn_bytes");
  json.each("arenas", max_heap_rows, [&](const Members& arena) { figures.arenas.push_back(arena_of(arena)); });
  json.each("native_sizes", max_heap_list, [&](const Members& size) {
    figures.native_sizes.push_back({.chunk_bytes = size.bytes_or_0("chunk_bytes"),
                                    .count = size.count("count"),
                                    .total_bytes = size.bytes_or_0("total_bytes")});
  });
}

void read_lists(const Members& json, model::HeapLedger& ledger) {
  json.each("types", max_heap_list, [&](const Members& type) {
    ledger.types.push_back({.type = type.text("type"),
                            .count = type.count("count"),
                            .pymalloc_bytes = type.bytes_or_0("pymalloc_bytes"),
                            .malloc_bytes = type.bytes_or_0("malloc_bytes")});
  });
  json.each("files", max_heap_list, [&](const Members& file) {
    ledger.files.push_back({.path = file.text("path"),
                            .text_bytes = file.bytes_or_0("text_bytes"),
                            .data_bytes = file.bytes_or_0("data_bytes"),
                            .other_bytes = file.bytes_or_0("other_bytes")});
  });
  json.each_text("notes", max_heap_list, [&](std::string note) { ledger.notes.push_back(std::move(note)); });
}

void read_beside(const Members& json, model::HeapLedger& ledger) {
  const Members beside = json.object("beside");
  ledger.beside = {.swap_bytes = beside.bytes_or_0("swap_bytes"),
                   .hugetlb_bytes = beside.bytes_or_0("hugetlb_bytes"),
                   .page_table_bytes = beside.bytes_or_0("page_table_bytes"),
                   .anon_huge_bytes = beside.bytes_or_0("anon_huge_bytes")};
  if (!json.has("cgroup")) return;
  const Members cgroup = json.object("cgroup");
  ledger.cgroup = model::CgroupMemory{.usage_bytes = cgroup.bytes_or_0("usage_bytes"),
                                      .anon_bytes = cgroup.bytes_or_0("anon_bytes"),
                                      .file_bytes = cgroup.bytes_or_0("file_bytes"),
                                      .kernel_bytes = cgroup.bytes_or_0("kernel_bytes"),
                                      .limit_bytes = {}};
  if (cgroup.has("limit_bytes")) ledger.cgroup->limit_bytes = cgroup.bytes("limit_bytes");
}

model::HeapLedger ledger_of(const Members& json) {
  model::HeapLedger ledger;
  ledger.python_version = json.text("python");
  ledger.python_allocator = json.text("python_allocator");
  ledger.consistency = json.text("consistency");
  ledger.why_consistency = json.text("why_consistency");
  ledger.low_memory = json.flag("low_memory");
  ledger.rss_bytes = json.bytes("rss_bytes");
  ledger.accounted_bytes = json.bytes("accounted_bytes");
  ledger.moved_bytes = json.signed_bytes("moved_bytes");
  ledger.bound_bytes = json.bytes_or_0("bound_bytes");
  if (!json.has("rows")) json.refuse("rows", "missing");
  json.each("rows", max_heap_rows, [&](const Members& row) { ledger.rows.push_back(row_of(row)); });
  read_beside(json, ledger);
  read_pymalloc(json.object("pymalloc"), ledger);
  read_malloc(json.object("malloc"), ledger.malloc);
  read_lists(json, ledger);
  ledger.cost = cost_of(json.object("cost"));
  const auto books = books_of(ledger);
  if (!books.rows_add_up) {
    json.refuse("rows", "not a ledger: they add up to " + std::to_string(books.row_bytes) + ", accounted_bytes is " +
                            std::to_string(ledger.accounted_bytes));
  }
  if (!books.balance()) json.refuse("rows", "not a ledger: the books do not balance");
  return ledger;
}

model::HeapProcess process_of(const Members& json) {
  model::HeapProcess process;
  read_process_head(json, process);
  if (!process.failure.empty()) return process;
  if (!json.has("rows") && json.has("summary")) {
    throw NotAsSaved{"it was made by tidemark objects: compare with it by tidemark objects --diff"};
  }
  process.ledger = ledger_of(json);
  return process;
}

}  // namespace

model::HeapReading heap_reading_of(const SavedJson& json) {
  const Members all = members_of_file(json, heap_schema);
  model::HeapReading reading;
  reading.tool = all.text("tool");
  reading.consistency = all.text("consistency");
  if (const auto taken = parse_instant(all.text("taken"))) reading.wall_ns = taken->wall_ns;
  all.each("processes", max_heap_processes,
           [&](const Members& process) { reading.processes.push_back(process_of(process)); });
  return reading;
}

}  // namespace detail
}  // namespace tidemark::record
