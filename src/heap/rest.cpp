// What nobody has claimed: by the kind of its mapping.
#include <elf.h>

#include <algorithm>
#include <array>
#include <map>

#include "detail/ledger_builder.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::heap {

using model::HeapOwner;

namespace {

struct AllocatorLibrary {
  std::string_view file, name;
};
/// Their arenas are not walked. A malloc that is linked in under another name is not known.
constexpr std::array allocator_libraries{
    AllocatorLibrary{"libjemalloc", "jemalloc"}, AllocatorLibrary{"libtcmalloc", "tcmalloc"},
    AllocatorLibrary{"libmimalloc", "mimalloc"}, AllocatorLibrary{"ld-musl", "musl"},
    AllocatorLibrary{"libc.musl", "musl"},
};

bool is_shared(const proc::SmapsRegion& map) {
  const auto& path = map.region.path;
  return map.region.shared && (path.empty() || path.starts_with("/dev/shm/") || path.starts_with("/memfd:") ||
                               path.starts_with("/SYSV") || path.starts_with("/dev/zero"));
}

/// Of a mapping without page flags.
Tally of_smaps(const proc::SmapsRegion& map) {
  return {.bytes = map.rss,
          .private_bytes = std::min(map.anonymous, map.private_clean + map.private_dirty),
          .swap_bytes = map.swap};
}

}  // namespace

std::uint64_t bss_end(const AddressSpace& space, const memory::MemorySource& memory, const SpaceRegion& last_part) {
  const auto& path = last_part.map.region.path;
  const auto head = std::find_if(space.regions().begin(), space.regions().end(), [&](const SpaceRegion& region) {
    return region.map.region.path == path && region.map.region.offset == 0;
  });
  constexpr std::uint16_t most_headers = 64;
  if (head == space.regions().end()) return last_part.map.region.end;
  const std::uint64_t start = head->map.region.start;
  const auto elf = memory.read_value<Elf64_Ehdr>({start});
  if (!elf || elf->e_phnum > most_headers || elf->e_phentsize != sizeof(Elf64_Phdr)) return last_part.map.region.end;
  std::uint64_t lowest = UINT64_MAX, end = 0;
  for (std::uint16_t i = 0; i < elf->e_phnum; ++i) {
    const auto header = memory.read_value<Elf64_Phdr>({start + elf->e_phoff + i * sizeof(Elf64_Phdr)});
    if (!header || header->p_type != PT_LOAD) continue;
    lowest = std::min(lowest, header->p_vaddr / proc::page_bytes * proc::page_bytes);
    end = std::max(end, header->p_vaddr + header->p_memsz);
  }
  if (end == 0) return last_part.map.region.end;
  const std::uint64_t loaded_end = start + (end - lowest);
  return (loaded_end + proc::page_bytes - 1) / proc::page_bytes * proc::page_bytes;
}

std::string LedgerBuilder::other_allocator() const {
  for (const auto& region : space_.regions()) {
    const auto file = proc::file_name_of(region.map.region.path);
    for (const auto& [prefix, name] : allocator_libraries) {
      if (file.starts_with(prefix)) return std::string(name);
    }
  }
  return {};
}

/// Of a target that runs: memory that went while it was walked is nobody's, and not a row: it has moved.
Tally LedgerBuilder::still_there(Range range) const {
  const Tally all = space_.tally(range);
  if (request_.running == nullptr || all.bytes == 0) return all;
  const auto pages = proc::PageMap::open(request_.running->dir_fd());
  if (!pages) return all;
  const auto now = pages->read(range.start / proc::page_bytes * proc::page_bytes,
                               (range.end + proc::page_bytes - 1) / proc::page_bytes * proc::page_bytes);
  if (!now) return all;
  Tally left;
  std::uint64_t at = range.start;
  for (const auto flags : *now) {
    const std::uint64_t end = std::min(range.end, at / proc::page_bytes * proc::page_bytes + proc::page_bytes);
    if ((flags & (proc::page_present | proc::page_swapped)) != 0) left += space_.tally({at, end});
    at = end;
  }
  return left;
}

void LedgerBuilder::give_rest_of(const SpaceRegion& region) {
  const auto& map = region.map.region;
  const auto& other = other_;
  HeapOwner owner = HeapOwner::unexplained;
  std::string detail = "anonymous mappings";
  if (region.map.is_special()) {
    owner = HeapOwner::kernel;
    detail = map.path;
  } else if (map.path.starts_with("[stack")) {
    owner = HeapOwner::main_stack;
    detail.clear();
  } else if (map.path == "[heap]") {
    owner = malloc_.is_found() || other.empty() ? HeapOwner::heap_slack : HeapOwner::other_allocator;
    detail = owner == HeapOwner::heap_slack ? "" : other;
  } else if (!other.empty()) {
    owner = HeapOwner::other_allocator;
    detail = other;
  }
  for (const auto& part : claims_.claim(region.range())) rows_.add(owner, detail, still_there(part));
}

void LedgerBuilder::give_rest() {
  std::map<std::string, bool> is_library;
  for (const auto& region : space_.regions()) {
    if (region.map.is_file() && region.map.region.executable) is_library[region.map.region.path] = true;
  }
  std::map<std::string, model::HeapFileRow> files;
  const SpaceRegion* last_file = nullptr;
  for (const auto& region : space_.regions()) {
    const auto& map = region.map.region;
    const bool has_rest = is_shared(region.map) || region.map.is_file();
    const Tally all = !region.is_paged() ? of_smaps(region.map) : has_rest ? take(region.range()) : Tally{};
    auto& file = files[map.path];
    if (is_shared(region.map)) {
      rows_.add(HeapOwner::shared_memory, map.path, all);
      file.other_bytes += all.bytes;
    } else if (region.map.is_file() && is_library.count(map.path) != 0) {
      // A mapping that was made read-only after relocation was written, too.
      const bool is_data = map.writable || (region.map.anonymous > 0 && !map.executable);
      rows_.add(is_data ? HeapOwner::library_data : HeapOwner::library_text, map.path, all);
      (is_data ? file.data_bytes : file.text_bytes) += all.bytes;
    } else if (region.map.is_file()) {
      rows_.add(HeapOwner::mapped_files, map.path, all);
      file.other_bytes += all.bytes;
    } else {
      const bool is_behind_library = last_file != nullptr && last_file->map.region.end == map.start &&
                                     map.path != "[heap]" && is_library.count(last_file->map.region.path) != 0;
      if (is_behind_library) {
        const Range bss{map.start, std::min(map.end, bss_end(space_, request_.memory, *last_file))};
        const auto path = last_file->map.region.path;
        files[path].data_bytes += claim(bss, HeapOwner::library_data, path).bytes;
      }
      if (!region.is_paged()) {  // the kernel's, or a mapping that fork did not copy
        rows_.add(region.map.is_special() ? HeapOwner::kernel : HeapOwner::unexplained,
                  region.map.is_special() ? map.path : "anonymous mappings", all);
      } else {
        give_rest_of(region);
      }
    }
    last_file = region.map.is_file() ? &region : nullptr;
  }
  for (auto& [path, row] : files) {
    if (path.empty() || path.starts_with("[") || row.text_bytes + row.data_bytes + row.other_bytes == 0) continue;
    row.path = path;
    ledger_.files.push_back(row);
  }
  std::stable_sort(ledger_.files.begin(), ledger_.files.end(), [](const auto& left, const auto& right) {
    return left.text_bytes + left.data_bytes + left.other_bytes >
           right.text_bytes + right.data_bytes + right.other_bytes;
  });
}

}  // namespace tidemark::heap
