// Purpose: changes an input as somebody would who knows what the readers look at.
#pragma once

#include <random>

#include "edits.hpp"

namespace tidemark::fuzz {

/// One step away from `input`; `words` are those of its image.
void mutate(Input& input, const Words& words, std::minstd_rand& random);

/// The edits of both, as many as are allowed, on the image and layout of the first.
[[nodiscard]] Input cross(const Input& first, const Input& second, std::minstd_rand& random);

}  // namespace tidemark::fuzz
