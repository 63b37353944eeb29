// The files read are real ones: the C library that this test runs with, and damaged copies of a small program.
#include "tidemark/elf/elf_file.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tidemark/base/fd.hpp"

using tidemark::base::ErrorCode;
using tidemark::base::Fd;
using tidemark::elf::ElfFile;
using tidemark::elf::LoadSegment;
using tidemark::elf::MappedPart;

namespace {

Fd open_path(const std::string& path) {
  auto opened = tidemark::base::open_at(AT_FDCWD, path, O_RDONLY, "open a file of the test");
  REQUIRE(opened);
  return std::move(opened).value();
}

/// The C library as the dynamic linker sees it: the second witness.
struct LoadedLibc {
  std::string path;
  std::uint64_t bias = 0;
  std::string build_id;
  std::uint64_t text_address = 0;  ///< linked, of the first read-only segment

  LoadedLibc() { REQUIRE(::dl_iterate_phdr(&LoadedLibc::visit, this) == 1); }

  static int visit(dl_phdr_info* info, std::size_t, void* self) {
    if (std::string_view(info->dlpi_name).find("libc.so.6") == std::string_view::npos) return 0;
    auto& libc = *static_cast<LoadedLibc*>(self);
    libc.path = info->dlpi_name;
    libc.bias = info->dlpi_addr;
    for (const ElfW(Phdr) & header : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
      if (header.p_type == PT_NOTE) libc.take_note(info->dlpi_addr + header.p_vaddr);
    }
    return 1;
  }

  void take_note(std::uint64_t address) {
    const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(address);
    if (note->n_type != NT_GNU_BUILD_ID) return;
    const auto* id = reinterpret_cast<const unsigned char*>(note + 1) + note->n_namesz;
    for (std::size_t i = 0; i < note->n_descsz; ++i) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", id[i]);
      build_id += digits;
    }
  }
};

ElfFile open_libc(const LoadedLibc& libc) {
  auto file = ElfFile::open(open_path(libc.path));
  REQUIRE(file);
  return std::move(file).value();
}

std::vector<char> contents(const std::string& path) {
  const Fd file = open_path(path);
  std::vector<char> bytes(1 << 20);
  const ssize_t got = ::read(file.get(), bytes.data(), bytes.size());
  REQUIRE(got > 0);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

Fd file_of(const std::vector<char>& bytes) {
  Fd file(::memfd_create("elf", MFD_CLOEXEC));
  REQUIRE(file.is_open());
  std::size_t written = 0;
  REQUIRE(tidemark::base::write_all(file.get(), {bytes.data(), bytes.size()}, "write a file of the test", written));
  return file;
}

/// Asks everything that can be asked; returns how many questions were answered.
int interrogate(const std::vector<char>& bytes) {
  auto file = ElfFile::open(file_of(bytes));
  if (!file) return 0;
  int answers = 1;
  answers += file->section(".text").has_value() ? 1 : 0;
  answers += file->symbol("stderr").has_value() ? 1 : 0;
  answers += file->build_id().has_value() ? 1 : 0;
  for (const LoadSegment& segment : file->load_segments()) {
    std::array<std::byte, 16> into;
    answers += file->read_at(segment.address, into).has_value() ? 1 : 0;
  }
  return answers;
}

}  // namespace

TEST_CASE("symbols are where the dynamic linker finds them") {
  const LoadedLibc libc;
  const ElfFile file = open_libc(libc);
  CHECK(file.type() == tidemark::elf::FileType::shared_object);
  constexpr std::array<std::string_view, 3> names{"getpid", "no_such_symbol_anywhere", "environ"};
  const auto found = file.symbols(names);
  REQUIRE(found);
  REQUIRE((*found)[0]);
  CHECK((*found)[0]->address + libc.bias == reinterpret_cast<std::uint64_t>(::dlsym(RTLD_DEFAULT, "getpid")));
  CHECK((*found)[0]->size_bytes > 0);
  CHECK_FALSE((*found)[1]);
  REQUIRE((*found)[2]);
  CHECK((*found)[2]->size_bytes == sizeof(char**));
  const auto missing = file.symbol("no_such_symbol_anywhere");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("the build-id is the one of the mapped note") {
  const LoadedLibc libc;
  REQUIRE_FALSE(libc.build_id.empty());
  CHECK(open_libc(libc).build_id().value_or("") == libc.build_id);
}

TEST_CASE("constant bytes of the file are those in memory; writable ones are refused") {
  const LoadedLibc libc;
  const ElfFile file = open_libc(libc);
  const auto text = file.section(".rodata");
  REQUIRE(text);
  std::array<std::byte, 64> into;
  REQUIRE(file.read_at(text->address, into));
  CHECK(std::memcmp(into.data(), reinterpret_cast<const void*>(text->address + libc.bias), into.size()) == 0);
  const auto data = file.section(".data");
  REQUIRE(data);
  const auto refused = file.read_at(data->address, into);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::not_found);
  CHECK_FALSE(file.read_at(~0ULL - 8, into));
  CHECK_FALSE(file.section(".no_such_section"));
}

TEST_CASE("the load bias is the difference between mapped and linked") {
  const std::array<LoadSegment, 2> segments{{{.address = 0x400040, .file_offset = 0x40}, {.address = 0x600000}}};
  const std::array<MappedPart, 2> parts{{{.start = {0x7000'2000}, .file_offset = 0x2000}, {.start = {0x7000'0000}}}};
  CHECK(tidemark::elf::load_bias(parts, segments).value_or(0) == 0x7000'0000 - 0x400000);
  const std::array<MappedPart, 1> in_place{{{.start = {0x400000}}}};
  CHECK(tidemark::elf::load_bias(in_place, segments).value_or(1) == 0);
  CHECK_FALSE(tidemark::elf::load_bias(std::span(parts).first(1), segments));
  CHECK_FALSE(tidemark::elf::load_bias(parts, {}));
  const std::array<LoadSegment, 1> misaligned{{{.address = 0x400041, .file_offset = 0x40}}};
  CHECK_FALSE(tidemark::elf::load_bias(parts, misaligned));
}

TEST_CASE("what is no ELF file of this machine is refused") {
  const auto error_of = [](const std::vector<char>& bytes) {
    auto file = ElfFile::open(file_of(bytes));
    REQUIRE_FALSE(file);
    return file.error().code;
  };
  CHECK(error_of({'#', '!', '/', 'b', 'i', 'n'}) == ErrorCode::malformed);
  std::vector<char> bytes = contents("/bin/true");
  bytes[18] = static_cast<char>(EM_AARCH64 & 0xff);  // e_machine
  bytes[19] = 0;
  CHECK(error_of(bytes) == ErrorCode::unsupported);
}

TEST_CASE("a file that is cut anywhere is read without harm") {
  const std::vector<char> whole = contents("/bin/true");
  REQUIRE(interrogate(whole) >= 4);
  constexpr std::size_t step_bytes = 61;
  for (std::size_t size = 0; size < whole.size(); size += step_bytes) {
    interrogate({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
  }
}

TEST_CASE("a file with flipped bytes is read without harm") {
  const std::vector<char> whole = contents("/bin/true");
  std::minstd_rand random(20250101);
  constexpr int files = 1500;
  constexpr std::size_t header_bytes = 1024;  // the ELF header and the program headers
  constexpr std::size_t table_bytes = 2048;   // the section headers, at the end
  REQUIRE(whole.size() > header_bytes + table_bytes);
  int answered = 0;
  for (int i = 0; i < files; ++i) {
    std::vector<char> bytes = whole;
    for (int flip = 0; flip < 3; ++flip) {
      const std::size_t in_header = random() % header_bytes;
      const std::size_t in_table = bytes.size() - 1 - random() % table_bytes;
      const std::size_t anywhere = random() % bytes.size();
      const std::array<std::size_t, 3> places{in_header, in_table, anywhere};
      bytes[places[random() % places.size()]] = static_cast<char>(random() & 0xff);
    }
    answered += interrogate(bytes) > 0 ? 1 : 0;
  }
  CHECK(answered > 0);
  CHECK(answered < files);
}
