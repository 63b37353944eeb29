// CPython 3.12, x86-64. From the DWARF of a --enable-shared 3.12.1, by the gdb commands in v3_11.cpp and struct
// _gil_runtime_state. No Debian release has 3.12.
#include <array>

#include "tables.hpp"

namespace tidemark::cpython {

namespace {
constexpr std::array<std::uint64_t, 1> runtime_sizes{0x704a8};  // 3.12.1

// Below: written by script/layouts; entries that no C type decides are kept as they were.
}  // namespace

constexpr Layout layout_v3_12{
    .major = 3,
    .minor = 12,
    .runtime_sizes = runtime_sizes,
    .runtime = {.initialized = 0x10, .interpreters_head = 0x28, .interpreters_main = 0x30},
    .interpreter = {.next = 0x00, .id = 0x08, .modules = 0x3b0, .threads_head = 0x48, .gil = 0x180, .gc = 0x70},
    .thread = {.prev = 0x00,
               .next = 0x08,
               .interp = 0x10,
               .cframe = 0x38,
               .native_thread_id = 0x90,
               .thread_id = 0x88,
               .datastack_chunk = 0xe8},
    .stack_chunk = {.previous = 0x00, .size = 0x08, .top = 0x10, .data = 0x18},
    .cframe = {.current_frame = 0x00},
    .frame =
        {.code = 0x00, .previous = 0x08, .instruction = 0x38, .owner = 0x46, .owner_generator = 1, .owner_c_stack = 3},
    .frame_owners = {.object_frame = 0x18, .generator_frame = 0x48},
    .code = {.first_line = 0x44,
             .version = 0x5c,
             .filename = 0x70,
             .qualname = 0x80,
             .line_table = 0x88,
             .first_traceable = 0xb0,
             .instructions = 0xc0,
             .size_bytes = 0xc0,
             .extra = 0xb8,
             .stack_size = 0x40,
             .locals = 0x48},
    .gc = {.enabled = 0x0c,
           .collecting = 0xc8,
           .generation0 = 0x60,
           .generations_end = 0x60,
           .permanent_generation = 0x68,
           .generation_stats = 0x80,
           .garbage = 0xd0,
           .size_bytes = 0xf0},
    .generation = {.threshold = 0x10, .count = 0x14, .size_bytes = 0x18},
    .generation_stats = {.collections = 0x00, .collected = 0x08, .uncollectable = 0x10, .size_bytes = 0x18},
    .gil = {.last_holder = 0x08, .locked = 0x10},
    .object = {.type = 0x08, .size = 0x10},
    .type = {.name = 0x18,
             .basic_size = 0x20,
             .item_size = 0x28,
             .flags = 0xa8,
             .dict_offset = 0x120,
             .methods = 0xe8,
             .members = 0xf0,
             .base = 0x100,
             .dict = 0x108,
             .mro = 0x158,
             .cached_keys = 0x370},
    .dict = {.used = 0x10, .keys = 0x20, .values = 0x28},
    .dict_keys = {.log2_size = 0x08, .log2_index_bytes = 0x09, .kind = 0x0a, .entries_used = 0x18, .indices = 0x20},
    .attributes = {.dict = -24},
    .integer = {.digits = 0x18, .tag = 0x10},
    .unicode = {.length = 0x10, .state = 0x20, .ascii_data = 0x28, .compact_data = 0x38, .kind_bit = 2},
    .bytes = {.data = 0x20},
    .tuple = {.items = 0x18},
    .function = {.qualname = 0x28},
};

}  // namespace tidemark::cpython
