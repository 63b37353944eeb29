// Purpose: the cyclic collector's figures out of a copy of its struct.
#pragma once

#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cpython {

struct CollectorState {
  model::GcReading reading;  ///< without `garbage`
  base::Address garbage;     ///< the list gc.garbage
};

/// Where the struct GcState lies.
[[nodiscard]] base::Address collector_address(const Layout& layout, base::Address runtime, base::Address interpreter);

/// All of its fields that are read.
[[nodiscard]] Extent collector_extent(const Layout& layout);

/// `malformed` when gc.generation0 does not point into the collector itself, or a count is negative: then the layout
/// does not fit, or the interpreter is not initialised.
[[nodiscard]] base::Result<CollectorState> decode_collector(const Layout& layout, base::Address collector,
                                                            const Piece& piece);

}  // namespace tidemark::cpython
