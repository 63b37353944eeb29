#include "tidemark/memory/image_memory.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>

using tidemark::base::Address;
using tidemark::base::ErrorCode;
using tidemark::memory::ImageMemory;
using tidemark::memory::ReadRequest;

namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

struct TwoTouchingSegments {
  TwoTouchingSegments() {
    REQUIRE(image.add({.start = {0x1004}, .bytes = bytes_of({5, 6, 7, 8})}));
    REQUIRE(image.add({.start = {0x1000}, .bytes = bytes_of({1, 2, 3, 4})}));
  }
  ImageMemory image;
};

}  // namespace

TEST_CASE_FIXTURE(TwoTouchingSegments, "a read may cross from one segment into the one that touches it") {
  const auto value = image.read_value<std::uint32_t>({0x1002});
  REQUIRE(value);
  CHECK(*value == 0x06050403);
}

TEST_CASE_FIXTURE(TwoTouchingSegments, "the error of a read names the first byte that is missing") {
  std::array<std::byte, 16> into;
  const auto read = image.read({0x1004}, into);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::fault);
  CHECK(read.error().address == Address{0x1008});
}

TEST_CASE_FIXTURE(TwoTouchingSegments, "each request of a vectored read has its own status") {
  std::array<std::byte, 2> first, second, third;
  std::array<ReadRequest, 3> requests{
      {{.from = {0x1000}, .into = first}, {.from = {0x2000}, .into = second}, {.from = {0x1006}, .into = third}}};
  image.read_many(requests);
  CHECK(requests[0].status);
  CHECK_FALSE(requests[1].status);
  CHECK(requests[2].status);
  CHECK(third == std::array{std::byte{7}, std::byte{8}});
}

TEST_CASE_FIXTURE(TwoTouchingSegments, "segments that overlap or pass the end are refused") {
  CHECK_FALSE(image.add({.start = {0x0fff}, .bytes = bytes_of({1, 2})}));
  CHECK_FALSE(image.add({.start = {0x1007}, .bytes = bytes_of({1})}));
  CHECK_FALSE(image.add({.start = {std::numeric_limits<std::uint64_t>::max()}, .bytes = bytes_of({1, 2})}));
  CHECK(image.segments().size() == 2);
}

TEST_CASE_FIXTURE(TwoTouchingSegments, "overwriting stays inside one segment") {
  CHECK(image.overwrite({0x1002}, bytes_of({9, 10})));
  CHECK(image.read_value<std::uint16_t>({0x1002}).value_or(0) == 0x0a09);
  CHECK_FALSE(image.overwrite({0x1003}, bytes_of({1, 2})));
  CHECK_FALSE(image.overwrite({0x3000}, bytes_of({1})));
}
