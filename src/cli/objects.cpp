// `tidemark objects`: which Python objects one or more processes have, or how that changed.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "detail/command_line.hpp"
#include "detail/objects_run.hpp"
#include "detail/snapshot_run.hpp"
#include "tidemark/present/census.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/record/census_file.hpp"

namespace tidemark::cli {
namespace {

constexpr std::size_t shown_columns = 80;

struct ObjectsKind {
  using Options = ObjectsOptions;
  using Reading = model::CensusReading;
  using Answer = ObjectsAnswer;
  using Reader = ObjectsTargetReader;
  static constexpr const char *command = "objects", *saved = "census";

  static auto read_saved(const std::string& file) { return record::read_census(file); }
  static auto save(const std::string& file, const Reading& reading) { return record::save_census(file, reading); }

  static std::string json(const Options& options, const Reading& reading) {
    Reading shown = filtered(options, reading);
    for (auto& process : shown.processes) {
      auto& types = process.census.types;
      if (options.sort == ObjectsSort::count) {
        std::stable_sort(types.begin(), types.end(),
                         [](const auto& left, const auto& right) { return left.count > right.count; });
      }
      if (options.top.value_or(0) != 0 && types.size() > *options.top) types.resize(*options.top);
    }
    return record::census_json(shown);
  }

  static std::string trouble(const Answer& answer) {
    const auto& census = answer.process.census;
    return census.coverage.is_out_of_budget
               ? fmt::format("of pid {} {:.0f} % of the objects were looked at before --budget was spent",
                             answer.process.identity.pid, census.coverage.share() * 100)
               : std::string();
  }

  /// Of --type; an object of one process is enough.
  static std::string missing(const Options& options, const Reading& reading) {
    if (options.type.empty()) return {};
    const bool has_any = std::any_of(reading.processes.begin(), reading.processes.end(),
                                     [](const auto& process) { return !process.census.focuses.empty(); });
    if (has_any) return {};
    const auto type = present::printable(options.type, shown_columns);
    return fmt::format(
        "no object of a type '{}' was found\nhint: 'Order' or 'shop.models.Order' is a type; --filter '*{}*' lists "
        "types whose name has that in it",
        type, type.substr(type.rfind('.') + 1));
  }

  static std::string show(const Options& options, const Reading& reading) {
    present::CensusView view{.text = style_of(STDOUT_FILENO),
                             .sort = sort_of(options),
                             .by_module = options.by_module,
                             .filter = options.filter};
    if (options.top) view.top = *options.top;
    return present::census_text(filtered(options, reading), view);
  }

  static std::string compare(const Options& options, Compared<Reading>& both) {
    both.before = filtered(options, std::move(both.before));
    both.now = filtered(options, std::move(both.now));
    present::CensusDiffView view{.before_file = options.diff_file,
                                 .before_wall_ns = options.diff_file.empty() ? 0 : both.before.wall_ns,
                                 .apart_ns = both.apart_ns,
                                 .compared = analysis::compare_censuses(both.before.processes, both.now.processes)};
    view.filter = options.filter;
    if (options.top) view.top = *options.top;
    both.is_partial = !view.compared.only_after.empty();
    if (options.json) return present::census_diff_json(view);
    return present::census_diff_text(view, style_of(STDOUT_FILENO));
  }

 private:
  /// The summaries are of all types, whatever is listed.
  static Reading filtered(const Options& options, Reading reading) {
    if (options.filter.empty()) return reading;
    for (auto& process : reading.processes) {
      std::erase_if(process.census.types, [&](const auto& type) { return !present::matches(options.filter, type); });
    }
    return reading;
  }

  static present::CensusSort sort_of(const Options& options) {
    return options.sort == ObjectsSort::size ? present::CensusSort::size : present::CensusSort::count;
  }
};

}  // namespace

int run_objects(const ObjectsOptions& options, const ObjectsTargetReader& reader, Streams& streams) {
  return SnapshotRun<ObjectsKind>(options, reader, streams).run();
}

int run_objects(std::span<const std::string> arguments, Streams& streams) {
  return run_parsed(objects_manual(), parse_objects_options(arguments), streams,
                    [&](const ObjectsOptions& options) { return run_objects(options, read_objects_target, streams); });
}

}  // namespace tidemark::cli
