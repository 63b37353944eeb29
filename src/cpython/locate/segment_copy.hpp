// Purpose: the writable memory of a module as it is now, to look for something in it.
#pragma once

#include <string>
#include <vector>

#include "module.hpp"
#include "tidemark/base/address.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// Of the writable segments of one module. Those of a CPython have about 1 MiB.
inline constexpr std::size_t max_writable_bytes = 64 << 20;

/// Bytes as they are now; pages that cannot be read are left zero.
[[nodiscard]] std::string copy_of(base::Address start, std::size_t size, const memory::MemorySource& memory);

struct SegmentCopy {
  base::Address start;
  std::string bytes;
};

/// The writable segments, zero-filled ends included; what is beyond max_writable_bytes in all is left out.
[[nodiscard]] std::vector<SegmentCopy> copy_writable(const Module& module, const memory::MemorySource& memory);

}  // namespace tidemark::cpython
