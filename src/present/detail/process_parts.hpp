// Purpose: what is said alike of each process that was read: who it is, and what the reading cost.
#pragma once

#include <string>
#include <string_view>

#include "document.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::present::detail {

/// "worker.py (pid 4711, child of 4710)", safe to print.
[[nodiscard]] std::string process_words(const std::string& name, base::Pid pid, base::Pid parent,
                                        const TextStyle& style);
/// Of a HeapProcess or a CensusProcess.
template <class Process>
std::string process_words(const Process& process, const TextStyle& style) {
  return process_words(process.name, process.identity.pid, process.parent, style);
}

void add_cost(const model::HeapCost& cost, std::string_view consistency, std::string_view why_consistency,
              bool low_memory, Document& document);
/// Of a HeapLedger or a Census.
template <class Reading>
void add_cost(const Reading& reading, Document& document) {
  add_cost(reading.cost, reading.consistency, reading.why_consistency, reading.low_memory, document);
}

}  // namespace tidemark::present::detail
