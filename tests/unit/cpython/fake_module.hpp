// Purpose: the file of a runtime made by hand: a small ELF library on disk whose symbols lead to a FakeInterpreter. Its
// first segment holds the constants that a runtime keeps there, its second one is the interpreter's memory. It is
// opened as the file of a process is.
#pragma once

#include <elf.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fake_interpreter.hpp"
#include "locate/module.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cpython::test {

/// This process, which has threads of known ids and may open its own files.
inline proc::ProcessFiles own_process() {
  const auto root = proc::ProcRoot::open();
  REQUIRE(root);
  auto files = proc::ProcessFiles::open(*root, ::getpid());
  REQUIRE(files);
  return std::move(files).value();
}

struct FakeModule {
  static constexpr std::uint64_t version_at = 0x200;  ///< linked; these two lie in the segment, which is constant
  static constexpr std::uint64_t name_at = 0x208;
  static constexpr std::uint64_t segment_bytes = 0x300;
  static constexpr std::uint64_t runtime_at = 0x1000;  ///< linked; not in the file
  static constexpr std::uint64_t bias = FakeInterpreter::start - runtime_at;
  static constexpr Address code_name{bias + name_at};

  struct NamedSymbol {
    std::string name;
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;
  };

  std::uint64_t version_hex = 0;
  std::uint64_t runtime_bytes = 0;
  std::string type_name = "code";
  std::vector<NamedSymbol> symbols;
  bool has_section = false;          ///< .PyRuntime, where and as large as _PyRuntime is
  bool has_foreign_pthread = false;  ///< as in a process without glibc
  std::uint64_t linked_at = 0;       ///< `bias` for a program that is loaded where it was linked

  /// A module that fits the layout in all: its first known size, a final release.
  explicit FakeModule(const Layout& layout)
      : version_hex(std::uint64_t{layout.major} << 24U | std::uint64_t{layout.minor} << 16U | 0xf0U),
        runtime_bytes(layout.runtime_sizes.front()),
        symbols{{"_PyRuntime", runtime_at, layout.runtime_sizes.front()},
                {"Py_Version", version_at, sizeof(std::uint64_t)},
                {"PyCode_Type", runtime_at + (FakeInterpreter::code_type.value - FakeInterpreter::start), 0x1a0},
                {"Py_GetVersion", runtime_at + 0x100000, 0x10}} {
    if (layout.code.bytecode.is_present()) remove("Py_Version");  // before 3.11 the version is a text in memory
  }

  NamedSymbol& symbol(std::string_view name) {
    for (auto& one : symbols) {
      if (one.name == name) return one;
    }
    FAIL("no such symbol");
    return symbols.front();
  }
  void remove(std::string_view name) {
    std::erase_if(symbols, [name](const NamedSymbol& one) { return one.name == name; });
  }

  /// Writes it to a file, which is gone afterwards, and opens it by a mapping of this process that is made up.
  [[nodiscard]] Module open(const memory::MemorySource& memory) const {
    std::string path = "/tmp/libpython_tidemark_XXXXXX";
    const base::Fd file(::mkstemp(path.data()));
    REQUIRE(file.is_open());
    std::size_t written = 0;
    const bool is_written = base::write_all(file.get(), bytes(), "write a file of the test", written).has_value();
    struct stat found {};
    const bool is_found = ::fstat(file.get(), &found) == 0;
    const proc::MapRegion part{.start = bias,
                               .end = bias + 0x1000,
                               .readable = true,
                               .device_major = major(found.st_dev),
                               .device_minor = minor(found.st_dev),
                               .inode = found.st_ino,
                               .path = path};
    auto module = open_module(own_process(), memory, {part}, false);
    ::unlink(path.c_str());
    REQUIRE(is_written);
    REQUIRE(is_found);
    if (!module) FAIL(base::describe(module.error()));
    module->has_foreign_pthread = has_foreign_pthread;
    return std::move(module).value();
  }

 private:
  template <class T>
  static void put(std::string& into, std::size_t at, const T& value) {
    if (into.size() < at + sizeof(T)) into.resize(at + sizeof(T));
    std::memcpy(into.data() + at, &value, sizeof(T));
  }

  /// The constant segment from the beginning of the file, then strings, symbols and the section headers.
  [[nodiscard]] std::string bytes() const {
    std::string file(segment_bytes, '\0');
    put(file, version_at, version_hex);
    std::memcpy(file.data() + name_at, type_name.c_str(), type_name.size() + 1);
    std::string names(1, '\0');
    std::vector<Elf64_Sym> table(1);
    for (const auto& one : symbols) {
      table.push_back({.st_name = static_cast<Elf64_Word>(names.size()),
                       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
                       .st_other = STV_DEFAULT,
                       .st_shndx = SHN_ABS,
                       .st_value = one.address + linked_at,
                       .st_size = one.size_bytes});
      names += one.name + '\0';
    }
    const std::size_t section_name = names.size();
    names += ".PyRuntime";
    names.resize((names.size() + 8) / 8 * 8);
    const std::size_t symbols_at = segment_bytes + names.size();
    file += names;
    for (const auto& one : table) put(file, file.size(), one);
    put_headers(file, names.size(), symbols_at, table.size() * sizeof(Elf64_Sym), section_name);
    return file;
  }

  void put_headers(std::string& file, std::size_t names_bytes, std::size_t symbols_at, std::size_t symbols_bytes,
                   std::size_t section_name) const {
    Elf64_Ehdr head{};
    std::memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    head.e_ident[EI_VERSION] = EV_CURRENT;
    head.e_type = linked_at == 0 ? ET_DYN : ET_EXEC;
    head.e_machine = EM_X86_64;
    head.e_version = EV_CURRENT;
    head.e_phoff = sizeof(Elf64_Ehdr);
    head.e_shoff = file.size();
    head.e_ehsize = sizeof(Elf64_Ehdr);
    head.e_phentsize = sizeof(Elf64_Phdr);
    head.e_phnum = 2;
    head.e_shentsize = sizeof(Elf64_Shdr);
    head.e_shnum = has_section ? 4 : 3;
    head.e_shstrndx = 1;
    put(file, 0, head);
    const Elf64_Phdr load{.p_type = PT_LOAD,
                          .p_flags = PF_R,
                          .p_offset = 0,
                          .p_vaddr = linked_at,
                          .p_paddr = linked_at,
                          .p_filesz = segment_bytes,
                          .p_memsz = segment_bytes,
                          .p_align = 0x1000};
    put(file, head.e_phoff, load);
    const Elf64_Phdr zero_filled{.p_type = PT_LOAD,
                                 .p_flags = PF_R | PF_W,
                                 .p_offset = 0,
                                 .p_vaddr = linked_at + runtime_at,
                                 .p_paddr = linked_at + runtime_at,
                                 .p_filesz = 0,
                                 .p_memsz = FakeInterpreter::size_bytes,
                                 .p_align = 0x1000};
    put(file, head.e_phoff + sizeof(load), zero_filled);
    Elf64_Shdr strings{};
    strings.sh_type = SHT_STRTAB;
    strings.sh_offset = segment_bytes;
    strings.sh_size = names_bytes;
    Elf64_Shdr dynsym{};
    dynsym.sh_type = SHT_DYNSYM;
    dynsym.sh_offset = symbols_at;
    dynsym.sh_size = symbols_bytes;
    dynsym.sh_link = 1;
    dynsym.sh_entsize = sizeof(Elf64_Sym);
    dynsym.sh_addralign = 8;
    Elf64_Shdr runtime{};
    runtime.sh_name = static_cast<Elf64_Word>(section_name);
    runtime.sh_type = SHT_NOBITS;
    runtime.sh_addr = linked_at + runtime_at;
    runtime.sh_size = runtime_bytes;
    for (const auto& section : {Elf64_Shdr{}, strings, dynsym}) put(file, file.size(), section);
    if (has_section) put(file, file.size(), runtime);
  }
};

}  // namespace tidemark::cpython::test
