// Purpose: changes an input as somebody would who knows what the readers look at.
#pragma once

#include <random>

#include "edits.hpp"

namespace tidemark::fuzz {

/// One step away from `input`; `words` are those of its image.
void mutate(Input& input, const Words& words, std::minstd_rand& random);

/// The edits of both, as many as are allowed, on the image and layout of the first.
[[nodiscard]] Input cross(const Input& first, const Input& second, std::minstd_rand& random);

/// What libFuzzer asks for, in bytes: some mutations of an input, or a cross of two, encoded into `out`; its size.
[[nodiscard]] std::size_t mutate_bytes(std::span<const std::uint8_t> from, const Words& words, unsigned seed,
                                       std::span<std::uint8_t> out);
[[nodiscard]] std::size_t cross_bytes(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second,
                                      unsigned seed, std::span<std::uint8_t> out);

}  // namespace tidemark::fuzz
