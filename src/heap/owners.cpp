#include "detail/owners.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "detail/object_places.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t chunk_head_bytes = 16;
constexpr std::size_t most_deque_blocks = std::size_t{1} << 22;

}  // namespace

void follow_deques(const memory::MemorySource& memory, TypeTable& types, PointerBag& pointers) {
  std::vector<PointerBag::Pointer> starts;
  pointers.for_each([&](const PointerBag::Pointer& one) {
    if (types.at(one.type).kind == ObjectKind::deque) starts.push_back(one);
  });
  std::unordered_set<std::uint64_t> seen;
  for (auto block : starts) {
    while (seen.size() < most_deque_blocks && seen.insert(block.address).second) {
      const auto right = memory.read_value<std::uint64_t>({block.address + places::deque_right_link});
      if (!right || *right == 0 || *right % 16 != 0) break;
      block.address = *right;
      pointers.add(block.address, block.type);
    }
  }
}

RawOwners find_owners(const RawChunks& raw, const std::array<const PointerBag*, 2>& pointers, TypeTable* types,
                      const AddressSpace& space) {
  RawOwners owners;
  std::unordered_map<std::uint64_t, std::uint64_t> sizes;
  raw.for_each([&](const RawChunk& chunk) {
    const Tally all = space.tally({chunk.address, chunk.address + chunk.bytes});
    PointerBag::Pointer pointer;
    const std::uint64_t user = chunk.address + chunk_head_bytes, end = chunk.address + chunk.bytes;
    const bool is_pythons =
        types != nullptr && (pointers[0]->find(user, end, pointer) || pointers[1]->find(user, end, pointer));
    if (is_pythons) {
      auto& type = types->at(pointer.type);
      owners.python[static_cast<std::size_t>(type.kind)].add(all);
      type.malloc_bytes += chunk.bytes;
      return;
    }
    (chunk.is_mapped ? owners.native_mapped : owners.native).add(all);
    ++sizes[chunk.bytes];
  });
  for (const auto& [bytes, count] : sizes) {
    owners.native_sizes.push_back({.chunk_bytes = bytes, .count = count, .total_bytes = bytes * count});
  }
  std::sort(owners.native_sizes.begin(), owners.native_sizes.end(), [](const auto& left, const auto& right) {
    return left.total_bytes != right.total_bytes ? left.total_bytes > right.total_bytes
                                                 : left.chunk_bytes < right.chunk_bytes;
  });
  if (owners.native_sizes.size() > model::max_native_sizes) owners.native_sizes.resize(model::max_native_sizes);
  return owners;
}

}  // namespace tidemark::heap
