// Purpose: how large an object is, as sys.getsizeof() says, and what it holds beside its own block.
// Invariants: works on copied bytes; the keys of dicts, which lie elsewhere, are read many at once. What a rule does
// not fit (an object that changes while it is read) counts with its fixed part.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "block_sizes.hpp"
#include "focus.hpp"
#include "object_sink.hpp"
#include "size_rules.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/sizeof.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::heap {

/// What is the same for all objects of a type.
struct TypeSizes {
  SizeRule rule = SizeRule::object;
  bool has_own_sizeof = false;  ///< of a class that is not known: what `object` says stands for it
  std::int64_t owner_basic_size = 0;
  std::uint64_t values_bytes = 0;  ///< 3.11, 3.12: of the block that has the attributes of an instance without a dict
};

/// A dict, until its keys are read.
struct PendingDict {
  static constexpr std::size_t head_bytes = 64;

  SeenObject object;
  TypeEntry* type = nullptr;
  std::uint64_t keys = 0;
  std::uint32_t seen = 0;
  bool is_debug = false;
  std::array<std::byte, head_bytes> head{};
};

class ObjectSizer {
 public:
  ObjectSizer(const memory::MemorySource& memory, const cpython::Layout& layout)
      : memory_(memory), layout_(layout), sizeofs_(memory, layout) {}

  void set_blocks(BlockSizes blocks) { blocks_ = blocks; }
  [[nodiscard]] TypeSizes of_type(const TypeEntry& type, TypeTable& types);
  /// Of the block that has an instance's attributes, where that is another one.
  [[nodiscard]] std::uint64_t values_held(const TypeSizes& sizes, const FoundObject& found) const;
  /// Into object.bytes; what is held beside its own block and values is added to object.held.
  void measure(const TypeSizes& sizes, const FoundObject& found, SeenObject& object) const {
    take_size(sizes, found, memory_, object);
  }

  /// Whether its keys have to be looked at.
  [[nodiscard]] bool is_dict(const TypeSizes& sizes, const FoundObject& found) const {
    return sizes.rule == SizeRule::dict && layout_.dict.keys.is_present() && layout_.dict.keys.end() <= found.seen;
  }
  /// The same of a dict whose keys were copied with it. False: they were not, and it has to wait.
  [[nodiscard]] bool measure_with_keys(const FoundObject& found, SeenObject& object) const;
  [[nodiscard]] PendingDict pending(const FoundObject& found, const SeenObject& object) const;
  /// Reads the keys of all of them, and then their sizes.
  void measure(std::vector<PendingDict>& dicts);

  [[nodiscard]] bool is_interned(const FoundObject& object) const;

 private:
  static constexpr std::size_t key_head_bytes = 48;

  void take_size(const TypeSizes& sizes, const FoundObject& found, const memory::MemorySource& memory,
                 SeenObject& object) const;
  [[nodiscard]] std::uint64_t beside(const TypeSizes& sizes, const FoundObject& found, std::uint64_t bytes) const;
  [[nodiscard]] bool has_values(const FoundObject& found) const;
  [[nodiscard]] std::uint64_t values_bytes(const TypeEntry& type) const;

  const memory::MemorySource& memory_;
  const cpython::Layout& layout_;
  cpython::SizeofFinder sizeofs_;
  BlockSizes blocks_{true};
  std::vector<std::array<std::byte, key_head_bytes>> key_heads_;
  std::vector<memory::ReadRequest> requests_;
};

}  // namespace tidemark::heap
