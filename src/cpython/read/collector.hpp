// Purpose: the cyclic collector's figures out of an interpreter's copy.
#pragma once

#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cpython {

struct CollectorState {
  model::GcReading reading;  ///< without `garbage`
  base::Address garbage;     ///< the list gc.garbage
};

/// All fields of the collector that are read, counted from the beginning of the interpreter.
[[nodiscard]] Extent collector_extent(const Layout& layout);

/// `malformed` when gc.generation0 does not point into the interpreter's own collector, or a count is negative: then
/// the layout does not fit, or the interpreter is not initialised.
[[nodiscard]] base::Result<CollectorState> decode_collector(const Layout& layout, base::Address interpreter,
                                                            const Piece& piece);

}  // namespace tidemark::cpython
