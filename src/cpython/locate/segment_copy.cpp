#include "segment_copy.hpp"

#include <algorithm>
#include <span>

namespace tidemark::cpython {

using base::Address;

std::string copy_of(Address start, std::size_t size, const memory::MemorySource& memory) {
  constexpr std::size_t page_bytes = 4096;
  std::string copy(size, '\0');
  std::vector<memory::ReadRequest> requests;
  for (std::size_t at = 0; at < size;) {
    const std::size_t in_page = page_bytes - static_cast<std::size_t>(start.plus(at).value % page_bytes);
    const std::size_t length = std::min(in_page, size - at);
    requests.push_back(
        {.from = start.plus(at), .into = std::as_writable_bytes(std::span(copy).subspan(at, length)), .status = {}});
    at += length;
  }
  memory.read_many(requests);
  for (const auto& request : requests) {
    if (!request.status) std::ranges::fill(request.into, std::byte{0});
  }
  return copy;
}

std::vector<SegmentCopy> copy_writable(const Module& module, const memory::MemorySource& memory) {
  std::vector<SegmentCopy> copies;
  std::uint64_t left = max_writable_bytes;
  for (const auto& segment : module.segments) {
    if (!segment.writable || left == 0) continue;
    const std::uint64_t size = std::min(left, segment.memory_bytes);
    const Address start = Address{segment.address}.plus(module.bias);
    copies.push_back({.start = start, .bytes = copy_of(start, static_cast<std::size_t>(size), memory)});
    left -= size;
  }
  return copies;
}

}  // namespace tidemark::cpython
