#include "detail/code_search.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "tidemark/base/fd.hpp"
#include "tidemark/base/gone.hpp"
#include "tidemark/memory/live_memory.hpp"

namespace tidemark::control::detail {

using base::fail;
using base::Result;

namespace {

constexpr const char* step = "search the code of a process";
constexpr std::uint64_t page_bytes = 4096, chunk_bytes = 256 * page_bytes;

bool is_complete(const InjectionSites& sites) { return sites.call_and_return != 0 && sites.signal_return != 0; }

bool is_libc(const proc::MapRegion& region) {
  const std::string_view name = proc::file_name_of(region.path);
  return name.starts_with("libc.") || name.starts_with("libc-") || name.starts_with("ld-musl");
}

/// The libc's first: its pages are resident in every process anyway.
std::vector<const proc::MapRegion*> code_regions(std::span<const proc::MapRegion> regions) {
  std::vector<const proc::MapRegion*> out;
  for (const auto& region : regions) {
    const bool is_file = region.inode != 0 && !region.writable && !region.shared;
    if (region.executable && region.readable && (is_file || region.path == "[vdso]")) out.push_back(&region);
  }
  std::ranges::stable_partition(out, [](const proc::MapRegion* region) { return is_libc(*region); });
  return out;
}

/// Pages that are not resident stay zero, which is part of no piece of code that we look for.
class ResidentCode {
 public:
  explicit ResidentCode(const memory::MemorySource& memory) : memory_(memory) {}

  void operator()(std::uint64_t from, std::span<std::byte> into) {
    std::ranges::fill(into, std::byte{0});
    requests_.clear();
    for (std::size_t done = 0; done < into.size(); done += page_bytes) {
      const auto page = into.subspan(done, std::min<std::size_t>(page_bytes, into.size() - done));
      requests_.push_back({.from = base::Address{from + done}, .into = page});
    }
    memory_.read_many(requests_);
  }

 private:
  const memory::MemorySource& memory_;
  std::vector<memory::ReadRequest> requests_;
};

class AllCode {
 public:
  explicit AllCode(const base::Fd& mem_file) : file_(mem_file) {}

  void operator()(std::uint64_t from, std::span<std::byte> into) const {
    const ssize_t got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(from));
    std::ranges::fill(into.subspan(got > 0 ? static_cast<std::size_t>(got) : 0), std::byte{0});
  }

 private:
  const base::Fd& file_;
};

template <class Reader>
void search(std::span<const proc::MapRegion* const> regions, Reader read, InjectionSites& sites) {
  std::vector<std::byte> chunk(chunk_bytes);
  std::uint64_t searched = 0;
  for (const auto* region : regions) {
    // Chunks overlap by a page, for what crosses their border.
    for (std::uint64_t at = region->start; at < region->end; at += chunk_bytes - page_bytes) {
      if (is_complete(sites) || searched >= max_searched_bytes) return;
      const auto code = std::span(chunk).first(std::min(chunk_bytes, region->end - at));
      read(at, code);
      search_code(code, at, sites);
      searched += code.size();
    }
  }
}

template <std::size_t n>
std::uint64_t find(std::span<const std::byte> code, std::uint64_t address, const std::array<unsigned char, n>& piece) {
  const void* const at = ::memmem(code.data(), code.size(), piece.data(), piece.size());
  return at != nullptr ? address + static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - code.data()) : 0;
}

}  // namespace

void search_code(std::span<const std::byte> code, std::uint64_t address, InjectionSites& sites) {
  if (sites.call_and_return == 0) sites.call_and_return = find(code, address, call_and_return_code);
  const auto take_signal_return = [&](const auto& piece) {
    if (sites.signal_return != 0) return;
    sites.signal_return = find(code, address, piece);
    if (sites.signal_return != 0) sites.after_signal_return = sites.signal_return + piece.size();
  };
  take_signal_return(signal_return_code);
  take_signal_return(short_signal_return_code);
}

Result<std::optional<InjectionSites>> find_injection_sites(const Subject& subject,
                                                           std::span<const proc::MapRegion> regions) {
  const auto code = code_regions(regions);
  InjectionSites sites;
  const auto memory = memory::LiveMemory::open(subject.root.fd(), subject.files.pid());
  if (!memory) return fail(memory.error());
  search(code, ResidentCode(**memory), sites);
  if (!is_complete(sites)) {
    auto mem_file = base::open_at(subject.files.dir_fd(), "mem", O_RDONLY, step);
    if (!mem_file) return fail(base::absent_means_gone(std::move(mem_file).error()));
    search(code, AllCode(*mem_file), sites);
  }
  return is_complete(sites) ? std::optional(sites) : std::nullopt;
}

}  // namespace tidemark::control::detail
