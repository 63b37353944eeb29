#include "tidemark/elf/elf_file.hpp"

#include <elfutils/libdwelf.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tidemark::elf {

namespace {

constexpr std::uint64_t page_bytes = 4096;

base::Error elf_error(base::ErrorCode code, const char* doing, std::string detail) {
  return base::Error{.code = code, .doing = doing, .detail = std::move(detail)};
}

/// What libelf says of its last failure; taking the message also clears it.
std::string libelf_message() {
  const char* message = elf_errmsg(-1);
  return message == nullptr ? "" : message;
}

base::Error malformed(const char* doing) { return elf_error(base::ErrorCode::malformed, doing, libelf_message()); }

bool is_x86_64_file(const GElf_Ehdr& header) {
  return header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
         header.e_machine == EM_X86_64 &&
         (header.e_type == ET_EXEC || header.e_type == ET_DYN || header.e_type == ET_REL);
}

FileType type_of(const GElf_Ehdr& header) {
  if (header.e_type == ET_EXEC) return FileType::executable;
  return header.e_type == ET_DYN ? FileType::shared_object : FileType::relocatable;
}

/// Calls `visit(section, header)` until it gives false. The section walk of libelf ends by itself: it follows a list
/// that libelf built from the header's count.
template <class Visit>
base::Result<void> for_each_section(Elf* file, Visit visit) {
  std::size_t seen = 0;
  for (Elf_Scn* section = elf_nextscn(file, nullptr); section != nullptr; section = elf_nextscn(file, section)) {
    if (++seen > max_sections) {
      return base::fail(elf_error(base::ErrorCode::limit, "walk the sections", "too many sections"));
    }
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) return base::fail(malformed("read a section header"));
    if (!visit(section, header)) break;
  }
  return {};
}

/// Fills what is still empty in `found` from one symbol table.
base::Result<void> search_table(Elf* file, Elf_Scn* section, const GElf_Shdr& header,
                                std::span<const std::string_view> names, std::vector<std::optional<Symbol>>& found) {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr) return base::fail(malformed("read a symbol table"));
  const std::size_t count = data->d_size / sizeof(Elf64_Sym);
  if (count > max_symbols) {
    return base::fail(elf_error(base::ErrorCode::limit, "read a symbol table", fmt::format("{} symbols", count)));
  }
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) return base::fail(malformed("read a symbol"));
    if (symbol.st_shndx == SHN_UNDEF) continue;
    const char* text = elf_strptr(file, header.sh_link, symbol.st_name);  // checked to end inside its section
    if (text == nullptr) continue;
    const auto at = std::ranges::find(names, std::string_view(text));
    if (at == names.end()) continue;
    auto& slot = found[static_cast<std::size_t>(at - names.begin())];
    if (!slot) slot = Symbol{.address = symbol.st_value, .size_bytes = symbol.st_size};
  }
  return {};
}

}  // namespace

void ElfFile::CloseElf::operator()(Elf* handle) const { elf_end(handle); }

base::Result<ElfFile> ElfFile::open(base::Fd file) {
  if (elf_version(EV_CURRENT) == EV_NONE) return base::fail(malformed("start libelf"));
  // ELF_C_READ, not ELF_C_READ_MMAP: a mapped file that somebody cuts would end us with SIGBUS.
  std::unique_ptr<Elf, CloseElf> handle(elf_begin(file.get(), ELF_C_READ, nullptr));
  if (handle == nullptr || elf_kind(handle.get()) != ELF_K_ELF) return base::fail(malformed("open an ELF file"));
  ElfFile opened(std::move(file), std::move(handle));
  if (auto read = opened.read_headers(); !read) return base::fail(std::move(read).error());
  return opened;
}

base::Result<void> ElfFile::read_headers() {
  GElf_Ehdr header;
  if (gelf_getehdr(handle_.get(), &header) == nullptr) return base::fail(malformed("read the ELF header"));
  if (!is_x86_64_file(header)) {
    return base::fail(elf_error(
        base::ErrorCode::unsupported, "read the ELF header",
        fmt::format("class {}, machine {}, type {}", header.e_ident[EI_CLASS], header.e_machine, header.e_type)));
  }
  type_ = type_of(header);
  std::size_t count = 0;
  if (elf_getphdrnum(handle_.get(), &count) != 0) return base::fail(malformed("count the program headers"));
  if (count > max_segments) {
    return base::fail(elf_error(base::ErrorCode::limit, "read the program headers", fmt::format("{} of them", count)));
  }
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(handle_.get(), static_cast<int>(i), &segment) == nullptr) {
      return base::fail(malformed("read a program header"));
    }
    if (segment.p_type != PT_LOAD) continue;
    load_segments_.push_back({.address = segment.p_vaddr,
                              .memory_bytes = segment.p_memsz,
                              .file_offset = segment.p_offset,
                              .file_bytes = segment.p_filesz,
                              .writable = (segment.p_flags & PF_W) != 0});
  }
  return {};
}

base::Result<Section> ElfFile::section(std::string_view name) const {
  std::size_t names = 0;
  if (elf_getshdrstrndx(handle_.get(), &names) != 0) return base::fail(malformed("find the section names"));
  std::optional<Section> found;
  auto walked = for_each_section(handle_.get(), [&](Elf_Scn*, const GElf_Shdr& header) {
    const char* text = elf_strptr(handle_.get(), names, header.sh_name);
    if (text != nullptr && name == text) found = Section{.address = header.sh_addr, .size_bytes = header.sh_size};
    return !found;
  });
  if (!walked) return base::fail(std::move(walked).error());
  if (!found) return base::fail(elf_error(base::ErrorCode::not_found, "find a section", std::string(name)));
  return *found;
}

base::Result<Symbol> ElfFile::symbol(std::string_view name) const {
  auto found = symbols(std::span(&name, 1));
  if (!found) return base::fail(std::move(found).error());
  if (!found->front()) return base::fail(elf_error(base::ErrorCode::not_found, "find a symbol", std::string(name)));
  return *found->front();
}

base::Result<std::vector<std::optional<Symbol>>> ElfFile::symbols(std::span<const std::string_view> names) const {
  std::vector<std::optional<Symbol>> found(names.size());
  for (const GElf_Word wanted : {GElf_Word{SHT_DYNSYM}, GElf_Word{SHT_SYMTAB}}) {
    base::Result<void> searched;
    auto walked = for_each_section(handle_.get(), [&](Elf_Scn* section, const GElf_Shdr& header) {
      if (header.sh_type == wanted) searched = search_table(handle_.get(), section, header, names, found);
      return searched.has_value();
    });
    if (!walked) return base::fail(std::move(walked).error());
    if (!searched) return base::fail(std::move(searched).error());
  }
  return found;
}

base::Result<std::string> ElfFile::build_id() const {
  const void* bytes = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(handle_.get(), &bytes);
  if (size < 0) return base::fail(malformed("read the build-id"));
  if (size == 0) return base::fail(elf_error(base::ErrorCode::not_found, "read the build-id", "the file has none"));
  if (static_cast<std::size_t>(size) > max_build_id_bytes) {
    return base::fail(elf_error(base::ErrorCode::limit, "read the build-id", fmt::format("{} bytes", size)));
  }
  const std::span id(static_cast<const unsigned char*>(bytes), static_cast<std::size_t>(size));
  return fmt::format("{:02x}", fmt::join(id, ""));
}

base::Result<void> ElfFile::read_at(std::uint64_t address, std::span<std::byte> into) const {
  const auto holds = [&](const LoadSegment& segment) {
    return !segment.writable && address >= segment.address && into.size() <= segment.file_bytes &&
           address - segment.address <= segment.file_bytes - into.size();
  };
  const auto segment = std::ranges::find_if(load_segments_, holds);
  if (segment == load_segments_.end()) {
    auto error = elf_error(base::ErrorCode::not_found, "read constant bytes of an ELF file", "in no read-only segment");
    error.address = base::Address{address};
    return base::fail(std::move(error));
  }
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t offset = segment->file_offset + (address - segment->address) + done;
    const ssize_t got = ::pread(file_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(base::os_error("read constant bytes of an ELF file", errno));
    if (got == 0) {
      return base::fail(elf_error(base::ErrorCode::io, "read constant bytes of an ELF file", "the file is cut"));
    }
    done += static_cast<std::size_t>(got);
  }
  return {};
}

base::Result<std::uint64_t> load_bias(std::span<const MappedPart> parts, std::span<const LoadSegment> segments) {
  const auto refused = [](base::ErrorCode code, std::string detail) {
    return base::fail(elf_error(code, "work out where an ELF file is loaded", std::move(detail)));
  };
  if (segments.empty()) return refused(base::ErrorCode::malformed, "it has no PT_LOAD");
  const LoadSegment& first = segments.front();
  const std::uint64_t within_page = first.address % page_bytes;
  if (first.file_offset % page_bytes != within_page) {
    return refused(base::ErrorCode::malformed, "its first PT_LOAD is not aligned as its file offset");
  }
  const auto part = std::ranges::find(parts, first.file_offset - within_page, &MappedPart::file_offset);
  if (part == parts.end())
    return refused(base::ErrorCode::not_found, "the beginning of its first PT_LOAD is not mapped");
  return part->start.value - (first.address - within_page);
}

}  // namespace tidemark::elf
