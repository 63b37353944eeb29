#include "tidemark/memory/copied_memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>

using namespace tidemark;
using namespace tidemark::memory;
using base::Address;
using base::ErrorCode;

namespace {

/// Memory without end whose words are made of their address; a read that touches a hole fails.
class Pattern final : public MemorySource {
 public:
  explicit Pattern(std::uint64_t salt) : salt_(salt) {}

  [[nodiscard]] base::Result<void> read(Address from, std::span<std::byte> into) const override {
    ++reads;
    for (const auto hole : holes) {
      if (hole < from.value || hole - from.value >= into.size()) continue;
      return base::fail(base::Error{.code = ErrorCode::gone, .doing = "read a pattern", .address = {hole}});
    }
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = at(from.value + i);
    return {};
  }
  [[nodiscard]] std::byte at(std::uint64_t address) const {
    return static_cast<std::byte>((address * 0x9e37'79b9'7f4a'7c15 >> 40) ^ salt_);
  }

  std::vector<std::uint64_t> holes;
  mutable int reads = 0;

 private:
  std::uint64_t salt_;
};

constexpr std::uint64_t mib = 1 << 20;

struct Copy {
  explicit Copy(const std::vector<CopyRange>& ranges, const MemorySource* behind = nullptr,
                std::vector<std::uint64_t> holes = {}, std::uint64_t room = 0) {
    auto prepared = CopiedMemory::prepare(room, behind);
    REQUIRE(prepared);
    copy = std::move(*prepared);
    from.holes = std::move(holes);
    REQUIRE(copy->copy(from, ranges));
  }
  /// Whether these bytes are those of `source`.
  [[nodiscard]] bool has(const Pattern& source, std::uint64_t start, std::size_t bytes) const {
    std::vector<std::byte> into(bytes);
    if (!copy->read({start}, into)) return false;
    for (std::size_t i = 0; i < bytes; ++i) {
      if (into[i] != source.at(start + i)) return false;
    }
    return true;
  }
  [[nodiscard]] base::Error error_of(std::uint64_t start, std::size_t bytes) const {
    std::vector<std::byte> into(bytes);
    const auto read = copy->read({start}, into);
    REQUIRE_FALSE(read);
    return read.error();
  }

  Pattern from{1};
  std::unique_ptr<CopiedMemory> copy;
};

}  // namespace

TEST_CASE("a copy has what was asked for, and nothing else") {
  const Copy made({{{0x1000}, 0x1000}, {{0x2000}, 0x800}, {{0x9000}, 0x1000}});
  CHECK(made.copy->bytes_copied() == 0x2800);
  CHECK(made.copy->bytes_lost() == 0);
  CHECK(made.has(made.from, 0x1000, 0x1000));
  CHECK(made.has(made.from, 0x1ff0, 0x20));  // across parts that touch
  CHECK(made.has(made.from, 0x9fff, 1));
  CHECK(made.has(made.from, 0x9000, 0));
  CHECK(made.error_of(0xfff, 1).code == ErrorCode::absent);
  CHECK(made.error_of(0x27f0, 0x20).address == Address{0x2800});
  CHECK(made.error_of(0x9ff0, 0x20).address == Address{0xa000});
  CHECK(made.error_of(~std::uint64_t{0} - 8, 4).code == ErrorCode::absent);
  CHECK(made.error_of(0, 8).address == Address{0});
}

TEST_CASE("what is not in the copy is read from behind it") {
  const Pattern behind(7);
  const Copy made({{{0x1000}, 0x1000}, {{0x3000}, 0x1000}}, &behind);
  CHECK(made.has(made.from, 0x1000, 0x1000));
  CHECK(made.has(behind, 0x2000, 0x1000));
  CHECK(made.has(behind, 0, 0x1000));
  CHECK(made.has(behind, 0x4000, 0x10));
  std::vector<std::byte> across(0x4000);
  REQUIRE(made.copy->read({0x0800}, across));
  CHECK(across[0x7ff] == behind.at(0xfff));
  CHECK(across[0x800] == made.from.at(0x1000));
  CHECK(across[0x1800] == behind.at(0x2000));
  CHECK(across[0x2800] == made.from.at(0x3000));
  CHECK(across[0x3fff] == behind.at(0x47ff));
}

TEST_CASE("behind a copy that reads nothing, all is behind") {
  const Pattern behind(7);
  const Copy made({}, &behind);
  CHECK(made.has(behind, 0x1000, 0x1000));
  CHECK(made.copy->bytes_copied() == 0);
  const Copy nothing({});
  CHECK(nothing.error_of(0x1000, 1).code == ErrorCode::absent);
}

TEST_CASE("a part that could not be read is lost, not made up and not taken from behind") {
  const Pattern behind(7);
  const Copy made({{{0x1000}, 0x1000}, {{0x2000}, 0x1000}, {{0x3000}, 0x1000}}, &behind, {0x2abc});
  CHECK(made.copy->bytes_copied() == 0x2000);
  CHECK(made.copy->bytes_lost() == 0x1000);
  CHECK(made.has(made.from, 0x1000, 0x1000));
  CHECK(made.has(made.from, 0x3000, 0x1000));
  const auto error = made.error_of(0x1ff0, 0x20);
  CHECK(error.code == ErrorCode::absent);
  CHECK(error.address == Address{0x2000});
}

TEST_CASE("of a long range only the part is lost that could not be read") {
  const Copy made({{{mib}, 12 * mib}}, nullptr, {mib + 5 * mib});
  CHECK(made.copy->bytes_lost() == 4 * mib);
  CHECK(made.has(made.from, mib, 4 * mib));
  CHECK(made.has(made.from, 9 * mib, 4 * mib));
  CHECK(made.error_of(9 * mib - 1, 2).code == ErrorCode::absent);
}

TEST_CASE("a copy that passes its room gets more") {
  const Copy made({{{0x1000}, 30 * mib}, {{64 * mib}, 70 * mib}, {{256 * mib + 0x1000}, 0x1000}}, nullptr, {}, 4096);
  CHECK(made.copy->bytes_copied() == 100 * mib + 0x1000);
  CHECK(made.copy->bytes_lost() == 0);
  for (const std::uint64_t at :
       {std::uint64_t{0x1000}, 29 * mib, 64 * mib, 99 * mib, 134 * mib - 0x1000, 256 * mib + 0x1000}) {
    CHECK(made.has(made.from, at, 0x1000));
  }
}

TEST_CASE("reads of a vector have their own status") {
  const Copy made({{{0x1000}, 0x1000}});
  std::array<std::byte, 8> first, second;
  std::array<ReadRequest, 2> requests{{{.from = {0x1800}, .into = first}, {.from = {0x2800}, .into = second}}};
  made.copy->read_many(requests);
  CHECK(requests[0].status);
  CHECK_FALSE(requests[1].status);
}
