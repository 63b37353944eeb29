// Purpose: a fuzzer's input as a short list of changes to a recorded image, so that every mutation hits a place that
// the readers look at: a pointer, a size, a link. Invariant: every sequence of bytes is an input; what is left over at
// its end is not looked at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/memory/image_memory.hpp"

namespace tidemark::fuzz {

enum class EditKind : std::uint8_t {
  set_word,    ///< 8 bytes become the operand
  redirect,    ///< a word becomes the address of another word of the image
  link_near,   ///< a word becomes an address up to 1 KiB before its own: a struct that links to itself
  copy_word,   ///< a word becomes what another word of the image is
  add,         ///< the operand is added to a word
  set_half,    ///< 4 bytes become the operand
  set_byte,    ///< 1 byte becomes the operand
  fill,        ///< up to 64 words become the operand
  unreadable,  ///< reading any of up to 64 words is an error
};
inline constexpr std::uint8_t edit_kinds = 9;

/// One change. As bytes: kind, after, where, operand, little-endian, one after the other.
struct Edit {
  EditKind kind = EditKind::set_word;
  std::uint8_t after = 0;   ///< reads that are answered before it happens: 0 the image was always so
  std::uint32_t where = 0;  ///< index of a word of the image (modulo their number)
  std::uint64_t operand = 0;
};
inline constexpr std::size_t edit_bytes = 14;
inline constexpr std::size_t max_edits = 24;

/// Which image, which layout it is read with, and what is changed in it.
struct Input {
  std::uint8_t image = 0;   ///< modulo their number
  std::uint8_t layout = 0;  ///< 0 the one that fits, of the process's own statement where it has one; 1 the built-in
                            ///< table; else the table of another version
  std::vector<Edit> edits;
};
inline constexpr std::size_t input_head_bytes = 2;

[[nodiscard]] Input decode_input(std::span<const std::uint8_t> bytes);

/// As many bytes as fit into `into`; their number.
[[nodiscard]] std::size_t encode_input(const Input& input, std::span<std::uint8_t> into);

/// The words of an image that edits name by their index.
class Words {
 public:
  explicit Words(const memory::ImageMemory& image);

  /// The address of the index-th word, modulo their number; an image without a whole word is of no use to a fuzzer.
  [[nodiscard]] base::Address at(std::uint64_t index) const { return all_[index % all_.size()]; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  /// Indexes of the words that point into the image.
  [[nodiscard]] const std::vector<std::uint32_t>& pointers() const { return pointers_; }
  /// Index of the first word of each segment, and the number of all words.
  [[nodiscard]] const std::vector<std::uint32_t>& segment_starts() const { return segment_starts_; }

 private:
  std::vector<base::Address> all_;
  std::vector<std::uint32_t> pointers_;
  std::vector<std::uint32_t> segment_starts_;
};

}  // namespace tidemark::fuzz
