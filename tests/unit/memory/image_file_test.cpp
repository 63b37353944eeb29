#include "tidemark/memory/image_file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <limits>

using namespace tidemark::memory;
using tidemark::base::ErrorCode;

namespace {

constexpr std::size_t counts_at = 8;  // after the magic: facts, segments
constexpr std::size_t facts_at = 16;

RecordedImage two_segments() {
  return {.facts = {{"runtime", 0x7f0012340000}, {"minor", 11}},
          .segments = {{.start = {0x1000}, .bytes = std::vector<std::byte>(5, std::byte{0xaa})},
                       {.start = {0x1005}, .bytes = std::vector<std::byte>(3, std::byte{0xbb})}}};
}

std::string encoded(const RecordedImage& image) {
  auto file = encode_image(image);
  REQUIRE(file);
  return *file;
}

template <class T>
std::string with(std::string file, std::size_t at, T value) {
  std::memcpy(file.data() + at, &value, sizeof(T));
  return file;
}

ErrorCode refusal(const std::string& file) {
  const auto image = decode_image(file);
  REQUIRE_FALSE(image);
  return image.error().code;
}

ErrorCode refusal(const RecordedImage& image) {
  const auto file = encode_image(image);
  REQUIRE_FALSE(file);
  return file.error().code;
}

}  // namespace

TEST_CASE("an image comes back as it was written") {
  const RecordedImage image = two_segments();
  const auto back = decode_image(encoded(image));
  REQUIRE(back);
  CHECK(back->facts == image.facts);
  REQUIRE(back->segments.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(back->segments[i].start == image.segments[i].start);
    CHECK(back->segments[i].bytes == image.segments[i].bytes);
  }
  CHECK(back->fact("minor") == 11);
  CHECK_FALSE(back->fact("major"));
}

TEST_CASE("an empty image is an image") {
  const auto back = decode_image(encoded({}));
  REQUIRE(back);
  CHECK(back->segments.empty());
}

TEST_CASE("a file comes back from the disk; an error there names it") {
  char directory[] = "/tmp/tidemark-image-XXXXXX";
  REQUIRE(mkdtemp(directory) != nullptr);
  const std::string path = std::string(directory) + "/image";
  REQUIRE(write_image(path, two_segments()));
  const auto back = read_image(path);
  CHECK(back);
  CHECK(back->segments.size() == 2);
  REQUIRE(truncate(path.c_str(), 20) == 0);
  const auto cut = read_image(path);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().path == path);
  CHECK(unlink(path.c_str()) == 0);
  CHECK(read_image(path).error().code == ErrorCode::not_found);
  CHECK(rmdir(directory) == 0);
}

TEST_CASE("a file that is cut off anywhere, or goes on, is refused") {
  const std::string file = encoded(two_segments());
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK(refusal(file.substr(0, length)) == ErrorCode::malformed);
  CHECK(refusal(file + '\0') == ErrorCode::malformed);
}

TEST_CASE("counts and sizes beyond the file or the caps are refused before anything is allocated") {
  const std::string file = encoded(two_segments());
  CHECK(refusal(with<std::uint32_t>(file, counts_at, max_image_facts + 1)) == ErrorCode::limit);
  CHECK(refusal(with<std::uint32_t>(file, counts_at + 4, max_image_segments + 1)) == ErrorCode::limit);
  CHECK(refusal(with<std::uint32_t>(file, counts_at + 4, max_image_segments)) == ErrorCode::malformed);
  const std::size_t size_at = facts_at + 2 * (max_fact_name_bytes + 8) + 8;
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{6}, std::uint64_t{1} << 40, std::numeric_limits<std::uint64_t>::max()}) {
    CHECK(refusal(with(file, size_at, size)) == ErrorCode::malformed);
  }
}

TEST_CASE("another version and bad names are refused") {
  const std::string file = encoded(two_segments());
  CHECK(refusal(with(file, 7, '\x02')) == ErrorCode::malformed);
  CHECK(refusal(with(file, facts_at, '\n')) == ErrorCode::malformed);
  CHECK(refusal(with(file, facts_at, '\0')) == ErrorCode::malformed);
}

TEST_CASE("segments must be in order, apart, not empty and inside the address space, both ways") {
  RecordedImage image = two_segments();
  std::swap(image.segments[0], image.segments[1]);
  CHECK(refusal(image) == ErrorCode::malformed);
  image = two_segments();
  image.segments[1].start = {0x1004};
  CHECK(refusal(image) == ErrorCode::malformed);
  image.segments[1] = {.start = {std::numeric_limits<std::uint64_t>::max() - 1}, .bytes = std::vector<std::byte>(3)};
  CHECK(refusal(image) == ErrorCode::malformed);
  image.segments[1].bytes.clear();
  CHECK(refusal(image) == ErrorCode::malformed);
  const std::size_t second_start_at = facts_at + 2 * (max_fact_name_bytes + 8) + 16;
  CHECK(refusal(with<std::uint64_t>(encoded(two_segments()), second_start_at, 0x1004)) == ErrorCode::malformed);
}

TEST_CASE("what passes a cap or has a bad name is not written") {
  RecordedImage image;
  image.facts.assign(max_image_facts + 1, {"fact", 1});
  CHECK(refusal(image) == ErrorCode::limit);
  for (const char* name : {"", "two words", "a name of more than twenty-four"}) {
    CHECK(refusal(RecordedImage{.facts = {{name, 1}}, .segments = {}}) == ErrorCode::malformed);
  }
}
