// Purpose: a FakeHeap with what only a census looks at: types with a __sizeof__, more pools, dicts and their keys, the
// collector's lists.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "fake_heap.hpp"
#include "tidemark/heap/census.hpp"

namespace tidemark::heap::test {

class CensusHeap {
 public:
  static constexpr std::uint64_t methods = FakePython::data + 0xd000, texts = methods + 0x100;
  static constexpr std::uint64_t keys = FakePython::data + 0xe000;
  static constexpr std::uint64_t instance_flags = cpython::type_flags::have_gc | cpython::type_flags::heap_type;

  explicit CensusHeap(const HeapShape& shape = {}) : heap(shape), layout(heap.python.layout()) {
    heap.space.put_text(texts, "__sizeof__");
    heap.space.put_word(methods, texts);
    auto& python = heap.python;
    object_type = python.type({.name = "object"});
    dict_type = python.type({.name = "dict",
                             .flags = cpython::type_flags::have_gc | cpython::type_flags::dict_subclass,
                             .basic_size = 48,
                             .base = object_type});
    for (const auto type : {object_type, python.int_type, python.str_type, python.list_type, dict_type}) {
      python.put(type, layout.type.methods, base::Address{methods});
      if (type != object_type) derive(type);
    }
    for (const auto type : {python.bytes_type, python.float_type, python.deque_type, python.mmap_type}) derive(type);
    for (std::uint64_t i = 0; i < 3; ++i) link_list(generation(i), {});
    link_list(frozen(), {});
  }

  void derive(std::uint64_t type) { heap.python.put(type, layout.type.base, base::Address{object_type}); }

  /// A pool behind those that there are, with `begun` blocks handed out.
  std::uint64_t add_pool(std::uint32_t size_class, std::uint64_t begun, const std::vector<std::uint64_t>& free = {}) {
    const std::uint64_t at = heap.pool_at(next_pool_++);
    heap.pools.entry(heap.table, 0, FakeHeap::arenas, next_pool_);
    heap.pools.pool(at, size_class, begun, free);
    heap.space.set_pages(at, heap.shape.pool_bytes, own);
    return at;
  }
  /// Block i of such a pool.
  [[nodiscard]] static std::uint64_t block(std::uint64_t pool, std::uint32_t size_class, std::uint64_t i) {
    return FakePools::block(pool, size_class, i);
  }
  /// The first bytes of the chunk that is nobody's become one of its own; where its user's bytes begin.
  std::uint64_t cut_native(std::uint64_t bytes) {
    constexpr std::uint64_t all = 0x500;
    heap.space.put_word(heap.native + 8, bytes | 1);
    heap.space.put_word(heap.native + bytes + 8, (all - bytes) | 1);
    return heap.native + 16;
  }
  void dict(std::uint64_t at, std::uint64_t keys_at, std::uint64_t values_at = 0) {
    heap.python.object(at, dict_type);
    heap.python.put(at, layout.dict.keys, base::Address{keys_at});
    heap.python.put(at, layout.dict.values, base::Address{values_at});
  }
  /// A table of 16 slots and 10 entries of text; its bytes.
  std::uint64_t dict_keys(std::uint64_t at, std::uint64_t references) {
    const auto& where = layout.dict_keys;
    heap.space.put_word(at, references);
    heap.python.put(at, where.size, 16);
    heap.python.put(at, where.log2_size, 4);
    heap.python.put(at, where.log2_index_bytes, 4);
    heap.python.put(at, where.kind, 1);
    heap.python.put(at, where.entries_used, 7);
    heap.space.put_word(at + where.entries_used.offset() - 8, 3);
    return where.indices + 16 + 10 * (layout.minor < 11 ? 24U : 16U);
  }

  [[nodiscard]] std::uint64_t collector() const {
    return layout.runtime.gc ? FakePython::runtime + *layout.runtime.gc : FakeHeap::interpreter + layout.interpreter.gc;
  }
  [[nodiscard]] std::uint64_t generation(std::uint64_t i) const {
    const auto& gc = layout.gc;
    const std::uint64_t first =
        gc.generation0.is_present() ? gc.generations_end - 3 * layout.generation.size_bytes : gc.generations;
    return collector() + first + i * layout.generation.size_bytes;
  }
  [[nodiscard]] std::uint64_t frozen() const { return collector() + layout.gc.permanent_generation; }
  /// A ring of the head of a list and of what lies before these objects.
  void link_list(std::uint64_t head, const std::vector<std::uint64_t>& objects) {
    heap.python.put(collector(), layout.gc.generation0, base::Address{generation(0)});
    std::uint64_t before = head;
    const auto link = [&](std::uint64_t to) {
      heap.space.put_word(before, to);
      heap.space.put_word(to + 8, before);
      before = to;
    };
    for (const auto object : objects) link(object - places::gc_head);
    link(head);
  }

  [[nodiscard]] model::Census read(const std::string& focus = {}, std::int64_t budget_ns = INT64_MAX) const {
    const Moment moment(heap.space.space());
    return read_at(moment, focus, budget_ns);
  }
  [[nodiscard]] model::Census read_at(const Moment& moment, const std::string& focus = {},
                                      std::int64_t budget_ns = INT64_MAX) const {
    return read_census({.memory = heap.space,
                        .moment = moment,
                        .python = heap.place(),
                        .thread_ids = {FakeHeap::tid},
                        .budget_ns = budget_ns,
                        .focus = focus,
                        .samples = samples});
  }

  FakeHeap heap;
  const cpython::Layout& layout;
  std::uint64_t object_type = 0, dict_type = 0;
  std::size_t samples = 10;

 private:
  std::uint64_t next_pool_ = 3;
};

inline model::CensusType row_of(const model::Census& census, std::string_view type) {
  const auto found = std::ranges::find(census.types, type, &model::CensusType::type);
  return found == census.types.end() ? model::CensusType{} : *found;
}

}  // namespace tidemark::heap::test
