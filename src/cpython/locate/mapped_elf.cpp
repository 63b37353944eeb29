#include "mapped_elf.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using base::Result;

constexpr const char* doing = "read an ELF file out of memory";
constexpr std::size_t max_notes = 16;

base::Unexpected refused(ErrorCode code, std::string detail) {
  return base::fail(base::Error{.code = code, .doing = doing, .detail = std::move(detail)});
}

Result<Elf64_Ehdr> read_header(Address start, const memory::MemorySource& memory) {
  auto header = memory.read_value<Elf64_Ehdr>(start);
  if (!header) return header;
  if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return refused(ErrorCode::malformed, "no ELF magic");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_machine != EM_X86_64 || (header->e_type != ET_EXEC && header->e_type != ET_DYN)) {
    return refused(ErrorCode::unsupported, "another class, machine or type");
  }
  if (header->e_phentsize != sizeof(Elf64_Phdr)) return refused(ErrorCode::malformed, "the size of a program header");
  if (header->e_phnum > elf::max_segments) return refused(ErrorCode::limit, "too many program headers");
  return header;
}

Result<std::vector<Elf64_Phdr>> read_program_headers(Address start, const Elf64_Ehdr& header,
                                                     const memory::MemorySource& memory) {
  // The loader maps them with the beginning of the file, or could not use them itself.
  constexpr std::uint64_t max_header_offset = 1 << 20;
  if (header.e_phoff > max_header_offset) return refused(ErrorCode::malformed, "the place of the program headers");
  std::vector<Elf64_Phdr> headers(header.e_phnum);
  auto read = memory.read(start.plus(header.e_phoff), std::as_writable_bytes(std::span(headers)));
  if (!read) return base::fail(std::move(read).error());
  return headers;
}

std::uint32_t gnu_hash_of(std::string_view name) {
  constexpr std::uint32_t seed = 5381, factor = 33;
  std::uint32_t hash = seed;
  for (const char c : name) hash = hash * factor + static_cast<unsigned char>(c);
  return hash;
}

/// The System V ABI's.
std::uint32_t sysv_hash_of(std::string_view name) {
  std::uint32_t hash = 0;
  for (const char c : name) {
    hash = (hash << 4U) + static_cast<unsigned char>(c);
    const std::uint32_t high = hash & 0xf0000000U;
    hash = (hash ^ (high >> 24U)) & ~high;
  }
  return hash;
}

}  // namespace

/// One look-up of one name.
class SymbolSearch {
 public:
  SymbolSearch(const MappedElf& elf, const MappedElf::Tables& tables, const memory::MemorySource& memory,
               std::string_view name)
      : elf_(elf), tables_(tables), memory_(memory), name_(name) {}

  Result<elf::Symbol> by_gnu_hash() {
    struct Head {
      std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;
    };
    auto head = read<Head>(tables_.gnu_hash);
    if (!head) return base::fail(std::move(head).error());
    if (head->buckets == 0 || head->buckets > max_hash_buckets || head->bloom_words > max_hash_buckets)
      return refused(ErrorCode::limit, "the size of the hash table");
    const std::uint32_t hash = gnu_hash_of(name_);
    const std::uint64_t buckets = tables_.gnu_hash + sizeof(Head) + 8 * std::uint64_t{head->bloom_words};
    const std::uint64_t chains = buckets + 4 * std::uint64_t{head->buckets};
    auto index = read<std::uint32_t>(buckets + 4 * std::uint64_t{hash % head->buckets});
    if (!index) return base::fail(std::move(index).error());
    if (*index < head->first_symbol) return none();
    for (std::uint32_t steps = 0; steps < max_hash_chain; ++steps) {
      const std::uint64_t at = std::uint64_t{*index} + steps;
      auto link = read<std::uint32_t>(chains + 4 * (at - head->first_symbol));
      if (!link) return base::fail(std::move(link).error());
      if ((*link | 1U) == (hash | 1U)) {
        auto symbol = symbol_at(at);
        if (!symbol) return base::fail(std::move(symbol).error());
        if (*symbol) return **symbol;
      }
      if ((*link & 1U) != 0) return none();
    }
    return refused(ErrorCode::limit, "a chain of the hash table does not end");
  }

  Result<elf::Symbol> by_sysv_hash() {
    struct Head {
      std::uint32_t buckets, chains;
    };
    auto head = read<Head>(tables_.hash);
    if (!head) return base::fail(std::move(head).error());
    if (head->buckets == 0 || head->buckets > max_hash_buckets || head->chains > elf::max_symbols)
      return refused(ErrorCode::limit, "the size of the hash table");
    const std::uint64_t buckets = tables_.hash + sizeof(Head);
    const std::uint64_t chains = buckets + 4 * std::uint64_t{head->buckets};
    auto index = read<std::uint32_t>(buckets + 4 * std::uint64_t{sysv_hash_of(name_) % head->buckets});
    for (std::uint32_t steps = 0; steps < max_hash_chain; ++steps) {
      if (!index) return base::fail(std::move(index).error());
      if (*index == 0) return none();
      if (*index >= head->chains) return refused(ErrorCode::malformed, "a chain leads out of the hash table");
      auto symbol = symbol_at(*index);
      if (!symbol) return base::fail(std::move(symbol).error());
      if (*symbol) return **symbol;
      index = read<std::uint32_t>(chains + 4 * std::uint64_t{*index});
    }
    return refused(ErrorCode::limit, "a chain of the hash table does not end");
  }

 private:
  template <class T>
  [[nodiscard]] Result<T> read(std::uint64_t address) const {
    if (!elf_.holds(address)) return refused(ErrorCode::malformed, "a table lies in no segment");
    return memory_.read_value<T>(Address{address}.plus(elf_.bias()));
  }

  [[nodiscard]] Result<elf::Symbol> none() const { return refused(ErrorCode::not_found, std::string(name_)); }

  /// nullopt: another name, or not defined here.
  [[nodiscard]] Result<std::optional<elf::Symbol>> symbol_at(std::uint64_t index) const {
    if (index > elf::max_symbols) return refused(ErrorCode::limit, "the number of a symbol");
    auto symbol = read<Elf64_Sym>(tables_.symbols + index * sizeof(Elf64_Sym));
    if (!symbol) return base::fail(std::move(symbol).error());
    if (symbol->st_name >= tables_.strings_bytes) return refused(ErrorCode::malformed, "the name of a symbol");
    std::string text(name_.size() + 1, '\0');
    const std::uint64_t at = tables_.strings + symbol->st_name;
    if (!elf_.holds(at)) return refused(ErrorCode::malformed, "a name lies in no segment");
    auto read = memory_.read(Address{at}.plus(elf_.bias()), std::as_writable_bytes(std::span(text)));
    if (!read) return base::fail(std::move(read).error());
    if (symbol->st_shndx == SHN_UNDEF || text != std::string(name_) + '\0') return std::optional<elf::Symbol>();
    return std::optional(elf::Symbol{.address = symbol->st_value, .size_bytes = symbol->st_size});
  }

  const MappedElf& elf_;
  const MappedElf::Tables& tables_;
  const memory::MemorySource& memory_;
  std::string_view name_;
};

Result<MappedElf> MappedElf::open(Address start, const memory::MemorySource& memory) {
  auto header = read_header(start, memory);
  if (!header) return base::fail(std::move(header).error());
  auto headers = read_program_headers(start, *header, memory);
  if (!headers) return base::fail(std::move(headers).error());
  MappedElf opened;
  for (const auto& one : *headers) {
    if (one.p_type == PT_LOAD) {
      opened.segments_.push_back({.address = one.p_vaddr,
                                  .memory_bytes = one.p_memsz,
                                  .file_offset = one.p_offset,
                                  .file_bytes = one.p_filesz,
                                  .writable = (one.p_flags & PF_W) != 0});
    }
    if (one.p_type == PT_DYNAMIC) opened.dynamic_ = Range{one.p_vaddr, one.p_memsz};
    if (one.p_type == PT_NOTE && opened.notes_.size() < max_notes) opened.notes_.push_back({one.p_vaddr, one.p_memsz});
  }
  const std::array<elf::MappedPart, 1> beginning{elf::MappedPart{.start = start, .file_offset = 0}};
  auto bias = elf::load_bias(beginning, opened.segments_);
  if (!bias) return base::fail(std::move(bias).error());
  opened.bias_ = *bias;
  return opened;
}

bool MappedElf::holds(std::uint64_t address) const {
  return std::ranges::any_of(segments_, [address](const elf::LoadSegment& segment) {
    return address >= segment.address && address - segment.address < segment.memory_bytes;
  });
}

/// glibc adds the load bias to the pointers of a dynamic section in memory, musl does not.
std::uint64_t MappedElf::linked(std::uint64_t pointer) const {
  return holds(pointer - bias_) ? pointer - bias_ : pointer;
}

Result<MappedElf::Tables> MappedElf::tables(const memory::MemorySource& memory) const {
  if (!dynamic_ || !holds(dynamic_->address)) return refused(ErrorCode::not_found, "no dynamic section");
  const std::size_t count = std::min<std::uint64_t>(dynamic_->bytes / sizeof(Elf64_Dyn), max_dynamic_entries);
  std::vector<Elf64_Dyn> entries(count);
  auto read = memory.read(Address{dynamic_->address}.plus(bias_), std::as_writable_bytes(std::span(entries)));
  if (!read) return base::fail(std::move(read).error());
  Tables tables;
  for (const auto& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_SYMTAB) tables.symbols = linked(entry.d_un.d_ptr);
    if (entry.d_tag == DT_STRTAB) tables.strings = linked(entry.d_un.d_ptr);
    if (entry.d_tag == DT_STRSZ) tables.strings_bytes = entry.d_un.d_val;
    if (entry.d_tag == DT_GNU_HASH) tables.gnu_hash = linked(entry.d_un.d_ptr);
    if (entry.d_tag == DT_HASH) tables.hash = linked(entry.d_un.d_ptr);
  }
  if (tables.symbols == 0 || tables.strings == 0) return refused(ErrorCode::not_found, "no dynamic symbols");
  return tables;
}

Result<elf::Symbol> MappedElf::symbol(std::string_view name, const memory::MemorySource& memory) const {
  auto found = tables(memory);
  if (!found) return base::fail(std::move(found).error());
  SymbolSearch search(*this, *found, memory, name);
  if (found->gnu_hash != 0) return search.by_gnu_hash();
  if (found->hash != 0) return search.by_sysv_hash();
  return refused(ErrorCode::not_found, "no hash table of symbols");
}

Result<std::string> MappedElf::build_id(const memory::MemorySource& memory) const {
  constexpr std::string_view owner("GNU\0", 4);
  for (const Range& range : notes_) {
    if (!holds(range.address)) continue;
    std::vector<std::byte> bytes(std::min<std::uint64_t>(range.bytes, max_note_bytes));
    if (auto read = memory.read(Address{range.address}.plus(bias_), bytes); !read) continue;
    const auto padded = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
    for (std::size_t at = 0; at + sizeof(Elf64_Nhdr) <= bytes.size();) {
      Elf64_Nhdr note;
      std::memcpy(&note, bytes.data() + at, sizeof(note));
      const std::uint64_t name_at = at + sizeof(note);
      const std::uint64_t id_at = name_at + padded(note.n_namesz);
      if (id_at + padded(note.n_descsz) > bytes.size()) break;
      const bool is_gnu =
          note.n_namesz == owner.size() && std::memcmp(bytes.data() + name_at, owner.data(), owner.size()) == 0;
      if (is_gnu && note.n_type == NT_GNU_BUILD_ID && note.n_descsz <= elf::max_build_id_bytes) {
        const std::span id(reinterpret_cast<const unsigned char*>(bytes.data()) + id_at, note.n_descsz);
        return fmt::format("{:02x}", fmt::join(id, ""));
      }
      at = static_cast<std::size_t>(id_at + padded(note.n_descsz));
    }
  }
  return refused(ErrorCode::not_found, "no build-id");
}

}  // namespace tidemark::cpython
