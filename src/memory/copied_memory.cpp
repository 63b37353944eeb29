#include "tidemark/memory/copied_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace tidemark::memory {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr const char* copy_step = "copy the memory of a process";
constexpr std::uint64_t huge_page = std::uint64_t{2} << 20;
constexpr std::uint64_t least_slab = std::uint64_t{32} << 20;
constexpr std::uint64_t most_at_once = std::uint64_t{64} << 20;  ///< one call of the kernel's
constexpr std::uint64_t most_of_part = std::uint64_t{4} << 20;   ///< what is lost when one page of it goes

base::Error error_at(ErrorCode code, base::Address at, const char* detail) {
  return base::Error{.code = code, .doing = copy_step, .address = at, .detail = detail};
}

}  // namespace

Result<std::unique_ptr<CopiedMemory>> CopiedMemory::prepare(std::uint64_t bytes, const MemorySource* behind) {
  std::unique_ptr<CopiedMemory> copy(new CopiedMemory(behind));
  if (!copy->add_slab(bytes, true)) return fail(error_at(ErrorCode::limit, {}, "no memory for the copy"));
  return copy;
}

CopiedMemory::~CopiedMemory() {
  for (const auto& slab : slabs_) ::munmap(slab.bytes, slab.size);
}

bool CopiedMemory::add_slab(std::uint64_t bytes, bool touch) {
  const std::uint64_t size = (std::max(bytes, least_slab) + huge_page - 1) / huge_page * huge_page;
  void* const place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return false;
  slabs_.push_back({.bytes = static_cast<std::byte*>(place), .size = size});
  ::madvise(place, size, MADV_HUGEPAGE);  // a wish
  ::madvise(place, size,
            MADV_DONTFORK);  // a tracer that we fork would share it, and each page be copied when it is filled
  if (!touch) return true;
  constexpr int populate_write = 23;  // MADV_POPULATE_WRITE, kernel 5.14
  if (::madvise(place, bytes, populate_write) != 0) std::memset(place, 0, bytes);
  return true;
}

std::byte* CopiedMemory::room_for(std::uint64_t bytes) {
  if (slabs_.back().size - slabs_.back().used < bytes && !add_slab(bytes, false)) return nullptr;
  auto& slab = slabs_.back();
  std::byte* const room = slab.bytes + slab.used;
  slab.used += bytes;
  return room;
}

Result<void> CopiedMemory::copy(const MemorySource& from, const std::vector<CopyRange>& ranges) {
  std::vector<ReadRequest> batch;
  std::uint64_t batched = 0;
  for (const auto& range : ranges) {
    for (std::uint64_t done = 0; done < range.bytes;) {
      const std::uint64_t bytes = std::min(range.bytes - done, most_of_part);
      std::byte* const room = room_for(bytes);
      if (room == nullptr) return fail(error_at(ErrorCode::limit, range.start, "no memory for the copy"));
      batch.push_back({.from = range.start.plus(done), .into = std::span(room, bytes), .status = {}});
      batched += bytes;
      done += bytes;
      if (batched < most_at_once) continue;
      fetch(from, batch);
      batched = 0;
    }
  }
  fetch(from, batch);
  return {};
}

void CopiedMemory::fetch(const MemorySource& from, std::vector<ReadRequest>& batch) {
  from.read_many(batch);
  for (auto& request : batch) {
    const std::uint64_t bytes = request.into.size();
    (request.status ? bytes_copied_ : bytes_lost_) += bytes;
    parts_.push_back({.start = request.from.value,
                      .end = request.from.value + bytes,
                      .bytes = request.status ? request.into.data() : nullptr});
  }
  batch.clear();
}

Result<void> CopiedMemory::read(base::Address from, std::span<std::byte> into) const {
  while (!into.empty()) {
    const auto after = std::upper_bound(parts_.begin(), parts_.end(), from.value,
                                        [](std::uint64_t at, const Part& part) { return at < part.start; });
    const Part* const part = after == parts_.begin() ? nullptr : &*std::prev(after);
    if (part == nullptr || from.value >= part->end) {
      if (behind_ == nullptr) return fail(error_at(ErrorCode::absent, from, "not in the copy"));
      const std::uint64_t next = after == parts_.end() ? UINT64_MAX : after->start;
      const auto piece = into.first(std::min<std::uint64_t>(into.size(), next - from.value));
      if (auto done = behind_->read(from, piece); !done) return done;
      from = from.plus(piece.size());
      into = into.subspan(piece.size());
      continue;
    }
    if (part->bytes == nullptr) return fail(error_at(ErrorCode::absent, from, "it could not be copied"));
    const std::uint64_t bytes = std::min<std::uint64_t>(into.size(), part->end - from.value);
    std::memcpy(into.data(), part->bytes + (from.value - part->start), bytes);
    from = from.plus(bytes);
    into = into.subspan(bytes);
  }
  return {};
}

}  // namespace tidemark::memory
