// Purpose: what `tidemark heap` does with its options, apart from how a process is read: tests read made ledgers.
#pragma once

#include <functional>

#include "heap_target.hpp"
#include "tidemark/cli/command.hpp"

namespace tidemark::cli {

/// read_heap_target(), or what stands for it.
using HeapTargetReader =
    std::function<HeapAnswer(const proc::ProcRoot& root, const HeapTarget& target, const HeapOptions& options)>;

/// The exit status.
[[nodiscard]] int run_heap(const HeapOptions& options, const HeapTargetReader& reader, Streams& streams);

}  // namespace tidemark::cli
