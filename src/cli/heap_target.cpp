#include "detail/heap_target.hpp"

#include "detail/heap_read.hpp"
#include "detail/heap_subject.hpp"
#include "tidemark/proc/cgroup.hpp"

namespace tidemark::cli {
namespace {

void add_what_stands_beside(const HeapSubject& subject, model::HeapLedger& ledger) {
  if (const auto status = subject.files.status()) ledger.beside.page_table_bytes = status->vm_pte.value_or(0);
  const auto cgroup = proc::CgroupFiles::open(subject.root, subject.files.pid());
  if (!cgroup) return;
  const auto parts = cgroup->read_parts();
  if (!parts) return;
  ledger.cgroup = model::CgroupMemory{.usage_bytes = parts->usage,
                                      .anon_bytes = parts->anon,
                                      .file_bytes = parts->file,
                                      .kernel_bytes = parts->kernel,
                                      .limit_bytes = parts->limit};
}

}  // namespace

HeapAnswer read_heap_target(const proc::ProcRoot& root, const HeapTarget& target, const HeapOptions& options) {
  HeapAnswer answer;
  model::HeapLedger ledger;
  const auto read = [&](const HeapSubject& subject, const SubjectFacts& facts) -> std::optional<HeapRefusal> {
    auto outcome = read_heap(subject, options);
    if (auto* refusal = std::get_if<HeapRefusal>(&outcome)) return std::move(*refusal);
    ledger = std::get<model::HeapLedger>(std::move(outcome));
    add_what_stands_beside(subject, ledger);
    if (!facts.no_python.empty()) ledger.notes.insert(ledger.notes.begin(), facts.no_python);
    return std::nullopt;
  };
  auto head = read_subject(root, target, options.locate, read);
  std::move(head).move_into(answer, target.parent, std::move(ledger), answer.process.ledger);
  return answer;
}

}  // namespace tidemark::cli
