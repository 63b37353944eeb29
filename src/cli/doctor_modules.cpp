#include "detail/doctor_modules.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tidemark/elf/elf_file.hpp"

namespace tidemark::cli {
namespace {

constexpr std::string_view suffix = ".so";
/// Files whose symbols are read because their name does not tell; the ones beyond count as none.
constexpr std::size_t most_opened_files = 256;

base::Result<elf::ElfFile> open_elf(const proc::ProcessFiles& process, const std::string& path) {
  // O_NONBLOCK: what has this name now may be a FIFO.
  auto file = base::open_at(process.dir_fd(), path, O_RDONLY | O_NONBLOCK, "open a mapped file");
  if (!file) return base::fail(std::move(file).error());
  return elf::ElfFile::open(std::move(*file));
}

bool exports_init(const proc::ProcessFiles& process, std::string_view path) {
  const auto file = open_elf(process, "root" + std::string(proc::without_deleted_mark(path)));
  return file && file->symbol("PyInit_" + module_name_of(path)).has_value();
}

using Word = std::pair<std::string_view, std::string_view>;

/// The answer of the first word that a file's name begins with.
template <std::size_t count>
std::string first_match(const std::vector<std::string>& paths, const std::array<Word, count>& words) {
  for (const auto& [word, answer] : words) {
    const std::string_view wanted = word;
    const bool found = std::any_of(paths.begin(), paths.end(), [wanted](const std::string& path) {
      return path.starts_with('/') && proc::file_name_of(path).starts_with(wanted);
    });
    if (found) return std::string(answer);
  }
  return {};
}

}  // namespace

std::string module_name_of(std::string_view path) {
  const std::string_view name = proc::file_name_of(path);
  return std::string(name.substr(0, name.find('.')));
}

std::optional<bool> is_extension_name(std::string_view path) {
  const std::string_view name = proc::file_name_of(path);
  if (!path.starts_with('/') || !name.ends_with(suffix)) return false;
  if (name.find(".cpython-") != std::string_view::npos || name.ends_with(".abi3.so")) return true;
  if (name.find('.') + suffix.size() != name.size()) return false;  // libx-1.2.so
  return std::nullopt;
}

std::string c_library_of(const std::vector<std::string>& paths) {
  static constexpr std::array<Word, 4> words{Word{"ld-musl-", "musl"}, Word{"libc.musl-", "musl"},
                                             Word{"libc.so.6", "glibc"}, Word{"libc-2.", "glibc"}};
  return first_match(paths, words);
}

std::string allocator_of(const std::vector<std::string>& paths) {
  static constexpr std::array<Word, 3> words{Word{"libjemalloc", "jemalloc"}, Word{"libtcmalloc", "tcmalloc"},
                                             Word{"libmimalloc", "mimalloc"}};
  return first_match(paths, words);
}

void find_modules(const proc::ProcessFiles& process, TargetFacts& target) {
  const auto kinds = process.smaps_by_kind();
  if (!kinds) return;
  auto& modules = target.extension_modules.emplace();
  std::vector<std::string> paths;
  std::size_t opened = 0;
  for (const auto& kind : *kinds) {
    paths.push_back(kind.name);
    auto is_extension = is_extension_name(kind.name);
    if (!is_extension) is_extension = opened++ < most_opened_files && exports_init(process, kind.name);
    if (*is_extension) modules.push_back({kind.name, kind.size, kind.rss});
  }
  target.c_library = c_library_of(paths);
  target.allocator = allocator_of(paths);
}

}  // namespace tidemark::cli
