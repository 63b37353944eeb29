#include <array>
#include <charconv>

#include "detail/heap_keys.hpp"
#include "tidemark/record/heap_file.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record {
namespace detail {
namespace {

using Json = HeapJson;

template <class List, class Make>
Json list_of(const List& list, Make make) {
  Json json = Json::array();
  for (const auto& item : list) json.push_back(make(item));
  return json;
}

/// Empty text is null: not known.
Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(escaped(text)); }

Json milliseconds_of(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

Json json_of(const model::HeapRow& row) {
  return {{"owner", word_of(row.owner)},        {"detail", escaped(row.detail)}, {"bytes", row.bytes},
          {"private_bytes", row.private_bytes}, {"swap_bytes", row.swap_bytes},  {"count", row.count}};
}

Json json_of(const model::HeldArena& arena) {
  return {{"address", hex_of(arena.address)},
          {"blocks", arena.blocks},
          {"types", list_of(arena.types, [](const auto& type) {
             return Json{{"type", escaped(type.first)}, {"count", type.second}};
           })}};
}

Json json_of(const model::PymallocArenaRow& arena) {
  return {{"address", hex_of(arena.address)}, {"pools_used", arena.pools_used},
          {"pools_free", arena.pools_free},   {"blocks_used", arena.blocks_used},
          {"used_bytes", arena.used_bytes},   {"resident_bytes", arena.resident_bytes}};
}

Json json_of(const model::MallocArena& arena) {
  return {{"address", hex_of(arena.address)},     {"main", arena.is_main},
          {"system_bytes", arena.system_bytes},   {"resident_bytes", arena.resident_bytes},
          {"in_use_bytes", arena.in_use_bytes},   {"top_bytes", arena.top_bytes},
          {"bin_bytes", arena.bin_bytes},         {"fastbin_bytes", arena.fastbin_bytes},
          {"tcache_bytes", arena.tcache_bytes},   {"chunks_in_use", arena.chunks_in_use},
          {"bin_chunks", arena.bin_chunks},       {"fastbin_chunks", arena.fastbin_chunks},
          {"tcache_chunks", arena.tcache_chunks}, {"trim_bytes", arena.trim_bytes}};
}

Json json_of(const model::SizeClass& size) {
  return {{"chunk_bytes", size.chunk_bytes}, {"count", size.count}, {"total_bytes", size.total_bytes}};
}

Json json_of(const model::HeapTypeRow& type) {
  return {{"type", escaped(type.type)},
          {"count", type.count},
          {"pymalloc_bytes", type.pymalloc_bytes},
          {"malloc_bytes", type.malloc_bytes}};
}

Json json_of(const model::HeapFileRow& file) {
  return {{"path", escaped(file.path)},
          {"text_bytes", file.text_bytes},
          {"data_bytes", file.data_bytes},
          {"other_bytes", file.other_bytes}};
}

Json json_of(const model::HeapBeside& beside) {
  return {{"swap_bytes", beside.swap_bytes},
          {"hugetlb_bytes", beside.hugetlb_bytes},
          {"page_table_bytes", beside.page_table_bytes},
          {"anon_huge_bytes", beside.anon_huge_bytes}};
}

Json json_of(const std::optional<model::CgroupMemory>& cgroup) {
  if (!cgroup) return nullptr;
  return {{"usage_bytes", cgroup->usage_bytes},
          {"anon_bytes", cgroup->anon_bytes},
          {"file_bytes", cgroup->file_bytes},
          {"kernel_bytes", cgroup->kernel_bytes},
          {"limit_bytes", cgroup->limit_bytes ? Json(*cgroup->limit_bytes) : Json(nullptr)}};
}

constexpr auto to_json = [](const auto& item) { return json_of(item); };

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

std::string hex_of(base::Address address) {
  std::array<char, 2 + 16> digits{'0', 'x'};
  const auto end = std::to_chars(digits.data() + 2, digits.data() + digits.size(), address.value, 16).ptr;
  return {digits.data(), end};
}

HeapJson cost_json(const model::HeapCost& cost) {
  Json interrupted = Json::object();
  for (const auto& [name, count] : cost.interrupted_calls) interrupted[escaped(name)] = count;
  return {{"pause_ms", milliseconds_of(cost.pause_ns)},
          {"reap_pause_ms", milliseconds_of(cost.reap_pause_ns)},
          {"read_ms", milliseconds_of(cost.read_ns)},
          {"own_cpu_ms", milliseconds_of(cost.own_cpu_ns)},
          {"bytes_read", cost.bytes_read},
          {"own_rss_bytes", cost.own_rss_bytes},
          {"caused_faults", cost.caused_faults},
          {"threads", cost.threads},
          {"interrupted_calls", std::move(interrupted)}};
}

namespace {

Json pymalloc_json(const model::PymallocFigures& figures, const model::HeapLedger& ledger, bool whole) {
  Json json{{"arenas", figures.arenas},           {"arena_bytes", figures.arena_bytes},
            {"pools_used", figures.pools_used},   {"pools_free", figures.pools_free},
            {"pool_bytes", figures.pool_bytes},   {"blocks_used", figures.blocks_used},
            {"blocks_free", figures.blocks_free}, {"used_bytes", figures.used_bytes},
            {"free_bytes", figures.free_bytes},   {"torn_pools", figures.torn_pools},
            {"held_below", ledger.held_below},    {"held_arena_count", ledger.held_arena_count}};
  if (!whole) return json;
  json["held_arenas"] = list_of(ledger.held_arenas, to_json);
  json["arena_list"] = list_of(ledger.arenas, to_json);
  return json;
}

Json malloc_json(const model::MallocFigures& figures) {
  return {{"library", text_or_null(figures.library)},   {"walked", figures.is_walked},
          {"system_bytes", figures.system_bytes()},     {"free_bytes", figures.free_bytes()},
          {"trim_bytes", figures.trim_bytes()},         {"mapped_chunks", figures.mapped_chunks},
          {"mapped_bytes", figures.mapped_bytes},       {"tcaches", figures.tcaches},
          {"torn_chunks", figures.torn_chunks},         {"torn_bytes", figures.torn_bytes},
          {"arenas", list_of(figures.arenas, to_json)}, {"native_sizes", list_of(figures.native_sizes, to_json)}};
}

}  // namespace

Json ledger_json(const model::HeapLedger& ledger, bool whole) {
  Json json{{"python", text_or_null(ledger.python_version)},
            {"python_allocator", text_or_null(ledger.python_allocator)},
            {"consistency", ledger.consistency},
            {"why_consistency", text_or_null(ledger.why_consistency)},
            {"low_memory", ledger.low_memory},
            {"rss_bytes", ledger.rss_bytes},
            {"accounted_bytes", ledger.accounted_bytes},
            {"moved_bytes", ledger.moved_bytes},
            {"bound_bytes", ledger.bound_bytes},
            {"adds_up", books_of(ledger).balance()},
            {"rows", list_of(ledger.rows, to_json)},
            {"beside", json_of(ledger.beside)},
            {"cgroup", json_of(ledger.cgroup)},
            {"pymalloc", pymalloc_json(ledger.pymalloc, ledger, whole)},
            {"malloc", malloc_json(ledger.malloc)}};
  if (whole) {
    json["types"] = list_of(ledger.types, to_json);
    json["files"] = list_of(ledger.files, to_json);
  }
  json["notes"] = list_of(ledger.notes, [](const std::string& note) { return escaped(note); });
  json["cost"] = cost_json(ledger.cost);
  return json;
}

namespace {

void append(Json& json, Json more) {
  for (auto& [key, value] : more.items()) json[key] = std::move(value);
}

Json process_json(const model::HeapProcess& process) {
  Json json{{"pid", process.identity.pid},
            {"start_ticks", process.identity.start_ticks},
            {"parent", process.parent == 0 ? Json(nullptr) : Json(process.parent)},
            {"name", escaped(process.name)},
            {"command_line", escaped(process.command_line)},
            {"failure", text_or_null(process.failure)}};
  if (process.failure.empty()) append(json, ledger_json(process.ledger, true));
  return json;
}

}  // namespace
}  // namespace detail

std::string heap_json(const model::HeapReading& reading) {
  std::string taken;
  append_instant(taken, Instant{reading.wall_ns});
  const detail::HeapJson json{{"schema", heap_schema},
                              {"tool", detail::escaped(reading.tool)},
                              {"taken", reading.wall_ns == 0 ? detail::HeapJson(nullptr) : detail::HeapJson(taken)},
                              {"consistency", reading.consistency},
                              {"processes", detail::list_of(reading.processes, detail::process_json)}};
  return json.dump(2) + "\n";
}

std::string heap_sample_json(const model::HeapLedger& ledger) { return detail::ledger_json(ledger, false).dump(); }

}  // namespace tidemark::record
