// Purpose: a recorded image as a file: segments of a target's memory, and facts about it that are not in them.
// Invariants: what is read back is what was written, or an error; a file is hostile: every count and size passes a
// named cap and is compared with the file's own size before anything is allocated.
//
// The format, all numbers little-endian and unaligned, nothing between the parts:
//
//   8 bytes   "TMIMAGE\x01"; the last byte is the version of the format
//   u32       number of facts      u32   number of segments
//   facts     24 bytes of name (ASCII, padded with NUL), u64 value, each
//   segments  u64 address, u64 size in bytes, each; by address, no two overlap, none is empty
//   bytes     of all segments, in their order; the file ends with the last one
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/memory/image_memory.hpp"

namespace tidemark::memory {

inline constexpr std::size_t max_image_bytes = 128 << 20;  ///< of a whole file
inline constexpr std::size_t max_image_facts = 64;
inline constexpr std::size_t max_image_segments = 1 << 20;
inline constexpr std::size_t max_fact_name_bytes = 24;

/// A number that a reader of the image must know: an address to begin at, a version, a process id.
struct ImageFact {
  std::string name;
  std::uint64_t value = 0;

  bool operator==(const ImageFact&) const = default;
};

struct RecordedImage {
  std::vector<ImageFact> facts;
  std::vector<Segment> segments;

  /// nullopt when the image has no fact of that name.
  [[nodiscard]] std::optional<std::uint64_t> fact(std::string_view name) const;
};

/// Errors: `limit` for what passes a cap; `malformed` for a name that is empty, too long or no ASCII, and for segments
/// that are empty, overlap or are out of order.
[[nodiscard]] base::Result<std::string> encode_image(const RecordedImage& image);

/// Errors: `malformed` (no such file, another version, cut off, bytes left over, segments as above), `limit`.
[[nodiscard]] base::Result<RecordedImage> decode_image(std::string_view file);

/// A new file at `path`; an existing one is replaced. Errors: those of encode_image and of writing.
[[nodiscard]] base::Result<void> write_image(const std::string& path, const RecordedImage& image);

/// Errors: those of reading and of decode_image.
[[nodiscard]] base::Result<RecordedImage> read_image(const std::string& path);

}  // namespace tidemark::memory
