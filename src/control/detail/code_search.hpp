// Purpose: finds pieces of code in a target by their bytes: no symbols, so that any libc will do.
#pragma once

#include <optional>
#include <span>

#include "admission.hpp"
#include "injection_frame.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/proc/maps.hpp"

namespace tidemark::control::detail {

/// More code than this is not searched.
inline constexpr std::uint64_t max_searched_bytes = 256ULL << 20;

/// In executable mappings of files that nobody can write through, and in the vdso; the libc first. What is resident is
/// looked at first; only when that does not do are other pages of these files read, which makes them resident. Nullopt:
/// not there. `subject.files` is of a living thread. Errors: `gone`, `permission`.
[[nodiscard]] base::Result<std::optional<InjectionSites>> find_injection_sites(
    const Subject& subject, std::span<const proc::MapRegion> regions);

/// Looks for what is still missing in these bytes, which lie at `address`.
void search_code(std::span<const std::byte> code, std::uint64_t address, InjectionSites& sites);

}  // namespace tidemark::control::detail
