#include "detail/recorded_readings.hpp"

#include "detail/census_for_recording.hpp"
#include "detail/heap_for_recording.hpp"

namespace tidemark::cli {

collect::CollectOptions collect_options(const RecordOptions& options) {
  collect::CollectOptions collect;
  collect.children = options.children;
  collect.skip_gone = !options.name_regex.empty();
  collect.may_be_gone = !options.command.empty();
  collect.maps = options.maps;
  collect.stacks = options.stacks;
  if (options.heap_interval_ns) {
    collect.heap_interval_ns = options.heap_interval_ns;
    collect.read_heap = read_heap_for_recording;
  }
  if (options.census_interval_ns) {
    collect.census_interval_ns = options.census_interval_ns;
    collect.census_top = options.census_top;
    collect.read_census = read_census_for_recording;
  }
  collect.smaps.enabled = options.pss != PssMode::off;
  if (options.pss == PssMode::every) collect.smaps.interval_ns = options.pss_interval_ns;
  return collect;
}

}  // namespace tidemark::cli
