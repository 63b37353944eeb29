// Offsets and sizes out of debug information against what the compiler says of the same types.
#include "tidemark/elf/dwarf.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "dwarf_types.hpp"
#include "tidemark/base/fd.hpp"

using tidemark::base::ErrorCode;
using tidemark::base::Fd;
using tidemark::elf::DwarfTypes;
using tidemark::elf::ElfFile;
using tidemark::elf::Member;

namespace {

constexpr std::array<std::string_view, 6> names{"tidemark_inner", "tidemark_outer",   "tidemark_kind",
                                                "tidemark_alias", "tidemark_unnamed", "tidemark_declared"};

ElfFile open_path(const std::string& path) {
  auto file = tidemark::base::open_at(AT_FDCWD, path, O_RDONLY, "open a file of the test");
  REQUIRE(file);
  auto opened = ElfFile::open(std::move(file).value());
  REQUIRE(opened);
  return std::move(opened).value();
}

std::string fixture(const char* kind) { return std::string(TIDEMARK_DWARF_FIXTURES) + "/dwarf_" + kind + ".so"; }

void check_member(const DwarfTypes& types, std::string_view type, std::string_view path, std::size_t offset,
                  std::optional<std::uint64_t> size) {
  CAPTURE(path);
  const auto member = types.member(type, path);
  REQUIRE(member);
  CHECK(member->offset == offset);
  CHECK(member->size_bytes == size);
}

#define CHECK_MEMBER(type, member) \
  check_member(*types, #type, #member, offsetof(type, member), sizeof(static_cast<type*>(nullptr)->member))

std::string bytes_of(const std::string& path) {
  auto file = tidemark::base::open_at(AT_FDCWD, path, O_RDONLY, "open a file of the test");
  REQUIRE(file);
  std::string bytes;
  std::array<char, 65536> part;
  for (;;) {
    const ssize_t got = ::read(file->get(), part.data(), part.size());
    REQUIRE(got >= 0);
    if (got == 0) return bytes;
    bytes.append(part.data(), static_cast<std::size_t>(got));
  }
}

/// A file that is in memory only.
Fd file_with(const std::string& bytes) {
  Fd file(::memfd_create("damaged", MFD_CLOEXEC));
  REQUIRE(file.is_open());
  std::size_t written = 0;
  REQUIRE(tidemark::base::write_all(file.get(), bytes, "write a file of the test", written));
  return file;
}

}  // namespace

TEST_CASE("members, sizes and enumerators are what the compiler says") {
  for (const char* kind : {"4", "5", "zlib"}) {
    CAPTURE(kind);
    const ElfFile file = open_path(fixture(kind));
    const auto types = DwarfTypes::read(file, names);
    REQUIRE(types);
    CHECK_MEMBER(tidemark_inner, small);
    CHECK_MEMBER(tidemark_inner, wide);
    CHECK_MEMBER(tidemark_alias, wide);
    CHECK_MEMBER(tidemark_outer, name);
    CHECK_MEMBER(tidemark_outer, inner.wide);
    CHECK_MEMBER(tidemark_outer, list);
    CHECK_MEMBER(tidemark_outer, list[3].wide);
    CHECK_MEMBER(tidemark_outer, whole);
    CHECK_MEMBER(tidemark_outer, low);
    CHECK_MEMBER(tidemark_outer, high);
    CHECK_MEMBER(tidemark_outer, bits);
    CHECK_MEMBER(tidemark_outer, next);
    CHECK_MEMBER(tidemark_outer, kind);
    CHECK_MEMBER(tidemark_outer, grid);
    CHECK_MEMBER(tidemark_unnamed, end[7]);
    check_member(*types, "tidemark_outer", "rest", offsetof(tidemark_outer, rest), std::nullopt);
    CHECK(types->size_of("tidemark_outer") == sizeof(tidemark_outer));
    CHECK(types->size_of("tidemark_unnamed") == sizeof(tidemark_unnamed));
    CHECK(types->enumerator("tidemark_kind", "tidemark_first") == 3);
    CHECK(types->enumerator("tidemark_kind", "tidemark_last") == 200);
    CHECK(types->enumerator("tidemark_kind", "tidemark_none") == -1);
  }
}

TEST_CASE("what is not there has no offset") {
  const ElfFile file = open_path(fixture("5"));
  const auto types = DwarfTypes::read(file, names);
  REQUIRE(types);
  for (const char* path : {"", "none", ".", "inner.", ".inner", "inner.none", "next.next", "name.x", "list[5]", "list[",
                           "list]", "list[-1]", "list[x]", "inner[0]", "inner.wide.wide", "list[3]wide"}) {
    CAPTURE(path);
    CHECK_FALSE(types->member("tidemark_outer", path));
  }
  CHECK_FALSE(types->member("tidemark_declared", "x"));
  CHECK_FALSE(types->size_of("tidemark_declared"));
  CHECK_FALSE(types->size_of("tidemark_never_asked_for"));
  CHECK_FALSE(types->enumerator("tidemark_kind", "none"));
  CHECK_FALSE(types->enumerator("tidemark_outer", "name"));
}

TEST_CASE("a file without debug information says so") {
  const ElfFile file = open_path("/bin/true");
  const auto types = DwarfTypes::read(file, names);
  REQUIRE_FALSE(types);
  CHECK(types.error().code == ErrorCode::not_found);
}

TEST_CASE("what dwz has moved to another file is read when that file is at hand, and never looked for") {
  const std::string main = std::string(TIDEMARK_DWARF_FIXTURES) + "/dwz_a.so";
  if (::access(main.c_str(), R_OK) != 0) {
    MESSAGE("skipped: no dwz when this was configured");
    return;
  }
  const ElfFile file = open_path(main);
  const auto link = DwarfTypes::alternate_link(file);
  REQUIRE(link);
  CHECK(link->path == "dwz_common.debug");
  const auto alone = DwarfTypes::read(file, names);
  REQUIRE_FALSE(alone);
  CHECK(alone.error().code == ErrorCode::not_found);
  const ElfFile common = open_path(std::string(TIDEMARK_DWARF_FIXTURES) + "/" + link->path);
  CHECK(common.build_id().value() == link->build_id);
  const auto types = DwarfTypes::read(file, names, &common);
  REQUIRE(types);
  CHECK_MEMBER(tidemark_outer, inner.wide);
  CHECK(types->size_of("tidemark_outer") == sizeof(tidemark_outer));
}

TEST_CASE("a file that names no alternate one") {
  const auto link = DwarfTypes::alternate_link(open_path(fixture("5")));
  REQUIRE_FALSE(link);
  CHECK(link.error().code == ErrorCode::not_found);
}

TEST_CASE("damaged debug information ends in an error or in another value, and it ends") {
  constexpr int copies = 400;
  for (const char* kind : {"4", "5", "zlib"}) {
    const std::string whole = bytes_of(fixture(kind));
    std::mt19937 random(20261127);
    std::uniform_int_distribution<std::size_t> place(64, whole.size() - 1);
    std::uniform_int_distribution<int> value(0, 255);
    for (int copy = 0; copy < copies; ++copy) {
      std::string damaged = whole;
      for (int i = 0; i <= copy % 16; ++i) damaged[place(random)] = static_cast<char>(value(random));
      const auto file = ElfFile::open(file_with(damaged));
      if (!file) continue;
      const auto types = DwarfTypes::read(*file, names);
      if (!types) continue;
      const auto member = types->member("tidemark_outer", "list[3].wide");
      if (member) CHECK(member->offset < (std::uint64_t{1} << 41));
      (void)types->size_of("tidemark_unnamed");
      (void)types->enumerator("tidemark_kind", "tidemark_last");
    }
  }
}

TEST_CASE("a section that says it is larger than the cap is not made large") {
  // A compressed section begins with Elf64_Chdr: type, reserved, size, alignment.
  std::string bytes = bytes_of(fixture("zlib"));
  const std::array<unsigned char, 8> head{1, 0, 0, 0, 0, 0, 0, 0};  // ELFCOMPRESS_ZLIB
  int changed = 0;
  for (std::size_t at = 64; at + 24 < bytes.size(); at += 1) {
    const bool is_head = std::memcmp(bytes.data() + at, head.data(), head.size()) == 0 &&
                         static_cast<unsigned char>(bytes[at + 24]) == 0x78;  // of a zlib stream
    if (!is_head) continue;
    const std::uint64_t size = std::uint64_t{1} << 40;
    std::memcpy(bytes.data() + at + 8, &size, sizeof(size));
    ++changed;
  }
  REQUIRE(changed > 0);
  const auto file = ElfFile::open(file_with(bytes));
  REQUIRE(file);
  const auto types = DwarfTypes::read(*file, names);
  REQUIRE_FALSE(types);
  CHECK(types.error().code == ErrorCode::limit);
}
