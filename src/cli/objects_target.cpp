#include "detail/objects_target.hpp"

#include <fmt/format.h>

#include "detail/heap_subject.hpp"
#include "tidemark/heap/census.hpp"

namespace tidemark::cli {
namespace {

HeapRefusal without_python(base::Pid pid, const SubjectFacts& facts) {
  const std::string why = facts.no_python.empty() ? "it runs no Python interpreter that is known" : facts.no_python;
  return {.failure = {fmt::format("pid {} has no objects to count: {}", pid, why),
                      fmt::format("tidemark doctor -p {} says what was looked for", pid), ExitStatus::cannot_open},
          .error = base::Error{.code = base::ErrorCode::unsupported, .doing = "count its objects", .detail = why}};
}

HeapRefusal free_threaded(base::Pid pid) {
  return {
      .failure = {fmt::format("pid {} is a free-threaded Python: it keeps its objects in mimalloc, which is not walked",
                              pid),
                  fmt::format("tidemark heap -p {} shows how much that is", pid), ExitStatus::cannot_open},
      .error = base::Error{.code = base::ErrorCode::unsupported,
                           .doing = "count its objects",
                           .detail = "a free-threaded build: mimalloc is not walked"}};
}

/// What the interpreter says of its collector: read while the target runs, before the census.
void add_collector(cpython::Interpreter& interpreter, model::CensusSummary& summary) {
  const auto snapshot = interpreter.read();
  if (!snapshot.reading.gc) return;
  const auto& gc = *snapshot.reading.gc;
  summary.gc_enabled = gc.enabled;
  summary.garbage_count = gc.garbage;
  for (const auto& generation : gc.generations) {
    summary.gc_thresholds.push_back(generation.threshold);
    summary.gc_counts.push_back(generation.count);
  }
}

std::optional<HeapRefusal> read_census_of(const HeapSubject& subject, const SubjectFacts& facts,
                                          const ObjectsOptions& options, model::Census& census) {
  if (!subject.python) return without_python(subject.files.pid(), facts);
  if (subject.python->layout.free_threaded) return free_threaded(subject.files.pid());
  auto outcome = read_in_mode(subject, options, [&](const memory::MemorySource& memory, const heap::Moment& moment) {
    census = heap::read_census({.memory = memory,
                                .moment = moment,
                                .python = *subject.python,
                                .thread_ids = subject.thread_ids,
                                .budget_ns = options.budget_ns,
                                .focus = options.type,
                                .samples = options.samples});
  });
  if (auto* refusal = std::get_if<HeapRefusal>(&outcome)) return std::move(*refusal);
  std::get<ModeReport>(std::move(outcome)).move_into(census);
  census.low_memory = options.low_memory;
  add_collector(*facts.interpreter, census.summary);
  return std::nullopt;
}

}  // namespace

ObjectsAnswer read_objects_target(const proc::ProcRoot& root, const Target& target, const ObjectsOptions& options) {
  ObjectsAnswer answer;
  model::Census census;
  auto head = read_subject(root, target, options.locate, [&](const HeapSubject& subject, const SubjectFacts& facts) {
    return read_census_of(subject, facts, options, census);
  });
  std::move(head).move_into(answer, target.parent, std::move(census), answer.process.census);
  return answer;
}

}  // namespace tidemark::cli
