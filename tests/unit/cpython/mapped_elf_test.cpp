// Symbols out of memory: the C library of this process, whose own look-up says where they are.
#include "locate/mapped_elf.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>

#include <cstring>
#include <random>
#include <string>

#include "fake_module.hpp"
#include "locate/module.hpp"
#include "tidemark/memory/image_memory.hpp"

using namespace tidemark;
using cpython::MappedElf;

namespace {

/// What this process has mapped of its C library, copied.
struct Library {
  base::Address start;
  std::string path;
  memory::ImageMemory image;

  Library() {
    const auto regions = cpython::test::own_process().maps();
    REQUIRE(regions);
    for (const auto& region : *regions) {
      if (proc::file_name_of(region.path) != "libc.so.6" || !region.readable) continue;
      if (region.offset == 0) {
        start = {region.start};
        path = region.path;
      }
      const auto* bytes = reinterpret_cast<const std::byte*>(region.start);  // NOLINT: our own memory
      REQUIRE(image.add({.start = {region.start}, .bytes = {bytes, bytes + region.size()}}));
    }
    REQUIRE_FALSE(start.is_null());
  }

  [[nodiscard]] MappedElf open() const {
    auto opened = MappedElf::open(start, image);
    REQUIRE(opened);
    return std::move(*opened);
  }

  /// The place of its dynamic section, and how many entries it has.
  [[nodiscard]] std::pair<base::Address, std::size_t> dynamic() const {
    const auto header = image.read_value<Elf64_Ehdr>(start);
    REQUIRE(header);
    for (std::size_t i = 0; i < header->e_phnum; ++i) {
      const auto one = image.read_value<Elf64_Phdr>(start.plus(header->e_phoff + i * sizeof(Elf64_Phdr)));
      REQUIRE(one);
      if (one->p_type == PT_DYNAMIC) return {start.plus(one->p_vaddr), one->p_memsz / sizeof(Elf64_Dyn)};
    }
    FAIL("no dynamic section");
    return {};
  }

  /// Overwrites the tag of an entry with one that nobody knows.
  void forget(std::int64_t tag) {
    const auto [at, count] = dynamic();
    for (std::size_t i = 0; i < count; ++i) {
      auto entry = image.read_value<Elf64_Dyn>(at.plus(i * sizeof(Elf64_Dyn)));
      REQUIRE(entry);
      if (entry->d_tag != tag) continue;
      entry->d_tag = 0x6ffffff0 - 1000;
      REQUIRE(image.overwrite(at.plus(i * sizeof(Elf64_Dyn)), std::as_bytes(std::span(&*entry, 1))));
      return;
    }
    FAIL("no such tag");
  }
};

constexpr std::array<const char*, 5> names{"malloc", "getenv", "environ", "stdout", "fork"};

void check_names(const Library& library) {
  const MappedElf elf = library.open();
  CHECK(elf.bias() == library.start.value);
  // Of the library itself: a sanitizer's own functions come first otherwise.
  void* const loaded = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  REQUIRE(loaded != nullptr);
  for (const char* name : names) {
    CAPTURE(name);
    const auto symbol = elf.symbol(name, library.image);
    REQUIRE(symbol);
    CHECK(symbol->address + elf.bias() == reinterpret_cast<std::uint64_t>(::dlsym(loaded, name)));
  }
  for (const char* name : {"mallo", "mallocc", "_PyRuntime", ""}) {
    const auto none = elf.symbol(name, library.image);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == base::ErrorCode::not_found);
  }
}

}  // namespace

TEST_CASE("names are found where the loader finds them, by either kind of hash table") {
  Library library;
  check_names(library);
  Library with_gnu_hash_only;
  with_gnu_hash_only.forget(DT_HASH);
  check_names(with_gnu_hash_only);
  Library with_hash_only;
  with_hash_only.forget(DT_GNU_HASH);
  check_names(with_hash_only);
  with_hash_only.forget(DT_HASH);
  CHECK_FALSE(with_hash_only.open().symbol("malloc", with_hash_only.image));
}

TEST_CASE("its build-id is the file's") {
  const Library library;
  auto file = base::open_at(AT_FDCWD, library.path, 0, "open libc");
  REQUIRE(file);
  const auto elf = elf::ElfFile::open(std::move(*file));
  REQUIRE(elf);
  CHECK(library.open().build_id(library.image).value_or("") == elf->build_id().value_or("none"));
}

TEST_CASE("what is no ELF file, or whose headers are not there") {
  memory::ImageMemory image;
  REQUIRE(image.add({.start = {0x10000}, .bytes = std::vector<std::byte>(4096)}));
  CHECK(MappedElf::open({0x10000}, image).error().code == base::ErrorCode::malformed);
  CHECK(MappedElf::open({0x90000}, image).error().code == base::ErrorCode::fault);
}

TEST_CASE("hostile headers, hash tables and symbols end in an error or in a name, never in a walk without end") {
  std::mt19937 random(5);
  Library library;
  const auto [dynamic, count] = library.dynamic();
  int wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    // The first pages (headers, notes, hash tables) and the dynamic section, one word at a time.
    const bool in_dynamic = round % 2 == 0;
    const std::uint64_t span = in_dynamic ? count * sizeof(Elf64_Dyn) : 64 * 1024;
    const base::Address at = (in_dynamic ? dynamic : library.start).plus(random() % (span / 4) * 4);
    const auto old = library.image.read_value<std::uint32_t>(at);
    if (!old) continue;
    const std::uint32_t value = random() % 3 == 0 ? ~std::uint32_t{0} : static_cast<std::uint32_t>(random());
    REQUIRE(library.image.overwrite(at, std::as_bytes(std::span(&value, 1))));
    const auto opened = MappedElf::open(library.start, library.image);
    if (!opened || !opened->symbol("malloc", library.image)) ++wrong;
    if (opened) static_cast<void>(opened->build_id(library.image));
    REQUIRE(library.image.overwrite(at, std::as_bytes(std::span(&*old, 1))));
  }
  CHECK(wrong > 0);
  check_names(library);
}
