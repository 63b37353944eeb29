// Where the entries come from. Names as in Include/ of CPython 3.8 to 3.15; a struct that was renamed has a line for
// each name.
#include "dwarf_places.hpp"

#include <array>

namespace tidemark::cpython {

namespace {

using enum PlaceKind;

constexpr auto places = std::to_array<DwarfPlace>({
    {"runtime.initialized", "pyruntimestate", "initialized"},
    {"runtime.interpreters_head", "pyruntimestate", "interpreters.head"},
    {"runtime.interpreters_main", "pyruntimestate", "interpreters.main"},
    {"runtime.tstate_current", "pyruntimestate", "gilstate.tstate_current"},
    {"runtime.gc", "pyruntimestate", "gc"},

    {"interpreter.next", "_is", "next"},
    {"interpreter.id", "_is", "id"},
    {"interpreter.modules", "_is", "imports.modules"},
    {"interpreter.modules", "_is", "modules"},  // to 3.11
    {"interpreter.threads_head", "_is", "threads.head"},
    {"interpreter.threads_head", "_is", "tstate_head"},  // to 3.10
    {"interpreter.gil", "_is", "ceval.gil"},
    {"interpreter.gc", "_is", "gc"},

    {"thread.prev", "_ts", "prev"},
    {"thread.next", "_ts", "next"},
    {"thread.interp", "_ts", "interp"},
    {"thread.cframe", "_ts", "cframe", offset, "_PyCFrame/current_frame"},  // 3.10 has one too, without a frame
    {"thread.current_frame", "_ts", "current_frame"},
    {"thread.current_frame", "_ts", "frame"},  // to 3.10
    {"thread.native_thread_id", "_ts", "native_thread_id"},
    {"thread.pthread", "_ts", "thread_id", offset, "!_ts/native_thread_id"},
    {"thread.thread_id", "_ts", "thread_id"},
    {"thread.datastack_chunk", "_ts", "datastack_chunk"},
    {"thread.state", "_ts", "state"},
    {"thread.alloc_count", "_PyThreadStateImpl", "gc.alloc_count"},

    {"stack_chunk.previous", "_stack_chunk", "previous"},
    {"stack_chunk.size", "_stack_chunk", "size"},
    {"stack_chunk.top", "_stack_chunk", "top"},
    {"stack_chunk.data", "_stack_chunk", "data"},

    {"cframe.current_frame", "_PyCFrame", "current_frame"},

    {"frame.code", "_PyInterpreterFrame", "f_executable"},
    {"frame.code", "_PyInterpreterFrame", "f_code"},  // 3.11, 3.12
    {"frame.code", "_frame", "f_code"},               // to 3.10
    {"frame.previous", "_PyInterpreterFrame", "previous"},
    {"frame.previous", "_frame", "f_back"},
    {"frame.instruction", "_PyInterpreterFrame", "instr_ptr"},
    {"frame.instruction", "_PyInterpreterFrame", "prev_instr"},  // 3.11, 3.12
    {"frame.owner", "_PyInterpreterFrame", "owner"},
    {"frame.owner_generator", "_frameowner", "FRAME_OWNED_BY_GENERATOR", enumerator},
    {"frame.owner_c_stack", "_frameowner", "FRAME_OWNED_BY_INTERPRETER", enumerator},  // 3.14 on, before CSTACK
    {"frame.owner_c_stack", "_frameowner", "FRAME_OWNED_BY_CSTACK", enumerator},
    {"frame.last_instruction", "_frame", "f_lasti"},
    {"frame.executing", "_frame", "f_executing"},
    {"frame.executing", "_frame", "f_state"},  // 3.10
    {"frame.bytecode_index", "_PyInterpreterFrame", "tlbc_index"},

    {"frame_owners.object_frame", "_frame", "f_frame"},
    {"frame_owners.generator_frame", "PyGenObject", "gi_iframe"},

    {"code.first_line", "PyCodeObject", "co_firstlineno"},
    {"code.version", "PyCodeObject", "co_version"},
    {"code.filename", "PyCodeObject", "co_filename"},
    {"code.qualname", "PyCodeObject", "co_qualname"},
    {"code.qualname", "PyCodeObject", "co_name"},
    {"code.line_table", "PyCodeObject", "co_linetable"},
    {"code.line_table", "PyCodeObject", "co_lnotab"},  // to 3.9
    {"code.first_traceable", "PyCodeObject", "_co_firsttraceable"},
    {"code.instructions", "PyCodeObject", "co_code_adaptive"},
    {"code.bytecode", "PyCodeObject", "co_code"},
    {"code.size_bytes", "PyCodeObject", "co_code_adaptive"},  // Objects/codeobject.c: tp_basicsize is where they begin
    {"code.size_bytes", "PyCodeObject", "", size},
    {"code.bytecodes", "PyCodeObject", "co_tlbc"},
    {"code.extra", "PyCodeObject", "co_extra"},
    {"code.stack_size", "PyCodeObject", "co_stacksize"},
    {"code.locals", "PyCodeObject", "co_nlocalsplus"},
    {"code.locals", "PyCodeObject", "co_nlocals"},  // to 3.10
    {"code.cell_names", "PyCodeObject", "co_cellvars"},
    {"code.free_names", "PyCodeObject", "co_freevars"},
    {"code.cell_numbers", "PyCodeObject", "co_cell2arg"},
    {"code.op_cache", "PyCodeObject", "co_opcache"},
    {"code.op_cache_size", "PyCodeObject", "co_opcache_size"},

    {"code_array.size", "_PyCodeArray", "size", offset, "PyCodeObject/co_tlbc"},
    {"code_array.entries", "_PyCodeArray", "entries", offset, "PyCodeObject/co_tlbc"},

    {"gc.enabled", "_gc_runtime_state", "enabled"},
    {"gc.collecting", "_gc_runtime_state", "collecting"},
    // A free-threaded 3.13 has the member and never sets it: its collector keeps no lists.
    {"gc.generation0", "_gc_runtime_state", "generation0", offset, "!_PyThreadStateImpl/gc.alloc_count"},
    {"gc.generations", "_gc_runtime_state", "generations", offset, "_gc_runtime_state/heap_size"},
    {"gc.generations", "_gc_runtime_state", "generations", offset, "_PyThreadStateImpl/gc.alloc_count"},
    {"gc.generations", "_gc_runtime_state", "young"},
    {"gc.generations_end", "_gc_runtime_state", "permanent_generation", offset, "_gc_runtime_state/heap_size"},
    {"gc.generations_end", "_gc_runtime_state", "generation0"},  // to 3.13, whose generations are not aligned
    {"gc.permanent_generation", "_gc_runtime_state", "permanent_generation"},
    {"gc.visited_space", "_gc_runtime_state", "visited_space"},
    {"gc.visited_space", "_gc_runtime_state", "dummy2"},  // 3.14.5 on: "was visited_space"
    {"gc.generation_stats", "_gc_runtime_state", "generation_stats", offset, "!gc_stats/young"},
    {"gc.stats", "_gc_runtime_state", "generation_stats", offset, "gc_stats/young"},
    {"gc.garbage", "_gc_runtime_state", "garbage"},
    {"gc.size_bytes", "_gc_runtime_state", "", size},

    {"generation.threshold", "gc_generation", "threshold"},
    {"generation.count", "gc_generation", "count"},
    {"generation.size_bytes", "gc_generation", "", size},

    {"generation_stats.collections", "gc_generation_stats", "collections"},
    {"generation_stats.collected", "gc_generation_stats", "collected"},
    {"generation_stats.uncollectable", "gc_generation_stats", "uncollectable"},
    {"generation_stats.size_bytes", "gc_generation_stats", "", size},

    {"stats.first", "gc_stats", "young.items"},
    {"stats.second", "gc_stats", "old[0].items"},
    {"stats.third", "gc_stats", "old[1].items"},
    {"stats.first_index", "gc_stats", "young.index"},
    {"stats.second_index", "gc_stats", "old[0].index"},
    {"stats.third_index", "gc_stats", "old[1].index"},

    {"gil.last_holder", "_gil_runtime_state", "last_holder", offset, "_is/ceval.gil"},
    {"gil.locked", "_gil_runtime_state", "locked", offset, "_is/ceval.gil"},
    {"gil.enabled", "_gil_runtime_state", "enabled"},

    {"object.type", "_object", "ob_type"},
    {"object.size", "PyVarObject", "ob_size"},

    {"type.name", "_typeobject", "tp_name"},
    {"type.basic_size", "_typeobject", "tp_basicsize"},
    {"type.item_size", "_typeobject", "tp_itemsize"},
    {"type.flags", "_typeobject", "tp_flags"},
    {"type.dict_offset", "_typeobject", "tp_dictoffset"},
    {"type.methods", "_typeobject", "tp_methods"},
    {"type.members", "_typeobject", "tp_members"},
    {"type.base", "_typeobject", "tp_base"},
    {"type.dict", "_typeobject", "tp_dict"},
    {"type.mro", "_typeobject", "tp_mro"},
    {"type.cached_keys", "_heaptypeobject", "ht_cached_keys"},

    {"dict.used", "PyDictObject", "ma_used"},
    {"dict.keys", "PyDictObject", "ma_keys"},
    {"dict.values", "PyDictObject", "ma_values"},

    {"dict_keys.size", "_dictkeysobject", "dk_size"},
    {"dict_keys.log2_size", "_dictkeysobject", "dk_log2_size"},
    {"dict_keys.log2_index_bytes", "_dictkeysobject", "dk_log2_index_bytes"},
    {"dict_keys.kind", "_dictkeysobject", "dk_kind"},
    {"dict_keys.entries_used", "_dictkeysobject", "dk_nentries"},
    {"dict_keys.indices", "_dictkeysobject", "dk_indices"},

    {"attributes.values_data", "_dictvalues", "values"},
    {"attributes.values_valid", "_dictvalues", "valid"},

    {"integer.digits", "_longobject", "long_value.ob_digit"},
    {"integer.digits", "_longobject", "ob_digit"},  // to 3.11
    {"integer.tag", "_longobject", "long_value.lv_tag"},

    {"unicode.length", "PyASCIIObject", "length"},
    {"unicode.state", "PyASCIIObject", "state"},
    {"unicode.ascii_data", "PyASCIIObject", "", size},
    {"unicode.compact_data", "PyCompactUnicodeObject", "", size},

    {"bytes.data", "PyBytesObject", "ob_sval"},

    {"tuple.items", "PyTupleObject", "ob_item"},

    {"function.qualname", "PyFunctionObject", "func_qualname"},
});

}  // namespace

TypeMember type_member_of(std::string_view condition) {
  if (condition.starts_with('!')) condition.remove_prefix(1);
  const auto slash = condition.find('/');
  return {.type = condition.substr(0, slash), .member = condition.substr(slash + 1)};
}

std::span<const DwarfPlace> dwarf_places() { return places; }

}  // namespace tidemark::cpython
