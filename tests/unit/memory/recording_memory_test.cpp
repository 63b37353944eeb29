#include "tidemark/memory/recording_memory.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <random>

using tidemark::base::Address;
using tidemark::base::ErrorCode;
using tidemark::memory::ImageMemory;
using tidemark::memory::ReadRequest;
using tidemark::memory::RecordingMemory;
using tidemark::memory::Segment;

namespace {

constexpr std::uint64_t start = 0x1000;
constexpr std::size_t size = 256;

/// Every byte is the low byte of its own address.
struct Recorded {
  Recorded() {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i);
    REQUIRE(source.add({.start = {start}, .bytes = bytes}));
  }

  void read(std::uint64_t from, std::size_t count) const {
    std::vector<std::byte> into(count);
    REQUIRE(recording.read({start + from}, into));
  }

  ImageMemory source;
  RecordingMemory recording{source};
};

/// Where each segment begins in the source, and how long it is.
std::vector<std::pair<std::uint64_t, std::size_t>> shape(const std::vector<Segment>& segments) {
  std::vector<std::pair<std::uint64_t, std::size_t>> shape;
  for (const auto& segment : segments) shape.emplace_back(segment.start.value - start, segment.bytes.size());
  return shape;
}

}  // namespace

TEST_CASE_FIXTURE(Recorded, "what was read is kept, and nothing else") {
  read(16, 8);
  read(64, 4);
  const auto segments = recording.segments();
  CHECK(shape(segments) == std::vector<std::pair<std::uint64_t, std::size_t>>{{16, 8}, {64, 4}});
  CHECK(segments[0].bytes[1] == std::byte{17});
  CHECK(segments[1].bytes[3] == std::byte{67});
}

TEST_CASE_FIXTURE(Recorded, "pieces that touch or overlap become one") {
  read(32, 8);
  read(48, 8);
  read(40, 4);  // touches the first
  CHECK(shape(recording.segments()) == std::vector<std::pair<std::uint64_t, std::size_t>>{{32, 12}, {48, 8}});
  read(30, 40);  // covers both
  CHECK(shape(recording.segments()) == std::vector<std::pair<std::uint64_t, std::size_t>>{{30, 40}});
}

TEST_CASE_FIXTURE(Recorded, "bytes that change are kept as they were the last time") {
  read(32, 8);
  REQUIRE(source.overwrite({start + 34}, std::array{std::byte{0xee}}));
  read(34, 1);
  CHECK(recording.segments().at(0).bytes[2] == std::byte{0xee});
}

TEST_CASE_FIXTURE(Recorded, "errors are passed through and what failed is not kept") {
  std::array<std::byte, 16> into;
  const auto failed = recording.read({start + size - 8}, into);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::fault);
  CHECK(failed.error().address == Address{start + size});
  std::array<std::byte, 4> first, second;
  std::array<ReadRequest, 2> requests{{{.from = {start + 8}, .into = first}, {.from = {start + size}, .into = second}}};
  recording.read_many(requests);
  CHECK(requests[0].status);
  CHECK_FALSE(requests[1].status);
  CHECK(shape(recording.segments()) == std::vector<std::pair<std::uint64_t, std::size_t>>{{8, 4}});
}

TEST_CASE_FIXTURE(Recorded, "whatever is read in whatever order, the segments are apart and hold the source's bytes") {
  std::mt19937 random(7);
  std::array<bool, size> was_read{};
  for (int i = 0; i < 60; ++i) {
    const std::size_t count = random() % 9;
    const std::size_t from = random() % (size - count);
    read(from, count);
    for (std::size_t k = from; k < from + count; ++k) was_read[k] = true;
    std::array<bool, size> kept{};
    std::uint64_t past = 0;
    for (const auto& segment : recording.segments()) {
      CHECK(segment.start.value > past);
      past = segment.start.value + segment.bytes.size();
      for (std::size_t k = 0; k < segment.bytes.size(); ++k) {
        const std::size_t at = segment.start.value - start + k;
        kept[at] = true;
        CHECK(segment.bytes[k] == static_cast<std::byte>(at));
      }
    }
    CHECK(kept == was_read);
  }
}

TEST_CASE("what passes the cap is given to the reader and counted") {
  ImageMemory source;
  REQUIRE(source.add({.start = {start}, .bytes = std::vector<std::byte>(tidemark::memory::max_kept_bytes + 32)}));
  const RecordingMemory recording(source);
  std::vector<std::byte> into(tidemark::memory::max_kept_bytes - 4);
  REQUIRE(recording.read({start}, into));
  CHECK(recording.dropped_bytes() == 0);
  std::array<std::byte, 16> more;
  REQUIRE(recording.read({start + into.size() + 8}, more));
  CHECK(recording.dropped_bytes() == 16);
  CHECK(recording.segments().size() == 1);
}
