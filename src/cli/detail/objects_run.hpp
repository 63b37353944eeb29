// Purpose: what `tidemark objects` does with its options, apart from how a process is read: tests read made censuses.
#pragma once

#include <functional>

#include "objects_target.hpp"
#include "tidemark/cli/command.hpp"

namespace tidemark::cli {

/// read_objects_target(), or what stands for it.
using ObjectsTargetReader =
    std::function<ObjectsAnswer(const proc::ProcRoot& root, const Target& target, const ObjectsOptions& options)>;

/// The exit status.
[[nodiscard]] int run_objects(const ObjectsOptions& options, const ObjectsTargetReader& reader, Streams& streams);

}  // namespace tidemark::cli
