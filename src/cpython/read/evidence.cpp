#include "evidence.hpp"

#include <algorithm>

namespace tidemark::cpython {

Evidence::Evidence(std::span<const Word> words, std::span<const Witness> witnesses) {
  for (const Word& word : words) append(word.at, std::as_bytes(std::span(&word.value, 1)));
  for (const Witness& witness : witnesses) append(witness.address, witness.bytes);
  arrange();
}

void Evidence::merge(std::span<const Evidence* const> others) {
  for (const Evidence* other : others) {
    for (const Part& part : other->parts_) append(part.at, std::span(other->bytes_).subspan(part.first, part.size));
  }
  arrange();
}

void Evidence::add_to(Batch& batch) {
  for (Part& part : parts_) part.id = batch.add(part.at, {.first = 0, .end = part.size});
}

bool Evidence::holds(const Batch& batch) const {
  return std::ranges::all_of(parts_, [&](const Part& part) {
    return std::ranges::equal(batch.piece(part.id).bytes, std::span(bytes_).subspan(part.first, part.size));
  });
}

void Evidence::append(base::Address at, std::span<const std::byte> bytes) {
  parts_.push_back({.at = at, .first = bytes_.size(), .size = static_cast<std::uint32_t>(bytes.size())});
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Evidence::arrange() { std::ranges::stable_sort(parts_, {}, &Part::at); }

}  // namespace tidemark::cpython
