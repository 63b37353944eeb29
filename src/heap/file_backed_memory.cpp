#include "tidemark/heap/file_backed_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

namespace tidemark::heap {

using base::Result;
using proc::page_bytes;

namespace {

constexpr const char* step = "open a mapped file";

bool is_mapped_file(const base::Fd& file, const proc::MapRegion& region) {
  struct stat found {};
  return ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode) && found.st_ino == region.inode &&
         ::major(found.st_dev) == region.device_major && ::minor(found.st_dev) == region.device_minor;
}

/// O_NONBLOCK: a path may lead to a FIFO by now.
base::Fd open_mapped(const proc::ProcessFiles& process, const proc::MapRegion& region) {
  const auto link = fmt::format("map_files/{:x}-{:x}", region.start, region.end);
  if (auto linked = base::open_at(process.dir_fd(), link, O_RDONLY | O_NONBLOCK, step)) return std::move(*linked);
  auto file = base::open_at(process.dir_fd(), "root" + region.path, O_RDONLY | O_NONBLOCK, step);
  return file && is_mapped_file(*file, region) ? std::move(*file) : base::Fd{};
}

}  // namespace

FileBackedMemory::FileBackedMemory(const memory::MemorySource& memory, const proc::ProcessFiles& process)
    : memory_(memory), process_(process) {
  auto maps = process.maps();
  auto pages = proc::PageMap::open(process.dir_fd());
  if (!maps || !pages) return;
  pages_ = std::move(*pages);
  for (auto& region : *maps) {
    const bool is_of_file = region.inode != 0 && region.path.starts_with('/');
    if (is_of_file && region.readable && !region.writable && !region.shared) regions_.push_back(std::move(region));
  }
}

const proc::MapRegion* FileBackedMemory::find(std::uint64_t address) const {
  const auto after = std::upper_bound(regions_.begin(), regions_.end(), address,
                                      [](std::uint64_t at, const auto& region) { return at < region.start; });
  if (after == regions_.begin() || address >= std::prev(after)->end) return nullptr;
  return &*std::prev(after);
}

Result<void> FileBackedMemory::read(base::Address from, std::span<std::byte> into) const {
  auto done = memory_.read(from, into);
  if (done || done.error().code != base::ErrorCode::absent) return done;
  // Also when only its end is in a file: it is short, and no stretch of memory that is scanned.
  if (find(done.error().address.value) == nullptr) return done;
  return read_by_pages(from, into);
}

void FileBackedMemory::read_many(std::span<memory::ReadRequest> requests) const {
  memory_.read_many(requests);
  for (auto& request : requests) {
    if (request.status || request.status.error().code != base::ErrorCode::absent) continue;
    if (find(request.status.error().address.value) == nullptr) continue;
    request.status = read_by_pages(request.from, request.into);
  }
}

Result<void> FileBackedMemory::read_by_pages(base::Address from, std::span<std::byte> into) const {
  while (!into.empty()) {
    const auto piece = into.first(std::min<std::uint64_t>(into.size(), page_bytes - from.value % page_bytes));
    auto done = memory_.read(from, piece);
    if (!done && (done.error().code != base::ErrorCode::absent || !read_file(from, piece))) return done;
    from = from.plus(piece.size());
    into = into.subspan(piece.size());
  }
  return {};
}

/// Bytes of one page. One that was written is anonymous: it is present, or swapped out.
bool FileBackedMemory::read_file(base::Address from, std::span<std::byte> into) const {
  const auto* const region = find(from.value);
  if (region == nullptr) return false;
  const std::uint64_t page = from.value / page_bytes * page_bytes;
  const auto flags = pages_->read(page, page + page_bytes);
  if (!flags || flags->empty() || flags->front() != 0) return false;
  const auto& file = file_of(*region);
  if (!file.is_open()) return false;
  const auto at = static_cast<off_t>(region->offset + (from.value - region->start));
  return ::pread(file.get(), into.data(), into.size(), at) == static_cast<ssize_t>(into.size());
}

const base::Fd& FileBackedMemory::file_of(const proc::MapRegion& region) const {
  const auto known = open_.find(region.start);
  if (known != open_.end()) return known->second;
  return open_.emplace(region.start, open_mapped(process_, region)).first->second;
}

}  // namespace tidemark::heap
