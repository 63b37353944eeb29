// Purpose: the entries of a layout by name. What fills, prints, compares or damages a layout goes over them here, so
// that a new entry is forgotten nowhere: src/cpython/layout/fields.cpp does not compile when one is missing.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

/// Calls `visit(name, entry)` for each entry. An entry is a Field<T>, an offset or size (std::uint32_t, 0 where there
/// is none), std::optional<std::uint32_t>, or one of few values of other types.
template <class L, class Visit>
  requires std::is_same_v<std::remove_const_t<L>, Layout>
constexpr void for_each_field(L& layout, Visit&& visit) {
  visit("runtime.initialized", layout.runtime.initialized);
  visit("runtime.interpreters_head", layout.runtime.interpreters_head);
  visit("runtime.interpreters_main", layout.runtime.interpreters_main);
  visit("runtime.tstate_current", layout.runtime.tstate_current);
  visit("runtime.gc", layout.runtime.gc);
  visit("interpreter.next", layout.interpreter.next);
  visit("interpreter.id", layout.interpreter.id);
  visit("interpreter.modules", layout.interpreter.modules);
  visit("interpreter.threads_head", layout.interpreter.threads_head);
  visit("interpreter.gil", layout.interpreter.gil);
  visit("interpreter.gc", layout.interpreter.gc);
  visit("thread.prev", layout.thread.prev);
  visit("thread.next", layout.thread.next);
  visit("thread.interp", layout.thread.interp);
  visit("thread.cframe", layout.thread.cframe);
  visit("thread.current_frame", layout.thread.current_frame);
  visit("thread.native_thread_id", layout.thread.native_thread_id);
  visit("thread.pthread", layout.thread.pthread);
  visit("thread.thread_id", layout.thread.thread_id);
  visit("thread.datastack_chunk", layout.thread.datastack_chunk);
  visit("thread.state", layout.thread.state);
  visit("thread.alloc_count", layout.thread.alloc_count);
  visit("stack_chunk.previous", layout.stack_chunk.previous);
  visit("stack_chunk.size", layout.stack_chunk.size);
  visit("stack_chunk.top", layout.stack_chunk.top);
  visit("stack_chunk.data", layout.stack_chunk.data);
  visit("pthread.self", layout.pthread.self);
  visit("pthread.tid", layout.pthread.tid);
  visit("cframe.current_frame", layout.cframe.current_frame);
  visit("frame.code", layout.frame.code);
  visit("frame.code_tags", layout.frame.code_tags);
  visit("frame.previous", layout.frame.previous);
  visit("frame.instruction", layout.frame.instruction);
  visit("frame.owner", layout.frame.owner);
  visit("frame.owner_generator", layout.frame.owner_generator);
  visit("frame.owner_c_stack", layout.frame.owner_c_stack);
  visit("frame.last_instruction", layout.frame.last_instruction);
  visit("frame.last_instruction_bytes", layout.frame.last_instruction_bytes);
  visit("frame.executing", layout.frame.executing);
  visit("frame.executing_value", layout.frame.executing_value);
  visit("frame.bytecode_index", layout.frame.bytecode_index);
  visit("frame_owners.object_frame", layout.frame_owners.object_frame);
  visit("frame_owners.generator_frame", layout.frame_owners.generator_frame);
  visit("code.first_line", layout.code.first_line);
  visit("code.version", layout.code.version);
  visit("code.filename", layout.code.filename);
  visit("code.qualname", layout.code.qualname);
  visit("code.line_table", layout.code.line_table);
  visit("code.first_traceable", layout.code.first_traceable);
  visit("code.instructions", layout.code.instructions);
  visit("code.bytecode", layout.code.bytecode);
  visit("code.line_table_format", layout.code.line_table_format);
  visit("code.size_bytes", layout.code.size_bytes);
  visit("code.bytecodes", layout.code.bytecodes);
  visit("code.extra", layout.code.extra);
  visit("code.stack_size", layout.code.stack_size);
  visit("code.locals", layout.code.locals);
  visit("code.cell_names", layout.code.cell_names);
  visit("code.free_names", layout.code.free_names);
  visit("code.cell_numbers", layout.code.cell_numbers);
  visit("code.op_cache", layout.code.op_cache);
  visit("code.op_cache_size", layout.code.op_cache_size);
  visit("code_array.size", layout.code_array.size);
  visit("code_array.entries", layout.code_array.entries);
  visit("gc.enabled", layout.gc.enabled);
  visit("gc.collecting", layout.gc.collecting);
  visit("gc.generation0", layout.gc.generation0);
  visit("gc.generations", layout.gc.generations);
  visit("gc.generations_end", layout.gc.generations_end);
  visit("gc.permanent_generation", layout.gc.permanent_generation);
  visit("gc.visited_space", layout.gc.visited_space);
  visit("gc.generation_stats", layout.gc.generation_stats);
  visit("gc.stats", layout.gc.stats);
  visit("gc.garbage", layout.gc.garbage);
  visit("gc.size_bytes", layout.gc.size_bytes);
  visit("generation.threshold", layout.generation.threshold);
  visit("generation.count", layout.generation.count);
  visit("generation.size_bytes", layout.generation.size_bytes);
  visit("generation_stats.collections", layout.generation_stats.collections);
  visit("generation_stats.collected", layout.generation_stats.collected);
  visit("generation_stats.uncollectable", layout.generation_stats.uncollectable);
  visit("generation_stats.size_bytes", layout.generation_stats.size_bytes);
  visit("stats.first", layout.stats.first);
  visit("stats.second", layout.stats.second);
  visit("stats.third", layout.stats.third);
  visit("stats.first_index", layout.stats.first_index);
  visit("stats.second_index", layout.stats.second_index);
  visit("stats.third_index", layout.stats.third_index);
  visit("gil.last_holder", layout.gil.last_holder);
  visit("gil.locked", layout.gil.locked);
  visit("gil.enabled", layout.gil.enabled);
  visit("object.type", layout.object.type);
  visit("object.size", layout.object.size);
  visit("type.name", layout.type.name);
  visit("type.basic_size", layout.type.basic_size);
  visit("type.item_size", layout.type.item_size);
  visit("type.flags", layout.type.flags);
  visit("type.dict_offset", layout.type.dict_offset);
  visit("type.methods", layout.type.methods);
  visit("type.members", layout.type.members);
  visit("type.base", layout.type.base);
  visit("type.dict", layout.type.dict);
  visit("type.mro", layout.type.mro);
  visit("type.cached_keys", layout.type.cached_keys);
  visit("dict.used", layout.dict.used);
  visit("dict.keys", layout.dict.keys);
  visit("dict.values", layout.dict.values);
  visit("dict_keys.size", layout.dict_keys.size);
  visit("dict_keys.log2_size", layout.dict_keys.log2_size);
  visit("dict_keys.log2_index_bytes", layout.dict_keys.log2_index_bytes);
  visit("dict_keys.kind", layout.dict_keys.kind);
  visit("dict_keys.entries_used", layout.dict_keys.entries_used);
  visit("dict_keys.indices", layout.dict_keys.indices);
  visit("attributes.values", layout.attributes.values);
  visit("attributes.dict", layout.attributes.dict);
  visit("attributes.values_are_inline", layout.attributes.values_are_inline);
  visit("attributes.values_data", layout.attributes.values_data);
  visit("attributes.values_valid", layout.attributes.values_valid);
  visit("integer.digits", layout.integer.digits);
  visit("integer.tag", layout.integer.tag);
  visit("unicode.length", layout.unicode.length);
  visit("unicode.state", layout.unicode.state);
  visit("unicode.ascii_data", layout.unicode.ascii_data);
  visit("unicode.compact_data", layout.unicode.compact_data);
  visit("unicode.kind_bit", layout.unicode.kind_bit);
  visit("bytes.data", layout.bytes.data);
  visit("tuple.items", layout.tuple.items);
  visit("function.qualname", layout.function.qualname);
}

/// Whether an entry says anything: a Field that is present, another entry that is not as in a Layout{}.
template <class T>
[[nodiscard]] constexpr bool is_stated(const T& entry) {
  return entry != T{};
}
[[nodiscard]] constexpr bool is_stated(Layout::LineTable format) { return format != Layout{}.code.line_table_format; }

/// The names of the entries in which they differ; not where they come from, nor for which version they are.
[[nodiscard]] std::vector<std::string_view> differences(const Layout& a, const Layout& b);

/// The names of entries that no struct can have so: one lies where another one of its struct does, or beyond its end.
/// Empty for the layout of any build.
[[nodiscard]] std::vector<std::string_view> contradictions(const Layout& layout);

}  // namespace tidemark::cpython
