// `tidemark heap`: where the memory of one or more processes is, or how that changed.
#include "tidemark/present/heap.hpp"

#include <fmt/format.h>

#include <iostream>

#include "detail/command_line.hpp"
#include "detail/heap_run.hpp"
#include "detail/snapshot_run.hpp"
#include "tidemark/record/heap_file.hpp"

namespace tidemark::cli {
namespace {

present::HeapTables tables_of(HeapView view) {
  switch (view) {
    case HeapView::owners:
      return present::HeapTables::owners;
    case HeapView::arenas:
      return present::HeapTables::arenas;
    case HeapView::files:
      return present::HeapTables::files;
    case HeapView::types:
      return present::HeapTables::types;
  }
  return {};
}

struct HeapKind {
  using Options = HeapOptions;
  using Reading = model::HeapReading;
  using Answer = HeapAnswer;
  using Reader = HeapTargetReader;
  static constexpr const char *command = "heap", *saved = "ledger";

  static auto read_saved(const std::string& file) { return record::read_heap(file); }
  static auto save(const std::string& file, const Reading& reading) { return record::save_heap(file, reading); }
  static std::string json(const Options& /*options*/, const Reading& reading) { return record::heap_json(reading); }

  static std::string trouble(const Answer& answer) {
    if (model::books_of(answer.process.ledger).balance()) return {};
    return fmt::format("the ledger of pid {} does not add up: do not trust it", answer.process.identity.pid);
  }

  static std::string missing(const Options& /*options*/, const Reading& /*reading*/) { return {}; }

  static std::string show(const Options& options, const Reading& reading) {
    return present::heap_text(reading, {.text = style_of(STDOUT_FILENO), .by = tables_of(options.by)});
  }

  static std::string compare(const Options& options, Compared<Reading>& both) {
    const present::HeapDiffView view{.before_file = options.diff_file,
                                     .before_wall_ns = options.diff_file.empty() ? 0 : both.before.wall_ns,
                                     .apart_ns = both.apart_ns,
                                     .compared = analysis::compare_heaps(both.before.processes, both.now.processes)};
    // A saved tree may have more processes than were asked for now; one that was asked for must be matched.
    both.is_partial = !view.compared.only_after.empty();
    return options.json ? present::heap_diff_json(view) : present::heap_diff_text(view, style_of(STDOUT_FILENO));
  }
};

}  // namespace

int run_heap(const HeapOptions& options, const HeapTargetReader& reader, Streams& streams) {
  return SnapshotRun<HeapKind>(options, reader, streams).run();
}

int run_heap(std::span<const std::string> arguments, Streams& streams) {
  return run_parsed(heap_manual(), parse_heap_options(arguments), streams,
                    [&](const HeapOptions& options) { return run_heap(options, read_heap_target, streams); });
}

}  // namespace tidemark::cli
