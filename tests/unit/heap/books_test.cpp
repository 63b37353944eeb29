// Claims, raw chunks, the bag of pointers, the book of rows.
#include "detail/books.hpp"

#include <random>

#include "detail/claims.hpp"
#include "detail/raw_chunks.hpp"
#include "fake_space.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;
using model::HeapOwner;

TEST_CASE("a later claim gets what is left") {
  Claims claims;
  CHECK(are(claims.claim({100, 200}), {{100, 200}}));
  CHECK(are(claims.claim({300, 400}), {{300, 400}}));
  CHECK(are(claims.left_of({150, 350}), {{200, 300}}));
  CHECK(are(claims.claim({50, 500}), {{50, 100}, {200, 300}, {400, 500}}));
  CHECK(are(claims.claim({50, 500}), std::vector<Range>{}));
  CHECK(are(claims.left_of({0, 600}), {{0, 50}, {500, 600}}));
}

TEST_CASE("claims that touch become one; nothing is nothing") {
  Claims claims;
  CHECK(are(claims.claim({100, 200}), {{100, 200}}));
  CHECK(are(claims.claim({200, 300}), {{200, 300}}));
  CHECK(are(claims.claim({50, 100}), {{50, 100}}));
  CHECK(are(claims.left_of({50, 300}), std::vector<Range>{}));
  CHECK(are(claims.claim({400, 400}), std::vector<Range>{}));
  CHECK(are(claims.claim({500, 400}), std::vector<Range>{}));
  CHECK(are(claims.left_of({300, 600}), {{300, 600}}));
}

TEST_CASE("claims are those of a byte-by-byte account") {
  std::minstd_rand random(1);
  for (int round = 0; round < 200; ++round) {
    Claims claims;
    std::vector<bool> taken(256);
    for (int i = 0; i < 30; ++i) {
      const std::uint64_t start = random() % 250, end = std::min<std::uint64_t>(256, start + random() % 40);
      std::vector<bool> got(256);
      for (const auto& part : claims.claim({start, end})) {
        for (auto at = part.start; at < part.end; ++at) got[at] = true;
      }
      for (auto at = start; at < end; ++at) {
        REQUIRE(got[at] == !taken[at]);
        taken[at] = true;
      }
    }
  }
}

TEST_CASE("raw chunks come back as they were added, also when addresses go down") {
  const std::vector<RawChunk> chunks{{.address = 0x7f00'0000'1000, .bytes = 0x20},
                                     {.address = 0x7f00'0000'1020, .bytes = 0x20},
                                     {.address = 0x5500'0000'0000, .bytes = 0x7'0000'0000},
                                     {.address = 0x7fff'ffff'0000, .bytes = 0x1000, .is_mapped = true},
                                     {.address = 0x10, .bytes = 0}};
  RawChunks raw;
  for (const auto& chunk : chunks) raw.add(chunk);
  CHECK(raw.size() == chunks.size());
  std::size_t i = 0;
  raw.for_each([&](const RawChunk& chunk) {
    CHECK(chunk.address == chunks[i].address);
    CHECK(chunk.bytes == chunks[i].bytes);
    CHECK(chunk.is_mapped == chunks[i].is_mapped);
    ++i;
  });
  CHECK(i == chunks.size());
}

TEST_CASE("random raw chunks come back") {
  std::minstd_rand random(2);
  std::vector<RawChunk> chunks(5000);
  RawChunks raw;
  for (auto& chunk : chunks) {
    chunk.address = (std::uint64_t{random()} << 16 | random() % 65536) % (std::uint64_t{1} << 47) / 16 * 16;
    chunk.bytes = (std::uint64_t{random()} >> random() % 31) * 16;
    chunk.is_mapped = random() % 2 == 0;
    raw.add(chunk);
  }
  std::size_t i = 0;
  raw.for_each([&](const RawChunk& chunk) {
    REQUIRE(chunk.address == chunks[i].address);
    REQUIRE(chunk.bytes == chunks[i].bytes);
    REQUIRE(chunk.is_mapped == chunks[i++].is_mapped);
  });
}

TEST_CASE("a pointer to the beginning of a block counts before one into it") {
  PointerBag bag;
  bag.add(0x20008, 1);
  bag.add(0x20010, 2);
  bag.add(0x20000, 3);
  bag.add(0x30040, 4);
  bag.add(0x30010, 5);
  bag.add(0x30008, 6);
  bag.sort();
  PointerBag::Pointer found;
  REQUIRE(bag.find(0x20000, 0x20020, found));
  CHECK(found.type == 3);
  REQUIRE(bag.find(0x30000, 0x30080, found));
  CHECK(found.type == 5);  // what PYTHONMALLOC=debug makes of the beginning
  REQUIRE(bag.find(0x30018, 0x30080, found));
  CHECK(found.type == 4);
  REQUIRE(bag.find(0x30000, 0x30010, found));
  CHECK(found.type == 6);
  CHECK_FALSE(bag.find(0x30048, 0x40000, found));
  CHECK_FALSE(bag.find(0x20018, 0x30000, found));
}

TEST_CASE("what cannot be an address is no pointer; the same one counts once") {
  PointerBag bag;
  for (const std::uint64_t address :
       {std::uint64_t{0}, std::uint64_t{0x20001}, std::uint64_t{0xfff8}, std::uint64_t{1} << 47, ~std::uint64_t{7}}) {
    bag.add(address, 1);
  }
  CHECK(bag.size() == 0);
  bag.add((std::uint64_t{1} << 47) - 8, 0xfffff);
  bag.add((std::uint64_t{1} << 47) - 8, 0xfffff);
  bag.sort();
  REQUIRE(bag.size() == 1);
  bag.for_each([](const PointerBag::Pointer& one) {
    CHECK(one.address == (std::uint64_t{1} << 47) - 8);
    CHECK(one.type == 0xfffff);
  });
}

TEST_CASE("a bag that is full makes room by what it has twice, and counts the rest") {
  PointerBag bag;
  for (std::size_t i = 0; i < PointerBag::most_pointers; ++i) bag.add(0x20000 + i / 2 * 8, 1);
  CHECK(bag.size() == PointerBag::most_pointers);
  bag.add(0x20000, 1);
  CHECK(bag.size() == PointerBag::most_pointers / 2 + 1);
  for (std::size_t i = 0; i < PointerBag::most_pointers; ++i) bag.add(0x4000'0000 + i * 8, 1);
  CHECK(bag.size() == PointerBag::most_pointers);
  CHECK(bag.left_out() == PointerBag::most_pointers / 2);
}

TEST_CASE("rows are by owner, then largest first; what has no bytes is none") {
  RowBook book;
  book.add(HeapOwner::mapped_files, "/b", tally_of(10, 0));
  book.add(HeapOwner::mapped_files, "/a", tally_of(20, 5, 3), 2);
  book.add(HeapOwner::mapped_files, "/b", tally_of(5, 0));
  book.add(HeapOwner::python_malloc, "str", tally_of(0, 0, 7));
  book.add(HeapOwner::kernel, "[vvar]", tally_of(0, 0));
  const auto rows = book.rows();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == model::HeapRow{.owner = HeapOwner::python_malloc, .detail = "str", .swap_bytes = 7, .count = 1});
  CHECK(rows[1] == model::HeapRow{.owner = HeapOwner::mapped_files,
                                  .detail = "/a",
                                  .bytes = 20,
                                  .private_bytes = 5,
                                  .swap_bytes = 3,
                                  .count = 2});
  CHECK(rows[2].bytes == 15);
  CHECK(rows[2].count == 2);
}
