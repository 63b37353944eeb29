// Purpose: an interpreter made by hand, through a layout's own offsets: runtime, thread states, frames, code,
// collector. Each struct lies at an address of its own; what is not set is zero, or what the test wishes.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/memory/image_memory.hpp"
#include "watched_memory.hpp"

namespace tidemark::cpython::test {

using base::Address;

inline constexpr base::Tid main_thread_id = 4711;

class FakeInterpreter {
 public:
  static constexpr std::uint64_t start = 0x10000000;
  static constexpr std::size_t size_bytes = 0x90000;
  static constexpr Address runtime{start};
  static constexpr Address interpreter{start + 0x10000};
  static constexpr Address gil{start + 0x20000};
  static constexpr Address code_type{start + 0x21000};
  static constexpr Address garbage{start + 0x22000};
  static constexpr Address list_type{start + 0x23000};
  static constexpr Address str_type{start + 0x24000};
  static constexpr Address bytes_type{start + 0x25000};
  static constexpr Address type_type{start + 0x26000};
  static constexpr Address stats{start + 0x28000};
  static Address thread(std::size_t i) { return Address{start + 0x30000 + i * 0x600}; }
  static Address cframe(std::size_t i) { return Address{start + 0x40000 + i * 0x40}; }
  static Address frame(std::size_t i) { return Address{start + 0x50000 + i * 0x100}; }
  static Address code(std::size_t i) { return Address{start + 0x60000 + i * 0x1000}; }
  static Address string(std::size_t i) { return Address{start + 0x70000 + i * 0x1000}; }
  static Address bytecodes(std::size_t i) { return code(i).plus(0x800); }
  static Address bytecode(std::size_t i) { return string(3 * i + 2).plus(0x800); }
  static Address pthread(std::size_t i) { return Address{start + 0x80000 + i * 0x400}; }
  static constexpr Address version_text{start + 0x8ffa0};

  /// `threads` thread states, the main one last in the list as CPython has it; each waits in frame i of code 0,
  /// line 12.
  explicit FakeInterpreter(const Layout& layout, std::size_t threads = 1, std::byte unset = {}) : layout_(layout) {
    REQUIRE(image_.add({.start = {start}, .bytes = std::vector<std::byte>(size_bytes, unset)}));
    put(runtime, layout.runtime.interpreters_main, interpreter);
    put(interpreter, layout.interpreter.threads_head, thread(0));
    put(interpreter, layout.interpreter.gil, gil);
    set_collector();
    set_code(0, "Worker.run", "/srv/worker.py");
    for (std::size_t i = 0; i < threads; ++i) {
      const bool is_last = i + 1 == threads;
      set_thread(i, i == 0 ? Address{} : thread(i - 1), is_last ? Address{} : thread(i + 1),
                 is_last ? main_thread_id : main_thread_id + 1 + static_cast<base::Tid>(i));
      set_frame(i, 0, 2, {});
      set_current_frame(i, frame(i));
    }
  }

  template <class T>
  void put(Address object, Field<T> field, std::type_identity_t<T> value) {
    if (field.is_present()) put_at(object.plus(field.offset()), value);
  }
  template <class T>
  void put_at(Address at, T value) {
    REQUIRE(image_.overwrite(at, std::as_bytes(std::span<const T, 1>(&value, 1))));
    written_.emplace_back(at, sizeof(T));
  }

  void set_thread(std::size_t i, Address prev, Address next, base::Tid native_id) {
    put(thread(i), layout_.thread.prev, prev);
    put(thread(i), layout_.thread.next, next);
    put(thread(i), layout_.thread.interp, interpreter);
    put(thread(i), layout_.thread.alloc_count, 0);
    put(thread(i), layout_.thread.thread_id, pthread(i).value);
    put_at(pthread(i), pthread(i));
    set_native_id(i, static_cast<std::uint64_t>(native_id));
    put(thread(i), layout_.thread.cframe, cframe(i));
  }
  /// Where the layout takes it from the struct pthread, its lower half.
  void set_native_id(std::size_t i, std::uint64_t id) {
    put(thread(i), layout_.thread.native_thread_id, id);
    if (!layout_.thread.pthread.is_present()) return;
    put(thread(i), layout_.thread.pthread, pthread(i));
    put(pthread(i), layout_.pthread.self, pthread(i));
    put(pthread(i), layout_.pthread.tid, static_cast<std::int32_t>(id));
  }
  void set_current_frame(std::size_t i, Address at) {
    put(thread(i), layout_.thread.current_frame, at);
    put(cframe(i), layout_.cframe.current_frame, at);
  }
  /// `unit` counts code units from the first instruction.
  void set_frame(std::size_t i, std::size_t code_number, std::uint64_t unit, Address previous, std::uint8_t owner = 0) {
    put(frame(i), layout_.frame.code, Address{code(code_number).value | (layout_.frame.code_tags & 1U)});
    put(frame(i), layout_.frame.previous, previous);
    put(frame(i), layout_.frame.instruction, code(code_number).plus(layout_.code.instructions + 2 * unit));
    put(frame(i), layout_.frame.owner, owner);
    put(frame(i), layout_.frame.executing, layout_.frame.executing_value);
    put(frame(i), layout_.frame.bytecode_index, 0);
    if (!layout_.frame.last_instruction.is_present()) return;
    put(frame(i), layout_.frame.last_instruction,
        static_cast<std::int32_t>(2 * unit) / static_cast<std::int32_t>(layout_.frame.last_instruction_bytes));
  }
  /// The frame runs copy `index` of its code's instructions, which begins at `copy`.
  void set_copy_run(std::size_t i, std::int32_t index, Address copy, std::uint64_t unit) {
    put(frame(i), layout_.frame.bytecode_index, index);
    put(frame(i), layout_.frame.instruction, copy.plus(2 * unit));
  }
  /// The unit of a frame that has not begun.
  [[nodiscard]] std::uint64_t fresh_unit() const { return layout_.code.first_traceable.is_present() ? 0 : ~0ULL; }
  /// Ten code units from line 10 on: units 0 and 1 on line 10, 2 to 9 on line 12. The first traceable one is unit 1.
  void set_code(std::size_t i, const std::string& qualname, const std::string& file) {
    const Address at = code(i);
    put(at, layout_.object.type, code_type);
    if (layout_.code.bytecode.is_present()) {
      put(at, layout_.code.bytecode, bytecode(i));
      put(bytecode(i), layout_.object.size, 20);
      put_at(bytecode(i).plus(layout_.bytes.data + 20), '\0');
    } else {
      put(at, layout_.object.size, 10);
    }
    put(at, layout_.code.first_line, 10);
    put(at, layout_.code.version, static_cast<std::uint32_t>(++code_version_));
    put(at, layout_.code.qualname, string(3 * i));
    put(at, layout_.code.filename, string(3 * i + 1));
    put(at, layout_.code.line_table, string(3 * i + 2));
    put(at, layout_.code.first_traceable, 1);
    set_bytecodes(i, bytecodes(i), {at.plus(layout_.code.instructions)});
    set_ascii(string(3 * i), qualname);
    set_ascii(string(3 * i + 1), file);
    set_lines(i, 2);
  }
  /// Where the copies of a code object's instructions begin; null: the thread has none.
  void set_bytecodes(std::size_t i, Address array, const std::vector<Address>& starts) {
    if (!layout_.code.bytecodes.is_present()) return;
    put(code(i), layout_.code.bytecodes, array);
    put(array, layout_.code_array.size, static_cast<std::int64_t>(starts.size()));
    for (std::size_t k = 0; k < starts.size(); ++k) put_at(array.plus(layout_.code_array.entries + 8 * k), starts[k]);
  }
  /// Units 0 and 1 on line 10, the others `further` lines on.
  void set_lines(std::size_t i, int further) {
    switch (layout_.code.line_table_format) {
      case Layout::LineTable::lnotab:
        return set_bytes(string(3 * i + 2), {4, further});
      case Layout::LineTable::ranges:
        return set_bytes(string(3 * i + 2), {4, 0, 16, further});
      case Layout::LineTable::locations:
        return set_bytes(string(3 * i + 2), {0x80 | (10 << 3) | 1, 0, 0, 0x80 | ((10 + further) << 3) | 7, 0, 0});
    }
  }
  void set_ascii(Address at, const std::string& text) {
    set_string(at, text.size(), 1, true);
    for (std::size_t i = 0; i < text.size(); ++i) put_at(at.plus(layout_.unicode.ascii_data + i), text[i]);
    put_at(at.plus(layout_.unicode.ascii_data + text.size()), '\0');
  }
  /// What Py_GetVersion has written.
  void set_version_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) put_at(version_text.plus(i), text[i]);
  }
  /// The head of a compact string.
  void set_string(Address at, std::size_t length, unsigned kind, bool is_ascii, bool is_compact = true) {
    put(at, layout_.unicode.length, static_cast<std::int64_t>(length));
    put(at, layout_.unicode.state,
        (kind | (is_compact ? 1U << 3U : 0U) | (is_ascii ? 1U << 4U : 0U)) << layout_.unicode.kind_bit);
  }
  void set_bytes(Address at, const std::vector<int>& bytes) {
    put(at, layout_.object.size, static_cast<std::int64_t>(bytes.size()));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      put_at(at.plus(layout_.bytes.data + i), static_cast<unsigned char>(bytes[i]));
    }
    put_at(at.plus(layout_.bytes.data + bytes.size()), '\0');
  }
  /// Counts 101, 102, 103; collections 7, 8, 9; collected 10 + i; uncollectable 20 + i; three objects of garbage.
  void set_collector() {
    const Address gc = collector();
    const Address generations = first_generation();
    put(gc, layout_.gc.enabled, 1);
    put(gc, layout_.gc.generation0, generations);
    put(gc, layout_.gc.garbage, garbage);
    put(gc, layout_.gc.visited_space, 0);
    put(gc, layout_.gc.stats, stats);
    put(garbage, layout_.object.size, 3);
    for (std::uint32_t i = 0; i < 3; ++i) {
      const Address generation = generations.plus(i * layout_.generation.size_bytes);
      put_at(generation, Address{});  // a free-threaded collector has no lists
      put_at(generation.plus(8), Address{});
      put(generation, layout_.generation.threshold, i == 0 ? 700 : 10);
      put(generation, layout_.generation.count, static_cast<std::int32_t>(101 + i));
      const Address sums = sums_of(i);
      put(sums, layout_.generation_stats.collections, 7 + i);
      put(sums, layout_.generation_stats.collected, 10 + i);
      put(sums, layout_.generation_stats.uncollectable, 20 + i);
    }
  }
  /// The sums of a generation; of a ring of them the last one, which becomes the newest.
  Address sums_of(std::uint32_t i) {
    const std::uint32_t bytes = layout_.generation_stats.size_bytes;
    if (!layout_.gc.stats.is_present()) return collector().plus(layout_.gc.generation_stats + i * bytes);
    const auto& rings = layout_.stats;
    const std::uint32_t items = std::array{rings.first, rings.second, rings.third}[i];
    const Field<std::int8_t> index = std::array{rings.first_index, rings.second_index, rings.third_index}[i];
    const std::uint32_t last = (index.offset() - items) / bytes - 1;
    put(stats, index, static_cast<std::int8_t>(last));
    return stats.plus(items + last * bytes);
  }
  [[nodiscard]] Address first_generation() const {
    const bool is_pointed_at = layout_.gc.generation0.is_present();
    return collector().plus(is_pointed_at ? layout_.gc.generations_end - 3 * layout_.generation.size_bytes
                                          : layout_.gc.generations);
  }
  [[nodiscard]] Address oldest_generation() const {
    return first_generation().plus(2 * std::uint64_t{layout_.generation.size_bytes});
  }
  /// The types that objects have, and rings of the collector.
  void set_types() {
    put(code_type, layout_.type.basic_size, layout_.code.size_bytes);
    const auto set_type = [this](Address type, std::string_view name, std::initializer_list<Address> objects) {
      put(type, layout_.type.name, type.plus(0x100));
      for (std::size_t i = 0; i < name.size(); ++i) put_at(type.plus(0x100 + i), name[i]);
      put_at(type.plus(0x100 + name.size()), '\0');
      for (const Address object : objects) put(object, layout_.object.type, type);
    };
    set_type(type_type, "type", {code_type, list_type, str_type, bytes_type});
    set_type(list_type, "list", {garbage});
    set_type(str_type, "str", {string(0), string(1)});
    set_type(bytes_type, "bytes", {string(2), bytecode(0)});
    if (layout_.free_threaded) return;  // has no rings
    for (std::uint64_t head = first_generation().value, i = 0; i < 2; ++i, head += layout_.generation.size_bytes) {
      put_at(Address{head}, std::array{head, head});  // the younger ones are empty
    }
    put_at(oldest_generation(), garbage.plus(0x200));
    put_at(oldest_generation().plus(8), garbage.plus(0x210));
    put_at(garbage.plus(0x208), Address{oldest_generation().value | 1});  // with a flag
    put_at(garbage.plus(0x210), oldest_generation());
  }
  /// Null: free.
  void set_holder(Address holder) {
    put(runtime, layout_.runtime.tstate_current, holder);
    put(gil, layout_.gil.enabled, holder.is_null() ? 0 : 1);
    put(gil, layout_.gil.locked, holder.is_null() ? 0 : 1);
    put(gil, layout_.gil.last_holder, holder);
  }

  [[nodiscard]] Address collector() const {
    return layout_.runtime.gc ? runtime.plus(*layout_.runtime.gc) : interpreter.plus(layout_.interpreter.gc);
  }
  [[nodiscard]] static RuntimePlace place() { return {.runtime = runtime, .code_type = code_type}; }
  [[nodiscard]] memory::ImageMemory& image() { return image_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  /// Every field that was set, as address and size.
  [[nodiscard]] const std::vector<std::pair<Address, std::size_t>>& written() const { return written_; }

  [[nodiscard]] PythonSnapshot read() {
    SnapshotReader reader(image_, layout_, place(), main_thread_id);
    return reader.read();
  }

 private:
  Layout layout_;
  memory::ImageMemory image_;
  std::uint32_t code_version_ = 100;
  std::vector<std::pair<Address, std::size_t>> written_;
};

inline bool has_gap(const PythonSnapshot& snapshot, model::Source source, model::Reason reason) {
  for (const auto& gap : snapshot.gaps) {
    if (gap == model::Gap{.source = source, .reason = reason}) return true;
  }
  return false;
}

/// Runs the body as a subcase for each layout that there is.
inline void for_each_layout(const std::function<void(const Layout&)>& body) {
  for (const Layout* layout : layouts()) {
    CAPTURE(static_cast<int>(layout->minor));
    CAPTURE(layout->free_threaded);
    body(*layout);
  }
}

}  // namespace tidemark::cpython::test
