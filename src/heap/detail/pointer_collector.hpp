// Purpose: what the objects that the walkers find point to outside of pymalloc.
#pragma once

#include <vector>

#include "books.hpp"
#include "object_sink.hpp"

namespace tidemark::heap {

/// Memory that an object has mapped for itself and knows the size of.
struct MappedByObject {
  Range range;
  std::uint32_t type = 0;
};

class PointerCollector final : public ObjectSink {
 public:
  explicit PointerCollector(const ArenaSet& arenas) : arenas_(arenas) {}

  void take(const Recogniser& recogniser, const FoundObject& object) override {
    const auto& type = object.type;
    recogniser.visit_pointers(type, object.bytes, object.seen,
                              [&](std::uint64_t pointer) { add(pointer, type.index); });
    if (type.kind == ObjectKind::mmap) take_mapping(type, object.bytes, object.seen);
  }
  void add(std::uint64_t pointer, std::uint32_t type) {
    if (!arenas_.holds(pointer)) bag.add(pointer, type);
  }

  PointerBag bag;
  std::vector<MappedByObject> mappings;

 private:
  /// mmap_object: data and size follow the head (Modules/mmapmodule.c, 3.8 to 3.15).
  void take_mapping(const TypeEntry& type, const std::byte* object, std::uint64_t seen) {
    constexpr std::uint64_t data_at = 16, size_at = 24;
    if (seen < size_at + 8) return;
    const auto data = load(object + data_at), bytes = load(object + size_at);
    constexpr std::uint64_t user_space_end = std::uint64_t{1} << 47;
    constexpr std::size_t most_mappings = std::size_t{1} << 20;
    if (data % proc::page_bytes == 0 && data != 0 && data < user_space_end && bytes < max_paged_bytes &&
        mappings.size() < most_mappings) {
      mappings.push_back({.range = {data, data + (bytes + proc::page_bytes - 1) / proc::page_bytes * proc::page_bytes},
                          .type = type.index});
    }
  }

  const ArenaSet& arenas_;
};

}  // namespace tidemark::heap
