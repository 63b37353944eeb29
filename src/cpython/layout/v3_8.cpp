// CPython 3.8, x86-64. From the DWARF of a --enable-shared 3.8.18 (pyenv), by the gdb commands in v3_10.cpp. The
// collector is the process's, not the interpreter's.
#include <array>

#include "tables.hpp"

namespace tidemark::cpython {

namespace {
constexpr std::array<std::uint64_t, 1> runtime_sizes{0x5b8};  // 3.8.18

// Below: written by script/layouts; entries that no C type decides are kept as they were.
}  // namespace

constexpr Layout layout_v3_8{
    .major = 3,
    .minor = 8,
    .runtime_sizes = runtime_sizes,
    .runtime = {.initialized = 0x0c,
                .interpreters_head = 0x20,
                .interpreters_main = 0x28,
                .tstate_current = 0x558,
                .gc = 0x158},
    .interpreter = {.next = 0x00, .id = 0x10, .modules = 0x38, .threads_head = 0x08},
    .thread = {.prev = 0x00, .next = 0x08, .interp = 0x10, .current_frame = 0x18, .pthread = 0xb0, .thread_id = 0xb0},
    .pthread = {.self = 0x10, .tid = 0x2d0},
    .frame = {.code = 0x20,
              .previous = 0x18,
              .last_instruction = 0x68,
              .last_instruction_bytes = 0x01,
              .executing = 0x74,
              .executing_value = 0x01},
    .code = {.first_line = 0x28,
             .filename = 0x68,
             .qualname = 0x70,
             .line_table = 0x78,
             .bytecode = 0x30,
             .line_table_format = Layout::LineTable::lnotab,
             .size_bytes = 0xb0,
             .extra = 0x90,
             .stack_size = 0x20,
             .locals = 0x1c,
             .cell_names = 0x58,
             .free_names = 0x50,
             .cell_numbers = 0x60,
             .op_cache = 0xa0,
             .op_cache_size = 0xac},
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
             .cached_keys = 0x368},
    .dict = {.used = 0x10, .keys = 0x20, .values = 0x28},
    .dict_keys = {.size = 0x08, .entries_used = 0x20, .indices = 0x28},
    .integer = {.digits = 0x18},
    .unicode = {.length = 0x10, .state = 0x20, .ascii_data = 0x30, .compact_data = 0x48, .kind_bit = 2},
    .bytes = {.data = 0x20},
    .tuple = {.items = 0x18},
    .function = {.qualname = 0x68},
};

}  // namespace tidemark::cpython
