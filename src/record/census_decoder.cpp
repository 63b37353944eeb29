#include "detail/census_keys.hpp"
#include "detail/saved_members.hpp"
#include "tidemark/record/census_file.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

model::CensusSummary summary_of(const Members& json) {
  model::CensusSummary summary;
  summary.total_objects = json.count("total_objects");
  summary.total_bytes = json.bytes("total_size");
  summary.total_held_bytes = json.bytes_or_0("total_held_size");
  summary.unique_types = json.count("unique_types");
  if (json.has("garbage_count")) summary.garbage_count = json.count("garbage_count");
  if (json.has("gc_enabled")) summary.gc_enabled = json.flag("gc_enabled");
  json.each_number("gc_thresholds", max_census_list, [&](auto number) { summary.gc_thresholds.push_back(number); });
  json.each_number("gc_counts", max_census_list, [&](auto number) { summary.gc_counts.push_back(number); });
  return summary;
}

model::CensusType type_of(const Members& json) {
  model::CensusType type{.type = json.text("type"),
                         .module = json.text("module"),
                         .address = json.address("address"),
                         .count = json.count("count"),
                         .bytes = json.bytes("bytes"),
                         .held_bytes = json.bytes_or_0("held_bytes"),
                         .immortal = json.count("immortal"),
                         .interned = json.count("interned"),
                         .has_own_sizeof = json.flag("has_own_sizeof")};
  if (type.immortal > type.count) json.refuse("immortal", "more than count");
  if (type.interned > type.count) json.refuse("interned", "more than count");
  return type;
}

model::CensusCoverage coverage_of(const Members& json) {
  return {.blocks = json.count("blocks"),
          .torn_pools = json.count("torn_pools"),
          .torn_blocks = json.count("torn_blocks"),
          .torn_chunks = json.count("torn_chunks"),
          .torn_bytes = json.bytes_or_0("torn_bytes"),
          .lost_bytes = json.bytes_or_0("lost_bytes"),
          .left_out_bytes = json.bytes_or_0("left_out_bytes"),
          .is_out_of_budget = json.flag("out_of_budget")};
}

model::ObjectSample sample_of(const Members& json) {
  model::ObjectSample sample{.address = json.address("address"),
                             .refcount = json.number("refcount"),
                             .is_immortal = json.flag("immortal"),
                             .bytes = json.bytes_or_0("bytes"),
                             .held_bytes = json.bytes_or_0("held_bytes"),
                             .value = json.text("value")};
  const std::string word = json.text("place");
  const auto place = model::find_gc_place(word);
  if (!place) json.refuse("place", "'" + escaped(word.substr(0, 40)) + "', which this tidemark does not know");
  sample.place = *place;
  return sample;
}

model::CensusFocus focus_of(const Members& json) {
  model::CensusFocus focus{
      .type = json.text("type"), .address = json.address("address"), .sizes = {}, .places = {}, .samples = {}};
  json.each("sizes", max_census_list, [&](const Members& size) {
    focus.sizes.push_back(
        {.from = size.bytes_or_0("from"), .count = size.count("count"), .bytes = size.bytes_or_0("bytes")});
  });
  const Members places = json.object("places");
  for (std::size_t at = 0; at < focus.places.size(); ++at) {
    focus.places[at] = places.count(std::string(word_of(static_cast<model::GcPlace>(at))));
  }
  json.each("samples", max_census_list, [&](const Members& sample) { focus.samples.push_back(sample_of(sample)); });
  return focus;
}

/// Sums can then not overflow: none is larger than its total, which has passed its cap. A census of which somebody has
/// taken types away would be compared as if they were gone.
void check_sums(const Members& json, const model::Census& census) {
  const auto& summary = census.summary;
  std::uint64_t objects = 0;
  model::Bytes bytes = 0;
  model::Bytes held = 0;
  for (const auto& type : census.types) {
    objects += type.count;
    bytes += type.bytes;
    held += type.held_bytes;
    if (objects > summary.total_objects || bytes > summary.total_bytes || held > summary.total_held_bytes) break;
  }
  if (objects == summary.total_objects && bytes == summary.total_bytes && held == summary.total_held_bytes) return;
  json.refuse("types", "not all of a census: it does not add up to the summary (was it filtered?)");
}

model::Census census_of(const Members& json) {
  model::Census census;
  if (!json.has("summary")) json.refuse("summary", "missing");
  if (!json.has("types")) json.refuse("types", "missing");
  census.python_version = json.text("python");
  census.python_allocator = json.text("python_allocator");
  census.consistency = json.text("consistency");
  census.why_consistency = json.text("why_consistency");
  census.low_memory = json.flag("low_memory");
  census.summary = summary_of(json.object("summary"));
  census.coverage = coverage_of(json.object("coverage"));
  json.each("types", max_census_types, [&](const Members& type) { census.types.push_back(type_of(type)); });
  json.each("focuses", max_census_list, [&](const Members& focus) { census.focuses.push_back(focus_of(focus)); });
  json.each_text("notes", max_census_list, [&](std::string note) { census.notes.push_back(std::move(note)); });
  census.cost = cost_of(json.object("cost"));
  check_sums(json, census);
  return census;
}

model::CensusProcess process_of(const Members& json) {
  model::CensusProcess process;
  read_process_head(json, process);
  if (!process.failure.empty()) return process;
  if (!json.has("summary") && json.has("rows")) {
    throw NotAsSaved{"it was made by tidemark heap: compare with it by tidemark heap --diff"};
  }
  process.census = census_of(json);
  return process;
}

}  // namespace

model::CensusReading census_reading_of(const SavedJson& json) {
  const Members all = members_of_file(json, census_schema);
  model::CensusReading reading;
  reading.tool = all.text("tool");
  reading.consistency = all.text("consistency");
  if (const auto taken = parse_instant(all.text("taken"))) reading.wall_ns = taken->wall_ns;
  all.each("processes", max_census_processes,
           [&](const Members& process) { reading.processes.push_back(process_of(process)); });
  return reading;
}

}  // namespace tidemark::record::detail
