// Purpose: which member of struct _Py_DebugOffsets (Include/internal/pycore_runtime.h of 3.13, pycore_debug_offsets.h
// from 3.14 on) states which entry of a layout. A version that lacks a member does not state that entry.
#pragma once

#include <array>
#include <string_view>

namespace tidemark::tools {

struct StatedPlace {
  std::string_view entry;
  std::string_view member;
  std::string_view from = {};  ///< the member that states where the struct begins which the offset is not counted from
};

inline constexpr auto stated_places = std::to_array<StatedPlace>({
    {"runtime.interpreters_head", "runtime_state.interpreters_head"},
    {"interpreter.next", "interpreter_state.next"},
    {"interpreter.id", "interpreter_state.id"},
    {"interpreter.modules", "interpreter_state.imports_modules"},
    {"interpreter.threads_head", "interpreter_state.threads_head"},
    {"interpreter.gil", "interpreter_state.ceval_gil"},
    {"interpreter.gc", "interpreter_state.gc"},
    {"gil.last_holder", "interpreter_state.gil_runtime_state_holder", "interpreter_state.gil_runtime_state"},
    {"gil.locked", "interpreter_state.gil_runtime_state_locked", "interpreter_state.gil_runtime_state"},
    {"gil.enabled", "interpreter_state.gil_runtime_state_enabled"},  // from the GIL's own struct, alone of the three
    {"thread.prev", "thread_state.prev"},
    {"thread.next", "thread_state.next"},
    {"thread.interp", "thread_state.interp"},
    {"thread.current_frame", "thread_state.current_frame"},
    {"thread.thread_id", "thread_state.thread_id"},
    {"thread.native_thread_id", "thread_state.native_thread_id"},
    {"thread.datastack_chunk", "thread_state.datastack_chunk"},
    {"frame.code", "interpreter_frame.executable"},
    {"frame.previous", "interpreter_frame.previous"},
    {"frame.instruction", "interpreter_frame.instr_ptr"},
    {"frame.owner", "interpreter_frame.owner"},
    {"frame.bytecode_index", "interpreter_frame.tlbc_index"},
    {"code.first_line", "code_object.firstlineno"},
    {"code.filename", "code_object.filename"},
    {"code.qualname", "code_object.qualname"},
    {"code.line_table", "code_object.linetable"},
    {"code.instructions", "code_object.co_code_adaptive"},
    {"code.bytecodes", "code_object.co_tlbc"},
    {"gc.collecting", "gc.collecting"},
    {"gc.size_bytes", "gc.size"},
    {"gc.stats", "gc.generation_stats"},
    {"object.type", "pyobject.ob_type"},
    {"object.size", "bytes_object.ob_size"},
    {"type.name", "type_object.tp_name"},
    {"type.basic_size", "type_object.tp_basicsize"},
    {"type.flags", "type_object.tp_flags"},
    {"type.dict_offset", "type_object.tp_dictoffset"},
    {"type.cached_keys", "heap_type_object.ht_cached_keys"},
    {"dict.keys", "dict_object.ma_keys"},
    {"dict.values", "dict_object.ma_values"},
    {"integer.digits", "long_object.ob_digit"},
    {"integer.tag", "long_object.lv_tag"},
    {"unicode.length", "unicode_object.length"},
    {"unicode.state", "unicode_object.state"},
    {"unicode.ascii_data", "unicode_object.asciiobject_size"},
    {"unicode.compact_data", "unicode_object.compactunicodeobject_size"},
    {"bytes.data", "bytes_object.ob_sval"},
});

}  // namespace tidemark::tools
