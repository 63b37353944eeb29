// CPython 3.14, x86-64, with the GIL. From the DWARF of Debian forky's python3.14 (3.14.8, python3.14-dbg), by
// script/layouts. _PyStackRef in f_executable: the lower two bits are tags (Include/internal/pycore_stackref.h).
//
// 3.14.0 to 3.14.4 had the incremental collector (taken back in 3.14.5, gh-142516): one young generation and two old
// spaces in the place of the three, no generation0, so the stated size of the struct ends before it
// (debug_offsets.cpp). *Not run*: no build of those could be had. The members that this table keeps for them are still
// there as dummies.
#include <array>

#include "tables.hpp"

namespace tidemark::cpython {

namespace {
constexpr std::array<std::uint64_t, 1> runtime_sizes{0x4d4c8};  // 3.14.8 (Debian forky)

// Below: written by script/layouts; entries that no C type decides are kept as they were.
constexpr auto stated_offsets = std::to_array<StatedOffset>({
    {"runtime.interpreters_head", 0x028},
    {"interpreter.next", 0x040},
    {"interpreter.id", 0x038},
    {"interpreter.modules", 0x060},
    {"interpreter.threads_head", 0x048},
    {"interpreter.gil", 0x078},
    {"interpreter.gc", 0x058},
    {"thread.prev", 0x0b8},
    {"thread.next", 0x0c0},
    {"thread.interp", 0x0c8},
    {"thread.current_frame", 0x0d0},
    {"thread.native_thread_id", 0x0e0},
    {"thread.thread_id", 0x0d8},
    {"thread.datastack_chunk", 0x0e8},
    {"frame.code", 0x108},
    {"frame.previous", 0x100},
    {"frame.instruction", 0x110},
    {"frame.owner", 0x120},
    {"code.first_line", 0x160},
    {"code.filename", 0x140},
    {"code.qualname", 0x150},
    {"code.line_table", 0x158},
    {"code.instructions", 0x180},
    {"gc.collecting", 0x290},
    {"gc.size_bytes", 0x288},
    {"gil.last_holder", 0x098, 0x080},
    {"gil.locked", 0x090, 0x080},
    {"object.type", 0x198},
    {"object.size", 0x258},
    {"type.name", 0x1a8},
    {"type.flags", 0x1b8},
    {"dict.keys", 0x218},
    {"dict.values", 0x220},
    {"integer.digits", 0x248},
    {"integer.tag", 0x240},
    {"unicode.length", 0x278},
    {"unicode.state", 0x270},
    {"unicode.ascii_data", 0x280},
    {"bytes.data", 0x260},
});
}  // namespace

constexpr Layout layout_v3_14{
    .major = 3,
    .minor = 14,
    .runtime_sizes = runtime_sizes,
    .has_debug_offsets = true,
    .stated_offsets = stated_offsets,
    .runtime = {.initialized = 0x308, .interpreters_head = 0x328, .interpreters_main = 0x330},
    .interpreter = {.next = 0x1c68, .id = 0x1c70, .modules = 0x1e08, .threads_head = 0x1cb0, .gil = 0x10, .gc = 0x1cf0},
    .thread = {.prev = 0x00,
               .next = 0x08,
               .interp = 0x10,
               .current_frame = 0x48,
               .native_thread_id = 0xa0,
               .thread_id = 0x98,
               .datastack_chunk = 0xe8,
               .state = 0x2c},
    .stack_chunk = {.previous = 0x00, .size = 0x08, .top = 0x10, .data = 0x18},
    .frame = {.code = 0x00,
              .code_tags = 0x3,
              .previous = 0x08,
              .instruction = 0x38,
              .owner = 0x4a,
              .owner_generator = 1,
              .owner_c_stack = 3},
    .code = {.first_line = 0x44,
             .version = 0x5c,
             .filename = 0x70,
             .qualname = 0x80,
             .line_table = 0x88,
             .first_traceable = 0xc0,
             .instructions = 0xd0,
             .size_bytes = 0xd0},
    .gc = {.enabled = 0x0c,
           .collecting = 0xc0,
           .generation0 = 0x100,
           .generations = 0x18,
           .generations_end = 0x60,
           .visited_space = 0xe8,
           .generation_stats = 0x78,
           .garbage = 0xc8,
           .size_bytes = 0x108},
    .generation = {.threshold = 0x10, .count = 0x14, .size_bytes = 0x18},
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
    .unicode = {.length = 0x10, .state = 0x20, .ascii_data = 0x28, .compact_data = 0x38, .kind_bit = 2},
    .bytes = {.data = 0x20},
};

}  // namespace tidemark::cpython
