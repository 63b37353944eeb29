#include "module.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace tidemark::cpython {

namespace {

using proc::MapRegion;

bool is_same_file(const MapRegion& a, const MapRegion& b) {
  return a.inode == b.inode && a.device_major == b.device_major && a.device_minor == b.device_minor && a.path == b.path;
}

constexpr std::size_t head_bytes = 1024;

bool is_mapped_file(const struct stat& found, const MapRegion& part) {
  return found.st_ino == part.inode && major(found.st_dev) == part.device_major &&
         minor(found.st_dev) == part.device_minor;
}

/// Opens by path, which may name another file by now. O_NONBLOCK: it may have become a FIFO.
base::Result<base::Fd> open_by_path(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                    const MapRegion& part) {
  const std::string path = "root" + part.path;
  auto file = base::open_at(process.dir_fd(), path, O_RDONLY | O_NONBLOCK, "open the file of the runtime");
  if (!file) return file;
  struct stat found {};
  if (::fstat(file->get(), &found) != 0)
    return base::fail(base::os_error("look at the file of the runtime", errno, path));
  if (!S_ISREG(found.st_mode) || (!is_mapped_file(found, part) && !has_mapped_head(*file, part, memory))) {
    return base::fail(base::Error{.code = base::ErrorCode::not_found,
                                  .doing = "open the file of the runtime",
                                  .path = part.path,
                                  .detail = "the file on disk is another one than the process has mapped"});
  }
  return file;
}

base::Result<base::Fd> open_file(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                 const MapRegion& part, bool is_executable) {
  // The kernel's links lead to the mapped file itself, also when it was deleted. map_files wants a capability.
  const std::string link = is_executable ? "exe" : fmt::format("map_files/{:x}-{:x}", part.start, part.end);
  auto linked = base::open_at(process.dir_fd(), link, O_RDONLY | O_NONBLOCK, "open the file of the runtime");
  return linked ? std::move(linked) : open_by_path(process, memory, part);
}

// _Py_RefTotal: debug builds up to 3.11; the other since 3.12 (both under Py_REF_DEBUG in Include/object.h).
constexpr std::array<std::string_view, 6> symbol_names{"_PyRuntime",    "Py_Version",   "PyCode_Type",
                                                       "Py_GetVersion", "_Py_RefTotal", "_Py_INCREF_IncRefTotal"};

RuntimeSymbols named(const std::vector<std::optional<elf::Symbol>>& symbols) {
  return RuntimeSymbols{.runtime = symbols[0],
                        .version = symbols[1],
                        .code_type = symbols[2],
                        .get_version = symbols[3],
                        .is_debug = symbols[4].has_value() || symbols[5].has_value()};
}

bool is_candidate_name(const MapRegion& region, const std::string& executable) {
  return region.path == executable || proc::file_name_of(region.path).starts_with("libpython");
}

void add_region(std::vector<FileRegions>& files, const MapRegion& region, bool is_first, std::size_t cap) {
  const auto known = std::ranges::find_if(files, [&](const auto& parts) { return is_same_file(parts[0], region); });
  if (known != files.end()) {
    known->push_back(region);
  } else if (files.size() < cap) {
    files.insert(is_first ? files.begin() : files.end(), FileRegions{region});
  }
}

std::optional<MappedElf> open_mapped(const FileRegions& parts, const memory::MemorySource& memory) {
  const auto beginning = std::ranges::find(parts, std::uint64_t{0}, &MapRegion::offset);
  if (beginning == parts.end()) return std::nullopt;
  auto mapped = MappedElf::open({beginning->start}, memory);
  return mapped ? std::optional(std::move(*mapped)) : std::nullopt;
}

/// Fills what the file itself says; why not is `problem`.
void read_file(base::Result<base::Fd> descriptor, Module& module) {
  auto file = descriptor ? elf::ElfFile::open(std::move(*descriptor)) : base::fail(std::move(descriptor).error());
  if (!file) {
    module.problem = std::move(file).error();
    return;
  }
  if (auto section = file->section(".PyRuntime")) module.runtime_section = *section;
  if (auto symbols = read_symbols(*file)) {
    module.symbols = *symbols;
  } else {
    module.problem = std::move(symbols).error();
  }
  module.segments = file->load_segments();
  module.file = std::move(*file);
}

}  // namespace

std::vector<FileRegions> candidate_files(const std::vector<MapRegion>& regions, const std::string& executable) {
  std::vector<FileRegions> files;
  for (const MapRegion& region : regions) {
    if (region.inode == 0 || !is_candidate_name(region, executable)) continue;
    add_region(files, region, region.path == executable, max_candidates);
  }
  return files;
}

std::vector<FileRegions> other_files(const std::vector<MapRegion>& regions, const std::string& executable) {
  std::vector<FileRegions> files;
  for (const MapRegion& region : regions) {
    if (region.inode == 0 || !region.path.starts_with('/') || is_candidate_name(region, executable)) continue;
    add_region(files, region, false, max_searched_files);
  }
  std::erase_if(files, [](const FileRegions& parts) { return std::ranges::none_of(parts, &MapRegion::executable); });
  return files;
}

bool holds_runtime(const proc::ProcessFiles& process, const memory::MemorySource& memory, const FileRegions& parts) {
  if (const auto mapped = open_mapped(parts, memory)) {
    if (mapped->symbol(symbol_names[0], memory)) return true;
  }
  auto descriptor = open_file(process, memory, parts.front(), false);
  if (!descriptor) return false;
  const auto file = elf::ElfFile::open(std::move(*descriptor));
  return file && file->section(".PyRuntime");
}

bool maps_glibc(const std::vector<MapRegion>& regions) {
  return std::ranges::any_of(regions, [](const MapRegion& region) {
    const auto name = proc::file_name_of(region.path);
    return name == "libc.so.6" || name.starts_with("libc-2.");
  });
}

base::Result<RuntimeSymbols> read_symbols(const elf::ElfFile& file) {
  auto found = file.symbols(symbol_names);
  if (!found) return base::fail(std::move(found).error());
  return named(*found);
}

RuntimeSymbols read_symbols(const MappedElf& mapped, const memory::MemorySource& memory) {
  std::vector<std::optional<elf::Symbol>> found;
  for (const auto name : symbol_names) {
    auto symbol = mapped.symbol(name, memory);
    found.push_back(symbol ? std::optional(*symbol) : std::nullopt);
  }
  return named(found);
}

bool has_mapped_head(const base::Fd& file, const MapRegion& part, const memory::MemorySource& memory) {
  std::array<std::byte, head_bytes> on_disk{};
  std::array<std::byte, head_bytes> in_memory{};
  if (part.offset != 0 || part.writable || part.size() < head_bytes) return false;
  if (::pread(file.get(), on_disk.data(), on_disk.size(), 0) != static_cast<ssize_t>(on_disk.size())) return false;
  return memory.read({part.start}, in_memory).has_value() && on_disk == in_memory;
}

base::Result<Module> open_module(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                 const FileRegions& parts, bool is_executable) {
  Module module{.path = parts.front().path,
                .file = {},
                .problem = {},
                .mapped = open_mapped(parts, memory),
                .segments = {},
                .symbols = {},
                .runtime_section = {},
                .is_executable = is_executable};
  read_file(open_file(process, memory, parts.front(), is_executable), module);
  if (!module.file && !module.mapped) return base::fail(std::move(*module.problem));
  if (!module.file) module.segments = module.mapped->load_segments();
  std::vector<elf::MappedPart> mapped;
  for (const MapRegion& part : parts) mapped.push_back({.start = {part.start}, .file_offset = part.offset});
  auto bias = elf::load_bias(mapped, module.segments);
  if (!bias) return base::fail(std::move(bias).error());
  module.bias = *bias;
  return module;
}

base::Result<void> read_linked(const Module& module, const memory::MemorySource& memory, std::uint64_t address,
                               std::span<std::byte> into) {
  if (module.file && module.file->read_at(address, into)) return {};
  return memory.read(base::Address{address}.plus(module.bias), into);
}

std::string build_id_of(const Module& module, const memory::MemorySource& memory) {
  if (module.file) {
    if (auto id = module.file->build_id()) return *id;
  }
  if (!module.mapped) return "";
  return module.mapped->build_id(memory).value_or("");
}

std::string version_in_name(const std::string& path) {
  std::string_view name = proc::file_name_of(path);
  const auto at = name.find("python");
  if (at == std::string_view::npos) return "";
  name.remove_prefix(at + std::string_view("python").size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t end = 0;
  while (end < name.size() &&
         (is_digit(name[end]) || (name[end] == '.' && end + 1 < name.size() && is_digit(name[end + 1])))) {
    ++end;
  }
  return std::string(name.substr(0, end));
}

}  // namespace tidemark::cpython
