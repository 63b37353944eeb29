// Purpose: which of the kernel's features that we use are here, each tried on ourselves.
// Invariant: nothing but our own process is touched; a feature that was refused is no feature that is missing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::proc {

struct KernelFeature {
  std::string key;                     ///< "pidfd_open"
  std::optional<base::Error> refusal;  ///< nullopt: it works. `unsupported`, `not_found`: not here; else refused
};

/// pidfd_open (kernel 5.3), process_vm_readv, children (CONFIG_PROC_CHILDREN), smaps_rollup (4.14), pagemap, in this
/// order. The last three are files under `root`.
[[nodiscard]] std::vector<KernelFeature> probe_kernel_features(const ProcRoot& root);

/// uname(2): "6.1.0-18-amd64".
[[nodiscard]] std::string kernel_release();

}  // namespace tidemark::proc
