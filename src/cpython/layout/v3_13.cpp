// CPython 3.13, x86-64, with the GIL. From the DWARF of a --enable-shared 3.13.0, by the gdb commands in v3_11.cpp and
// struct _gil_runtime_state. What _Py_DebugOffsets states is taken from the process instead (debug_offsets.cpp).
//
// Between 3.13.1 and 3.13.5 PyGC_Head became Py_ALIGNED(4), which moved the three generations by 4 bytes: that is why
// they are found through gc.generation0, which did not move.
#include <array>

#include "tables.hpp"

namespace tidemark::cpython {

namespace {
constexpr std::array<std::uint64_t, 2> runtime_sizes{0x452b8, 0x452f0};  // 3.13.0; 3.13.5 (Debian 13)

// Below: written by script/layouts; entries that no C type decides are kept as they were.
constexpr auto stated_offsets = std::to_array<StatedOffset>({
    {"runtime.interpreters_head", 0x028},
    {"interpreter.next", 0x040},
    {"interpreter.id", 0x038},
    {"interpreter.modules", 0x058},
    {"interpreter.threads_head", 0x048},
    {"interpreter.gil", 0x070},
    {"interpreter.gc", 0x050},
    {"thread.prev", 0x0a0},
    {"thread.next", 0x0a8},
    {"thread.interp", 0x0b0},
    {"thread.current_frame", 0x0b8},
    {"thread.native_thread_id", 0x0c8},
    {"thread.thread_id", 0x0c0},
    {"thread.datastack_chunk", 0x0d0},
    {"frame.code", 0x0f0},
    {"frame.previous", 0x0e8},
    {"frame.instruction", 0x0f8},
    {"frame.owner", 0x108},
    {"code.first_line", 0x138},
    {"code.filename", 0x118},
    {"code.qualname", 0x128},
    {"code.line_table", 0x130},
    {"code.instructions", 0x158},
    {"gc.collecting", 0x240},
    {"gc.size_bytes", 0x238},
    {"gil.last_holder", 0x090, 0x078},
    {"gil.locked", 0x088, 0x078},
    {"object.type", 0x168},
    {"object.size", 0x208},
    {"type.name", 0x178},
    {"type.flags", 0x188},
    {"dict.keys", 0x1c8},
    {"dict.values", 0x1d0},
    {"integer.digits", 0x1f8},
    {"integer.tag", 0x1f0},
    {"unicode.length", 0x228},
    {"unicode.state", 0x220},
    {"unicode.ascii_data", 0x230},
    {"bytes.data", 0x210},
});
}  // namespace

constexpr Layout layout_v3_13{
    .major = 3,
    .minor = 13,
    .runtime_sizes = runtime_sizes,
    .has_debug_offsets = true,
    .stated_offsets = stated_offsets,
    .runtime = {.initialized = 0x258, .interpreters_head = 0x278, .interpreters_main = 0x280},
    .interpreter = {.next = 0x1c60, .id = 0x1c68, .modules = 0x1de8, .threads_head = 0x1cb0, .gil = 0x10, .gc = 0x1ce8},
    .thread = {.prev = 0x00,
               .next = 0x08,
               .interp = 0x10,
               .current_frame = 0x48,
               .native_thread_id = 0xa0,
               .thread_id = 0x98,
               .datastack_chunk = 0xe8,
               .state = 0x28},
    .stack_chunk = {.previous = 0x00, .size = 0x08, .top = 0x10, .data = 0x18},
    .frame =
        {.code = 0x00, .previous = 0x08, .instruction = 0x38, .owner = 0x46, .owner_generator = 1, .owner_c_stack = 3},
    .frame_owners = {.object_frame = 0x18, .generator_frame = 0x48},
    .code = {.first_line = 0x44,
             .version = 0x5c,
             .filename = 0x70,
             .qualname = 0x80,
             .line_table = 0x88,
             .first_traceable = 0xb8,
             .instructions = 0xc8,
             .size_bytes = 0xc8,
             .extra = 0xc0,
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
    .attributes = {.dict = -24, .values_are_inline = true, .values_data = 0x08, .values_valid = 0x03},
    .integer = {.digits = 0x18, .tag = 0x10},
    .unicode = {.length = 0x10, .state = 0x20, .ascii_data = 0x28, .compact_data = 0x38, .kind_bit = 2},
    .bytes = {.data = 0x20},
    .tuple = {.items = 0x18},
    .function = {.qualname = 0x28},
};

}  // namespace tidemark::cpython
