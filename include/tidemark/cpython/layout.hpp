// Purpose: where CPython keeps what, as data: one table per version in src/cpython/layout/, one list of them.
// Invariants: an offset that a version does not have is *absent*, never 0; nothing outside a table,
// `with_debug_offsets` and `layout_from_dwarf` sets one. Readers ask whether a field is there; they never ask for the
// version. Every entry has a name, given in layout_fields.hpp. A new CPython is one new file, one line in `layouts()`
// and one fixture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::elf {
class ElfFile;
}

namespace tidemark::cpython {

/// Where a T lies inside a struct of the target, in bytes from its start; or that it is not there.
template <class T>
class Field {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  constexpr Field() = default;
  constexpr Field(std::uint32_t offset) : offset_(offset) {}  // NOLINT: implicit, so that a table reads as a table

  [[nodiscard]] constexpr bool is_present() const { return offset_ != absent; }
  /// Only of a present field.
  [[nodiscard]] constexpr std::uint32_t offset() const { return offset_; }
  [[nodiscard]] constexpr std::uint32_t end() const { return offset_ + static_cast<std::uint32_t>(sizeof(T)); }
  [[nodiscard]] friend constexpr bool operator==(const Field&, const Field&) = default;

 private:
  static constexpr std::uint32_t absent = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t offset_ = absent;
};

/// The bytes [first, end) of a struct.
struct Extent {
  std::uint32_t first = 0;
  std::uint32_t end = 0;

  [[nodiscard]] constexpr std::uint32_t size() const { return end - first; }
};

/// The smallest extent that covers all of the fields that are present.
template <class... T>
[[nodiscard]] constexpr Extent extent_of(Field<T>... fields) {
  Extent extent{std::numeric_limits<std::uint32_t>::max(), 0};
  const auto cover = [&extent](auto field) {
    if (!field.is_present()) return;
    if (field.offset() < extent.first) extent.first = field.offset();
    if (field.end() > extent.end) extent.end = field.end();
  };
  (cover(fields), ...);
  return extent.end == 0 ? Extent{} : extent;
}

/// Bytes of a struct of the target, read from `first` on.
struct Piece {
  std::span<const std::byte> bytes;
  std::uint32_t first = 0;

  /// nullopt for a field that is absent or not inside the piece.
  template <class T>
  [[nodiscard]] std::optional<T> get(Field<T> field) const {
    if (!field.is_present() || field.offset() < first) return std::nullopt;
    return get_at<T>(field.offset() - first);
  }
  /// The same at an offset from the beginning of the piece.
  template <class T>
  [[nodiscard]] std::optional<T> get_at(std::size_t at) const {
    if (at > bytes.size() || bytes.size() - at < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
  }
};

/// No offset is larger: PyInterpreterState is 221 KiB in 3.15; no other struct that is read comes near.
inline constexpr std::uint32_t max_layout_offset = 1 << 20;

enum class LayoutOrigin {
  builtin,        ///< a table of ours
  debug_offsets,  ///< a table of ours, overlaid with what the process's _Py_DebugOffsets states
  dwarf,          ///< the debug information of the very build
};

[[nodiscard]] std::string_view text_of(LayoutOrigin origin);

/// Where _Py_DebugOffsets of a version keeps the offset of an entry.
struct StatedOffset {
  std::string_view entry;      ///< as layout_fields.hpp names it
  std::uint32_t position = 0;  ///< in bytes from the cookie
  /// The offset stated there is taken away: that of the struct itself where `position` counts from another one.
  std::optional<std::uint32_t> from = {};
};

/// One version's table. Pointers are Field<Address>; the names are CPython's own, without prefixes.
struct Layout {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  LayoutOrigin origin = LayoutOrigin::builtin;
  /// Sizes of the symbol _PyRuntime in the builds that this table was checked with. Another size is another micro
  /// release, whose layout may differ: it is checked more strictly.
  std::span<const std::uint64_t> runtime_sizes = {};
  /// 3.13 on: _PyRuntime begins with _Py_DebugOffsets. Without their cookie it is no runtime of this version.
  bool has_debug_offsets = false;
  std::span<const StatedOffset> stated_offsets = {};  ///< what they say, and where
  bool free_threaded = false;                         ///< built with Py_GIL_DISABLED (3.13t on)

  struct Runtime {
    Field<std::int32_t> initialized = {};
    Field<base::Address> interpreters_head = {};  ///< the newest interpreter; the main one is the last of the list
    Field<base::Address> interpreters_main = {};
    Field<base::Address> tstate_current = {};  ///< to 3.11: the thread state that holds the GIL, or null
    std::optional<std::uint32_t> gc = {};      ///< 3.8: the struct GcState is here and not in the interpreter
  } runtime = {};

  struct Interpreter {
    Field<base::Address> next = {};
    Field<std::int64_t> id = {};        ///< 0 is the main interpreter
    Field<base::Address> modules = {};  ///< the dict sys.modules
    Field<base::Address> threads_head = {};
    Field<base::Address> gil = {};  ///< 3.12 on: points at the GIL's own struct
    std::uint32_t gc = 0;           ///< 3.9 on: where the struct GcState begins, inside
  } interpreter = {};

  struct Thread {
    Field<base::Address> prev = {};
    Field<base::Address> next = {};
    Field<base::Address> interp = {};
    Field<base::Address> cframe = {};         ///< 3.11, 3.12
    Field<base::Address> current_frame = {};  ///< 3.13 on; to 3.10 `frame`
    Field<std::uint64_t> native_thread_id = {};
    Field<base::Address> pthread = {};    ///< to 3.10 instead of the native id: thread_id, which is glibc's pthread_t
    Field<std::uint64_t> thread_id = {};  ///< what threading.get_ident() says in that thread
    Field<base::Address> datastack_chunk = {};  ///< 3.11 on: the newest _PyStackChunk, which holds the frames
    Field<std::int32_t> state = {};             ///< 3.13 on: 0 detached, 1 attached (Include/internal/pycore_pystate.h)
    /// Free-threaded: objects that the thread has made and not yet added to the youngest generation's count.
    Field<std::int64_t> alloc_count = {};
  } thread = {};

  /// _PyStackChunk (3.11 on; Include/internal/pycore_pystate.h, from 3.12 Include/cpython/pystate.h).
  struct StackChunk {
    Field<base::Address> previous = {};
    Field<std::uint64_t> size = {};  ///< of the whole chunk, in bytes
    Field<std::uint64_t> top = {};   ///< in words from `data`; only kept up to date for chunks that are not the newest
    std::uint32_t data = 0;          ///< where the frames begin
  } stack_chunk = {};

  /// struct pthread of glibc, to which a pthread_t points.
  struct Pthread {
    Field<base::Address> self = {};  ///< points at its own beginning
    Field<std::int32_t> tid = {};    ///< the kernel's id of the thread; 0 once it has ended
  } pthread = {};

  struct CFrame {
    Field<base::Address> current_frame = {};
  } cframe = {};

  struct Frame {
    Field<base::Address> code = {};  ///< f_code; from 3.13 f_executable, which may be any object
    /// 3.14 on: the bits of f_executable that are no part of the address (Include/internal/pycore_stackref.h).
    std::uint64_t code_tags = 0;
    Field<base::Address> previous = {};
    Field<base::Address> instruction = {};  ///< 3.11 on: prev_instr, from 3.13 instr_ptr
    Field<std::uint8_t> owner = {};         ///< 3.11 on
    std::optional<std::uint8_t> owner_generator = {};
    /// 3.12 on: this owner and all above mark frames that are no Python frames.
    std::optional<std::uint8_t> owner_c_stack = {};
    Field<std::int32_t> last_instruction = {};  ///< to 3.10: f_lasti, an index; negative before the first instruction
    std::uint32_t last_instruction_bytes = 0;   ///< what the index counts
    Field<std::int8_t> executing = {};          ///< to 3.10: f_executing, in 3.10 f_state
    std::int8_t executing_value = 0;            ///< what it says of a frame that runs or waits for its callee
    Field<std::int32_t> bytecode_index = {};    ///< 3.14t on: tlbc_index, which copy of the bytecode it runs
  } frame = {};

  /// A frame as an object (PyFrameObject, 3.11 on), and a generator, whose frame is inside (3.11 on).
  struct FrameOwners {
    Field<base::Address> object_frame = {};  ///< f_frame
    std::uint32_t generator_frame = 0;       ///< gi_iframe; coroutines and asynchronous generators are alike
  } frame_owners = {};

  enum class LineTable {
    lnotab,     ///< to 3.9: co_lnotab
    ranges,     ///< 3.10: co_linetable of PEP 626
    locations,  ///< 3.11 on: the location table
  };

  struct Code {
    Field<std::int32_t> first_line = {};
    Field<std::uint32_t> version = {};  ///< 3.12 on: another number for each code object made, 0 when they have run out
    Field<base::Address> filename = {};
    Field<base::Address> qualname = {};  ///< to 3.10 co_name: code objects have no qualified name there
    Field<base::Address> line_table = {};
    Field<std::int32_t> first_traceable = {};  ///< 3.11 on; in code units
    std::uint32_t instructions = 0;            ///< 3.11 on: where co_code_adaptive begins
    Field<base::Address> bytecode = {};        ///< to 3.10: co_code, a bytes object that holds the instructions
    LineTable line_table_format = LineTable::locations;
    std::int64_t size_bytes = 0;          ///< without instructions: what PyCode_Type.tp_basicsize says
    Field<base::Address> bytecodes = {};  ///< 3.14t on: co_tlbc, the code_array of the threads' own copies
    Field<base::Address> extra = {};      ///< co_extra: what tools have attached
    Field<std::int32_t> stack_size = {};
    Field<std::int32_t> locals = {};         ///< co_nlocalsplus; to 3.10 co_nlocals, without those of the two tuples:
    Field<base::Address> cell_names = {};    ///< to 3.10: co_cellvars
    Field<base::Address> free_names = {};    ///< to 3.10: co_freevars
    Field<base::Address> cell_numbers = {};  ///< to 3.10: co_cell2arg
    Field<base::Address> op_cache = {};      ///< 3.8 to 3.10: co_opcache
    Field<std::uint8_t> op_cache_size = {};
  } code = {};

  /// _PyCodeArray (3.14t on; Include/cpython/code.h): copies of a code object's instructions, one of each thread. The
  /// first is the one at code.instructions.
  struct CodeArray {
    Field<std::int64_t> size = {};
    std::uint32_t entries = 0;  ///< pointers, null where a thread has none
  } code_array = {};

  /// struct _gc_runtime_state; offsets from its own start.
  struct GcState {
    Field<std::int32_t> enabled = {};
    Field<std::int32_t> collecting = {};
    Field<base::Address> generation0 = {};   ///< points at the first of three generations, inside this struct
    std::uint32_t generations = 0;           ///< 3.14 on: where they begin, for builds without that pointer
    std::uint32_t generations_end = 0;       ///< they lie below this
    std::uint32_t permanent_generation = 0;  ///< what gc.freeze() has put aside
    Field<std::int32_t> visited_space = {};  ///< 3.14.0 to 3.14.4: which of the last two generations is the middle one
    std::uint32_t generation_stats = 0;      ///< to 3.14: three of them, inside this struct
    Field<base::Address> stats = {};         ///< 3.15 on instead: points at the struct Stats
    Field<base::Address> garbage = {};
    std::uint32_t size_bytes = 0;
  } gc = {};

  struct Generation {
    Field<std::int32_t> threshold = {};
    Field<std::int32_t> count = {};
    std::uint32_t size_bytes = 0;
  } generation = {};

  struct GenerationStats {
    Field<std::int64_t> collections = {};
    Field<std::int64_t> collected = {};
    Field<std::int64_t> uncollectable = {};
    std::uint32_t size_bytes = 0;
  } generation_stats = {};

  /// struct gc_stats (3.15 on; Include/internal/pycore_interp_structs.h): of each generation a ring of statistics, and
  /// which of them is the newest. A ring ends where its index lies.
  struct Stats {
    std::uint32_t first = 0;  ///< the rings of the youngest, the middle and the oldest generation
    std::uint32_t second = 0;
    std::uint32_t third = 0;
    Field<std::int8_t> first_index = {};
    Field<std::int8_t> second_index = {};
    Field<std::int8_t> third_index = {};
  } stats = {};

  struct Gil {
    Field<base::Address> last_holder = {};
    Field<std::int32_t> locked = {};
    Field<std::int32_t> enabled = {};  ///< free-threaded: 0 as long as the build runs without its GIL
  } gil = {};

  struct Object {
    Field<base::Address> type = {};
    Field<std::int64_t> size = {};  ///< of a PyVarObject
  } object = {};

  struct Type {
    Field<base::Address> name = {};
    Field<std::int64_t> basic_size = {};
    Field<std::int64_t> item_size = {};  ///< 0 unless objects of the type have items behind them
    Field<std::uint64_t> flags = {};
    Field<std::int64_t> dict_offset = {};
    Field<base::Address> methods = {};  ///< the PyMethodDef of a type made in C
    Field<base::Address> members = {};  ///< the PyMemberDef; of a class with __slots__ one for each
    Field<base::Address> base = {};
    Field<base::Address> dict = {};         ///< 3.12 on null in the static builtin types
    Field<base::Address> mro = {};          ///< a tuple
    Field<base::Address> cached_keys = {};  ///< of a PyHeapTypeObject: the keys that its instances share
  } type = {};

  /// PyDictObject.
  struct Dict {
    Field<std::int64_t> used = {};
    Field<base::Address> keys = {};
    Field<base::Address> values = {};  ///< null unless the keys are shared
  } dict = {};

  /// PyDictKeysObject.
  struct DictKeys {
    Field<std::int64_t> size = {};              ///< to 3.10: slots of the index table
    Field<std::uint8_t> log2_size = {};         ///< 3.11 on
    Field<std::uint8_t> log2_index_bytes = {};  ///< 3.11 on
    Field<std::uint8_t> kind = {};              ///< 3.11 on: 0 general, 1 only str, 2 shared
    Field<std::int64_t> entries_used = {};      ///< dk_nentries
    std::uint32_t indices = 0;                  ///< where the index table begins; the entries follow it
  } dict_keys = {};

  /// Where an instance keeps its attributes when its type says Py_TPFLAGS_MANAGED_DICT (3.11 on), against the object's
  /// own address; negative. See Objects/dictobject.c and Include/internal/pycore_object.h of each version.
  struct Attributes {
    std::int32_t values = 0;         ///< 3.11: pointer to its values; 0 where there is no such word
    std::int32_t dict = 0;           ///< 3.11 on: pointer to its dict; 3.12: or, with bit 0 set, to its values
    bool values_are_inline = false;  ///< 3.13 on: behind the object, at tp_basicsize, when Py_TPFLAGS_INLINE_VALUES
    std::uint32_t values_data = 0;   ///< from the start of the values to the first of them
    Field<std::uint8_t> values_valid = {};  ///< 3.13 on
  } attributes = {};

  /// PyLongObject.
  struct Long {
    std::uint32_t digits = 0;       ///< of 30 bits each
    Field<std::uint64_t> tag = {};  ///< 3.12 on: lv_tag; before it ob_size counts the digits
  } integer = {};

  struct Unicode {
    Field<std::int64_t> length = {};
    Field<std::uint32_t> state = {};
    std::uint32_t ascii_data = 0;    ///< where the characters begin in a compact ASCII string
    std::uint32_t compact_data = 0;  ///< in any other compact string
    /// Of the state, the lowest bit of `kind`, which `compact` and `ascii` follow. `interned` before it has two bits;
    /// free-threaded from 3.14 on a byte (Include/cpython/unicodeobject.h).
    std::uint32_t kind_bit = 0;
  } unicode = {};

  struct BytesObject {
    std::uint32_t data = 0;
  } bytes = {};

  struct Tuple {
    std::uint32_t items = 0;
  } tuple = {};

  struct Function {
    Field<base::Address> qualname = {};
  } function = {};
};

/// All tables, oldest first.
[[nodiscard]] std::span<const Layout* const> layouts();

/// Null when there is no table for that version.
[[nodiscard]] const Layout* find_layout(unsigned major, unsigned minor, bool free_threaded = false);

/// PY_VERSION_HEX taken apart (Include/patchlevel.h).
struct Version {
  unsigned major = 0, minor = 0, micro = 0;
  unsigned release_level = 0xf;  ///< 0xa, 0xb, 0xc: alpha, beta, candidate; 0xf final
  unsigned serial = 0;
};

[[nodiscard]] Version version_of(std::uint64_t py_version_hex);

/// struct _Py_DebugOffsets at the start of _PyRuntime (3.13 on; Include/internal/pycore_runtime.h).
struct DebugOffsets {
  std::uint64_t py_version_hex = 0;
  bool free_threaded = false;
  std::span<const std::byte> bytes;  ///< all of it, from the cookie on
};

/// What is to be read of it: 3.15's is the longest that we know.
inline constexpr std::size_t debug_offsets_bytes = 1024;

/// nullopt when the cookie is not there, or less than that was read.
[[nodiscard]] std::optional<DebugOffsets> parse_debug_offsets(std::span<const std::byte> start_of_runtime);

/// `table` with the offsets that the process itself states. What the stated size of the collector's struct does not
/// hold is absent (gc.generation0 of 3.14.0 to 3.14.4). `malformed` for an offset that is over its cap or not aligned
/// as its type.
[[nodiscard]] base::Result<Layout> with_debug_offsets(const Layout& table, const DebugOffsets& offsets);

/// `table` with every entry that C types decide taken from debug information of the same build: the file that is
/// mapped, or a detached one of its build-id; `alternate` is the file that its .gnu_debugaltlink names. Entries that no
/// type decides (macros, glibc's struct pthread) stay as in `table`. Costs some 100 ms, 0.5 s for Debian's compressed
/// files. Errors: `not_found` (no debug information, or none of CPython), `malformed` (an offset over its cap, a member
/// of another size than its entry), `limit`.
[[nodiscard]] base::Result<Layout> layout_from_dwarf(const elf::ElfFile& debug_information, const Layout& table,
                                                     const elf::ElfFile* alternate = nullptr);

}  // namespace tidemark::cpython
