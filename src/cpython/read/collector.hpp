// Purpose: the cyclic collector's figures out of a copy of its struct.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>

#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cpython {

inline constexpr auto generation_count =
    static_cast<std::uint32_t>(std::tuple_size_v<decltype(model::GcReading::generations)>);

struct CollectorState {
  model::GcReading reading;  ///< without `garbage`; without sums where those are not in the struct
  base::Address garbage;     ///< the list gc.garbage
  base::Address stats;       ///< the struct Stats; null where the sums are in the collector's own struct
};

/// Where the struct GcState lies.
[[nodiscard]] base::Address collector_address(const Layout& layout, base::Address runtime, base::Address interpreter);

/// All of its fields that are read.
[[nodiscard]] Extent collector_extent(const Layout& layout);

/// Where the first of the three generations begins, in bytes from the collector. `malformed` when the three are not
/// inside it: then the layout does not fit, or the interpreter is not initialised.
[[nodiscard]] base::Result<std::uint32_t> first_generation(const Layout& layout, base::Address collector,
                                                           const Piece& piece);

/// The order in which gc.get_count() says them: as they lie, but 3.14.0 to 3.14.4 swaps its two old spaces.
[[nodiscard]] base::Result<std::array<std::uint32_t, generation_count>> generation_order(const Layout& layout,
                                                                                         base::Address collector,
                                                                                         const Piece& piece);

/// `malformed` as above, or when a sum is negative.
[[nodiscard]] base::Result<CollectorState> decode_collector(const Layout& layout, base::Address collector,
                                                            const Piece& piece);

/// All of the struct Stats that is read; empty where the layout has none.
[[nodiscard]] Extent stats_extent(const Layout& layout);

/// Puts the newest of each ring's statistics into the reading: what gc.get_stats() says.
[[nodiscard]] base::Result<void> decode_stats(const Layout& layout, base::Address stats, const Piece& piece,
                                              model::GcReading& reading);

}  // namespace tidemark::cpython
