// CPython 3.13, x86-64, with the GIL. From the DWARF of a --enable-shared 3.13.0, by the gdb commands in v3_11.cpp and
// struct _gil_runtime_state. What _Py_DebugOffsets states is taken from the process instead (debug_offsets.cpp).
//
// Between 3.13.1 and 3.13.5 PyGC_Head became Py_ALIGNED(4), which moved the three generations by 4 bytes: that is why
// they are found through gc.generation0, which did not move.
#include <array>

#include "tables.hpp"

namespace tidemark::cpython {

namespace {
constexpr std::array<std::uint64_t, 1> runtime_sizes{0x452b8};  // 3.13.0
}

constexpr Layout layout_v3_13{
    .major = 3,
    .minor = 13,
    .runtime_sizes = runtime_sizes,
    .has_debug_offsets = true,
    .runtime = {.initialized = 0x258, .interpreters_head = 0x278, .interpreters_main = 0x280, .tstate_current = {}},
    .interpreter = {.next = 0x1c60, .id = 0x1c68, .modules = 0x1de8, .threads_head = 0x1cb0, .gil = 0x10, .gc = 0x1ce8},
    .thread = {.prev = 0x00,
               .next = 0x08,
               .interp = 0x10,
               .cframe = {},
               .current_frame = 0x48,
               .native_thread_id = 0xa0,
               .thread_id = 0x98,
               .datastack_chunk = 0xe8,
               .state = 0x28},
    .stack_chunk = {.previous = 0x00, .size = 0x08, .top = 0x10, .data = 0x18},
    .cframe = {},
    .frame = {.code = 0x00,
              .previous = 0x08,
              .instruction = 0x38,
              .owner = 0x46,
              .owner_generator = 1,
              .owner_c_stack = 3},  // enum _frameowner, Include/internal/pycore_frame.h
    .code = {.first_line = 68,
             .version = 92,
             .filename = 112,
             .qualname = 128,
             .line_table = 136,
             .first_traceable = 184,
             .instructions = 200,
             .size_bytes = 200},
    .gc = {.enabled = 0x0c,
           .collecting = 0xc8,
           .generation0 = 0x60,
           .generations_end = 0x60,
           .generation_stats = 0x80,
           .garbage = 0xd0},
    .generation = {.count = 0x14, .size_bytes = 0x18},
    .generation_stats = {.collections = 0x00, .collected = 0x08, .uncollectable = 0x10, .size_bytes = 0x18},
    .gil = {.last_holder = 0x08, .locked = 0x10},
    .object = {.type = 0x08, .size = 0x10},
    .type = {.name = 0x18,
             .basic_size = 0x20,
             .item_size = 0x28,
             .flags = 0xa8,
             .dict_offset = 0x120,
             .cached_keys = 0x370},
    .dict = {.used = 0x10, .keys = 0x20, .values = 0x28},
    .dict_keys = {.log2_size = 0x08, .log2_index_bytes = 0x09, .kind = 0x0a, .entries_used = 0x18, .indices = 0x20},
    .attributes = {.dict = -24, .values_are_inline = true, .values_data = 0x08, .values_valid = 0x03},
    .integer = {.digits = 0x18, .tag = 0x10},
    .unicode = {.length = 0x10, .state = 0x20, .ascii_data = 40, .compact_data = 56},
    .bytes = {.data = 0x20},
};

}  // namespace tidemark::cpython
