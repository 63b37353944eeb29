#include "edits.hpp"

#include <algorithm>
#include <cstring>

namespace tidemark::fuzz {

namespace {

template <class T>
T take(std::span<const std::uint8_t> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

Edit decode_edit(std::span<const std::uint8_t> bytes) {
  return {.kind = static_cast<EditKind>(bytes[0] % edit_kinds),
          .after = bytes[1],
          .where = take<std::uint32_t>(bytes, 2),
          .operand = take<std::uint64_t>(bytes, 6)};
}

constexpr std::uint64_t word_bytes = sizeof(std::uint64_t);

}  // namespace

Input decode_input(std::span<const std::uint8_t> bytes) {
  Input input;
  if (bytes.size() < input_head_bytes) return input;
  input.image = bytes[0];
  input.layout = bytes[1];
  for (std::size_t at = input_head_bytes; bytes.size() - at >= edit_bytes && input.edits.size() < max_edits;
       at += edit_bytes) {
    input.edits.push_back(decode_edit(bytes.subspan(at, edit_bytes)));
  }
  return input;
}

std::size_t encode_input(const Input& input, std::span<std::uint8_t> into) {
  if (into.size() < input_head_bytes) return 0;
  into[0] = input.image;
  into[1] = input.layout;
  std::size_t at = input_head_bytes;
  for (const Edit& edit : input.edits) {
    if (into.size() - at < edit_bytes) break;
    into[at] = static_cast<std::uint8_t>(edit.kind);
    into[at + 1] = edit.after;
    std::memcpy(into.data() + at + 2, &edit.where, sizeof edit.where);
    std::memcpy(into.data() + at + 6, &edit.operand, sizeof edit.operand);
    at += edit_bytes;
  }
  return at;
}

Words::Words(const memory::ImageMemory& image) {
  for (const auto& segment : image.segments()) {
    const std::uint64_t start = segment.start.value;
    const std::uint64_t end = start + segment.bytes.size();
    segment_starts_.push_back(static_cast<std::uint32_t>(all_.size()));
    for (std::uint64_t at = (start + word_bytes - 1) & ~(word_bytes - 1); at + word_bytes <= end; at += word_bytes) {
      const auto value = image.read_value<base::Address>({at}).value_or({});
      std::byte probe;
      if (image.read(value, std::span(&probe, 1))) pointers_.push_back(static_cast<std::uint32_t>(all_.size()));
      all_.push_back({at});
    }
  }
  segment_starts_.push_back(static_cast<std::uint32_t>(all_.size()));
}

}  // namespace tidemark::fuzz
