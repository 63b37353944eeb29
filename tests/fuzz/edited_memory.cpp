#include "edited_memory.hpp"

#include <algorithm>
#include <array>

namespace tidemark::fuzz {

namespace {

constexpr std::uint64_t word_bytes = sizeof(std::uint64_t);
constexpr std::uint64_t near_words = 128;
constexpr std::uint64_t max_run_words = 64;

/// fill and unreadable: how many words, out of the place's upper bits, which no index needs.
std::uint64_t run_words(const Edit& edit) { return (edit.where >> 24) % max_run_words + 1; }

base::ErrorCode hole_code(std::uint64_t operand) {
  constexpr std::array codes{base::ErrorCode::fault, base::ErrorCode::absent, base::ErrorCode::gone,
                             base::ErrorCode::permission};
  return codes[operand % codes.size()];
}

}  // namespace

EditedMemory::EditedMemory(memory::ImageMemory& image, const Words& words, std::span<const Edit> edits)
    : image_(image), words_(words), pending_(edits.begin(), edits.end()) {
  std::ranges::stable_sort(pending_, {}, &Edit::after);
  apply_due();
}

EditedMemory::~EditedMemory() {
  for (auto change = undo_.rbegin(); change != undo_.rend(); ++change) {
    static_cast<void>(image_.overwrite(change->first, change->second));
  }
}

void EditedMemory::apply_due() const {
  while (applied_ < pending_.size() && pending_[applied_].after <= reads_) apply(pending_[applied_++]);
}

base::Result<void> EditedMemory::read(base::Address from, std::span<std::byte> into) const {
  bytes_ += into.size();
  for (const Hole& hole : holes_) {
    if (from.value >= hole.end || into.size() <= hole.start - std::min(hole.start, from.value)) continue;
    return base::fail(
        base::Error{.code = hole.code, .doing = "read an edited image", .address = {std::max(hole.start, from.value)}});
  }
  auto done = image_.read(from, into);
  ++reads_;
  apply_due();
  return done;
}

void EditedMemory::overwrite(base::Address at, std::span<const std::byte> bytes) const {
  std::vector<std::byte> before(bytes.size());
  if (!image_.read(at, before) || !image_.overwrite(at, bytes)) return;  // it passes the end of a segment
  undo_.emplace_back(at, std::move(before));
}

template <class T>
void EditedMemory::put(base::Address at, T value) const {
  overwrite(at, std::as_bytes(std::span(&value, 1)));
}

std::uint64_t EditedMemory::word(base::Address at) const { return image_.read_value<std::uint64_t>(at).value_or(0); }

void EditedMemory::apply(const Edit& edit) const {
  const base::Address at = words_.at(edit.where & 0xffffff);
  switch (edit.kind) {
    case EditKind::set_word:
      return put(at, edit.operand);
    case EditKind::redirect:
      return put(at, words_.at(edit.operand));
    case EditKind::link_near:
      return put(at, at.minus(edit.operand % near_words * word_bytes));
    case EditKind::copy_word:
      return put(at, word(words_.at(edit.operand)));
    case EditKind::add:
      return put(at, word(at) + edit.operand);
    case EditKind::set_half:
      return put(at.plus(edit.operand >> 63 ? 4 : 0), static_cast<std::uint32_t>(edit.operand));
    case EditKind::set_byte:
      return put(at.plus(edit.operand >> 32 & 7), static_cast<std::uint8_t>(edit.operand));
    case EditKind::fill:
      for (std::uint64_t i = 0; i < run_words(edit); ++i) put(at.plus(i * word_bytes), edit.operand);
      return;
    case EditKind::unreadable:
      holes_.push_back(
          {.start = at.value, .end = at.value + run_words(edit) * word_bytes, .code = hole_code(edit.operand)});
      return;
  }
}

}  // namespace tidemark::fuzz
