#include "tidemark/memory/image_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "tidemark/base/fd.hpp"

namespace tidemark::memory {

namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

using base::ErrorCode;

constexpr std::string_view magic("TMIMAGE\x01", 8);
constexpr std::size_t fact_bytes = max_fact_name_bytes + sizeof(std::uint64_t);
constexpr std::size_t segment_head_bytes = 2 * sizeof(std::uint64_t);
constexpr unsigned file_mode = 0644;

base::Unexpected refused(ErrorCode code, const char* doing, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = doing, .detail = detail});
}

template <class T>
void append(std::string& out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

bool is_good_name(std::string_view name) {
  const auto is_printable = [](char c) { return c > ' ' && c < '\x7f'; };
  return !name.empty() && name.size() <= max_fact_name_bytes && std::ranges::all_of(name, is_printable);
}

/// Whether a segment may follow one that ends at `past`.
bool may_follow(std::uint64_t past, std::uint64_t start, std::uint64_t size) {
  return size != 0 && start >= past && size <= std::numeric_limits<std::uint64_t>::max() - start;
}

base::Result<void> check_for_writing(const RecordedImage& image) {
  constexpr const char* doing = "write a memory image";
  if (image.facts.size() > max_image_facts) return refused(ErrorCode::limit, doing, "too many facts");
  if (image.segments.size() > max_image_segments) return refused(ErrorCode::limit, doing, "too many segments");
  for (const auto& fact : image.facts) {
    if (!is_good_name(fact.name)) return refused(ErrorCode::malformed, doing, "a fact has a bad name");
  }
  std::size_t total = magic.size() + image.facts.size() * fact_bytes + image.segments.size() * segment_head_bytes;
  std::uint64_t past = 0;
  for (const auto& segment : image.segments) {
    if (!may_follow(past, segment.start.value, segment.bytes.size())) {
      return refused(ErrorCode::malformed, doing, "segments are empty, overlap or are out of order");
    }
    past = segment.start.value + segment.bytes.size();
    total += segment.bytes.size();
  }
  if (total > max_image_bytes) return refused(ErrorCode::limit, doing, "it is too long");
  return {};
}

/// Takes a file apart from its front; every take is checked against what is left.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  /// Only of at most `left()` bytes.
  std::string_view take(std::size_t count) {
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  /// Only when sizeof(T) bytes are left.
  template <class T>
  T take_value() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

 private:
  std::string_view rest_;
};

base::Unexpected bad(const char* detail) { return refused(ErrorCode::malformed, "read a memory image", detail); }

base::Result<std::vector<ImageFact>> take_facts(Cursor& cursor, std::size_t count) {
  std::vector<ImageFact> facts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view padded = cursor.take(max_fact_name_bytes);
    const std::string_view name = padded.substr(0, padded.find('\0'));
    if (!is_good_name(name)) return bad("a fact has a bad name");
    facts.push_back({.name = std::string(name), .value = cursor.take_value<std::uint64_t>()});
  }
  return facts;
}

base::Result<std::vector<Segment>> take_segments(Cursor& cursor, std::size_t count) {
  Cursor heads(cursor.take(count * segment_head_bytes));
  std::vector<Segment> segments;
  std::uint64_t past = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = heads.take_value<std::uint64_t>();
    const auto size = heads.take_value<std::uint64_t>();
    if (!may_follow(past, start, size)) return bad("segments are empty, overlap or are out of order");
    if (size > cursor.left()) return bad("a segment is cut off");
    past = start + size;
    const auto bytes = std::as_bytes(std::span(cursor.take(size)));
    segments.push_back({.start = {start}, .bytes = {bytes.begin(), bytes.end()}});
  }
  return segments;
}

}  // namespace

std::optional<std::uint64_t> RecordedImage::fact(std::string_view name) const {
  const auto found = std::ranges::find(facts, name, &ImageFact::name);
  return found == facts.end() ? std::nullopt : std::optional(found->value);
}

base::Result<std::string> encode_image(const RecordedImage& image) {
  if (auto checked = check_for_writing(image); !checked) return base::fail(std::move(checked).error());
  std::string out(magic);
  append(out, static_cast<std::uint32_t>(image.facts.size()));
  append(out, static_cast<std::uint32_t>(image.segments.size()));
  for (const auto& fact : image.facts) {
    out += fact.name;
    out.append(max_fact_name_bytes - fact.name.size(), '\0');
    append(out, fact.value);
  }
  for (const auto& segment : image.segments) {
    append(out, segment.start.value);
    append(out, std::uint64_t{segment.bytes.size()});
  }
  for (const auto& segment : image.segments) {
    out.append(reinterpret_cast<const char*>(segment.bytes.data()), segment.bytes.size());
  }
  return out;
}

base::Result<RecordedImage> decode_image(std::string_view file) {
  Cursor cursor(file);
  if (cursor.left() < magic.size() + 2 * sizeof(std::uint32_t)) return bad("it is too short");
  if (cursor.take(magic.size()) != magic) return bad("it is no image, or of another version");
  const std::size_t facts = cursor.take_value<std::uint32_t>();
  const std::size_t segments = cursor.take_value<std::uint32_t>();
  constexpr const char* doing = "read a memory image";
  if (facts > max_image_facts) return refused(ErrorCode::limit, doing, "too many facts");
  if (segments > max_image_segments) return refused(ErrorCode::limit, doing, "too many segments");
  if (cursor.left() < facts * fact_bytes + segments * segment_head_bytes) return bad("its tables are cut off");
  auto read_facts = take_facts(cursor, facts);
  if (!read_facts) return base::fail(std::move(read_facts).error());
  auto read_segments = take_segments(cursor, segments);
  if (!read_segments) return base::fail(std::move(read_segments).error());
  if (cursor.left() != 0) return bad("bytes are left over");
  return RecordedImage{.facts = std::move(*read_facts), .segments = std::move(*read_segments)};
}

base::Result<void> write_image(const std::string& path, const RecordedImage& image) {
  constexpr const char* doing = "write a memory image";
  auto bytes = encode_image(image);
  if (!bytes) return base::fail(std::move(bytes).error());
  auto file = base::open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, doing, file_mode);
  if (!file) return base::fail(std::move(file).error());
  std::size_t written = 0;
  return base::write_all(file->get(), *bytes, doing, written);
}

base::Result<RecordedImage> read_image(const std::string& path) {
  auto bytes = base::read_file(AT_FDCWD, path, max_image_bytes, "read a memory image");
  if (!bytes) return base::fail(std::move(bytes).error());
  auto image = decode_image(*bytes);
  if (image) return image;
  base::Error error = image.error();
  error.path = path;
  return base::fail(std::move(error));
}

}  // namespace tidemark::memory
