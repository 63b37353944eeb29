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

base::Result<RuntimeSymbols> read_symbols(const elf::ElfFile& file) {
  // _Py_RefTotal: debug builds up to 3.11; the other since 3.12 (both under Py_REF_DEBUG in Include/object.h).
  static constexpr std::array<std::string_view, 6> names{"_PyRuntime",    "Py_Version",   "PyCode_Type",
                                                         "Py_GetVersion", "_Py_RefTotal", "_Py_INCREF_IncRefTotal"};
  auto found = file.symbols(names);
  if (!found) return base::fail(std::move(found).error());
  const auto& symbols = *found;
  return RuntimeSymbols{.runtime = symbols[0],
                        .version = symbols[1],
                        .code_type = symbols[2],
                        .get_version = symbols[3],
                        .is_debug = symbols[4].has_value() || symbols[5].has_value()};
}

}  // namespace

std::vector<std::vector<MapRegion>> candidate_files(const std::vector<MapRegion>& regions,
                                                    const std::string& executable) {
  std::vector<std::vector<MapRegion>> files;
  for (const MapRegion& region : regions) {
    if (region.inode == 0) continue;
    const bool is_executable = region.path == executable;
    if (!is_executable && !proc::file_name_of(region.path).starts_with("libpython")) continue;
    const auto known = std::ranges::find_if(files, [&](const auto& parts) { return is_same_file(parts[0], region); });
    if (known != files.end()) {
      known->push_back(region);
    } else if (files.size() < max_candidates) {
      files.insert(is_executable ? files.begin() : files.end(), std::vector<MapRegion>{region});
    }
  }
  return files;
}

bool has_mapped_head(const base::Fd& file, const MapRegion& part, const memory::MemorySource& memory) {
  std::array<std::byte, head_bytes> on_disk{};
  std::array<std::byte, head_bytes> in_memory{};
  if (part.offset != 0 || part.writable || part.size() < head_bytes) return false;
  if (::pread(file.get(), on_disk.data(), on_disk.size(), 0) != static_cast<ssize_t>(on_disk.size())) return false;
  return memory.read({part.start}, in_memory).has_value() && on_disk == in_memory;
}

base::Result<Module> open_module(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                 const std::vector<MapRegion>& parts, bool is_executable) {
  auto descriptor = open_file(process, memory, parts.front(), is_executable);
  if (!descriptor) return base::fail(std::move(descriptor).error());
  auto file = elf::ElfFile::open(std::move(descriptor).value());
  if (!file) return base::fail(std::move(file).error());
  std::vector<elf::MappedPart> mapped;
  for (const MapRegion& part : parts) mapped.push_back({.start = {part.start}, .file_offset = part.offset});
  auto bias = elf::load_bias(mapped, file->load_segments());
  if (!bias) return base::fail(std::move(bias).error());
  auto symbols = read_symbols(*file);
  if (!symbols) return base::fail(std::move(symbols).error());
  return Module{.path = parts.front().path,
                .file = std::move(file).value(),
                .bias = *bias,
                .symbols = std::move(symbols).value()};
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
