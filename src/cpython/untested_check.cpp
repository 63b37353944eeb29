#include "untested_check.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "locate/scan.hpp"
#include "read/code_cache.hpp"
#include "read/frame_struct.hpp"
#include "read/read_piece.hpp"
#include "tidemark/cpython/line_table.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::uint64_t gc_flags = 3;  // the lower bits of _gc_prev and _gc_next (Include/internal/pycore_gc.h)
constexpr std::int32_t max_first_line = 1 << 24;
constexpr std::int64_t max_code_units = 1 << 28;
constexpr std::uint8_t max_owner = 7;  // enum _frameowner has five members (pycore_interpframe_structs.h, 3.15)

/// Of instructions that a lnotab passes, which is pairs of bytes (line_table.cpp).
std::int64_t lnotab_bytes(const std::vector<std::byte>& table) {
  std::int64_t passed = 0;
  for (std::size_t i = 0; i < table.size(); i += 2) passed += std::to_integer<std::int64_t>(table[i]);
  return passed;
}

class Check {
 public:
  Check(const LocatedRuntime& runtime, const memory::MemorySource& memory) : runtime_(runtime), memory_(memory) {}

  [[nodiscard]] Misfit size_of_code() const {
    const auto& layout = runtime_.layout;
    auto size = memory_.read_value<std::int64_t>(runtime_.place.code_type.plus(layout.type.basic_size.offset()));
    if (!size) return base::fail(std::move(size).error());
    if (*size != layout.code.size_bytes) return miss("code objects are of another size");
    // They begin where the struct ends: offsetof(PyCodeObject, co_code_adaptive) is its size (3.11 on).
    const bool has_own = layout.code.instructions != 0;
    return has_own && *size != layout.code.instructions ? miss("instructions begin elsewhere") : none();
  }

  [[nodiscard]] Misfit collector(Address collector) const {
    const auto& gc = runtime_.layout.gc;
    auto enabled = memory_.read_value<std::int32_t>(collector.plus(gc.enabled.offset()));
    if (!enabled) return base::fail(std::move(enabled).error());
    if (*enabled != 0 && *enabled != 1) return miss("whether the collector is on is neither 0 nor 1");
    if (runtime_.layout.free_threaded) return none();  // it has no rings; the reading has looked at its thresholds
    auto youngest = first_generation(collector);
    if (!youngest) return base::fail(std::move(youngest).error());
    return ring(youngest->plus(2 * std::uint64_t{runtime_.layout.generation.size_bytes}));
  }

  [[nodiscard]] Misfit object(Address object, std::string_view type_name, const char* what) const {
    if (!is_plausible_pointer(object)) return miss(what);
    auto type = pointer_at(object.plus(runtime_.layout.object.type.offset()));
    if (!type) return base::fail(std::move(type).error());
    if (!is_plausible_pointer(*type)) return miss(what);
    auto named = is_type_named(runtime_.layout, *runtime_.module, memory_, *type, type_name);
    if (!named) return base::fail(std::move(named).error());
    return *named ? none() : miss(what);
  }

  [[nodiscard]] Misfit code(Address code) const {
    const auto& field = runtime_.layout.code;
    auto first_line = memory_.read_value<std::int32_t>(code.plus(field.first_line.offset()));
    if (!first_line) return base::fail(std::move(first_line).error());
    if (*first_line < 1 || *first_line > max_first_line) return miss("the first line of a code object is none");
    auto name = pointer_at(code.plus(field.qualname.offset()));
    auto file = pointer_at(code.plus(field.filename.offset()));
    if (name && file && *name == *file) return miss("the file of a code object is its name");
    struct Part {
      Field<Address> at;
      std::string_view type;
      const char* what;
    };
    const std::array<Part, 4> parts{Part{field.qualname, "str", "the name of a code object is no string"},
                                    Part{field.filename, "str", "the file of a code object is no string"},
                                    Part{field.line_table, "bytes", "the line table of a code object is no bytes"},
                                    Part{field.bytecode, "bytes", "the instructions of a code object are no bytes"}};
    for (const Part& part : parts) {
      if (!part.at.is_present()) continue;
      auto value = pointer_at(code.plus(part.at.offset()));
      if (!value) return base::fail(std::move(value).error());
      if (auto misfit = object(*value, part.type, part.what); !misfit || *misfit) return misfit;
    }
    if (name && file) {
      if (auto misfit = text(*name, true); !misfit || *misfit) return misfit;
      if (auto misfit = text(*file, false); !misfit || *misfit) return misfit;
    }
    return lines(code);
  }

  /// The innermost frame, begun or not, is of a kind that there is; where it is a Python frame, it is in its code.
  [[nodiscard]] Misfit frame(Address at) const {
    const Layout& layout = runtime_.layout;
    StructBuffer buffer;
    auto piece = read_piece(memory_, at, frame_extent(layout), buffer);
    if (!piece) return base::fail(std::move(piece).error());
    const auto frame = decode_frame(layout, at, *piece);
    if (!frame || frame->owner > max_owner) return miss("nothing that there is owns the innermost frame");
    if (is_shim(layout, *frame) || layout.code.bytecode.is_present()) return none();
    auto head = read_code_head(memory_, layout, runtime_.place.code_type, frame->code);
    if (!head) return base::fail(std::move(head).error());
    if (head->first_traceable < 0 || head->first_traceable >= head->size) {
      return miss("a code object begins outside of its code");
    }
    CodeCache codes;
    if (auto loaded = codes.load(memory_, layout, frame->code, *head); !loaded) return base::fail(loaded.error());
    const bool fits = code_unit_of(*frame, *codes.find(frame->code)).has_value();
    return fits ? none() : miss("the innermost frame is not in its code");
  }

 private:
  static Misfit none() { return std::optional<std::string>(); }
  static Misfit miss(const char* what) { return std::optional<std::string>(what); }

  [[nodiscard]] base::Result<Address> pointer_at(Address at) const { return memory_.read_value<Address>(at); }

  /// A name has no character 0 but the one after its last (PyUnicode_New).
  [[nodiscard]] Misfit text(Address object, bool has_characters) const {
    auto length = memory_.read_value<std::int64_t>(object.plus(runtime_.layout.unicode.length.offset()));
    if (!length) return base::fail(std::move(length).error());
    if (*length < (has_characters ? 1 : 0) || *length > static_cast<std::int64_t>(max_name_characters)) {
      return miss("a name of a code object has another length");
    }
    auto text = read_unicode(memory_, runtime_.layout, object);
    if (!text) return base::fail(std::move(text).error());
    auto extent = unicode_extent(memory_, runtime_.layout, object);
    if (!extent) return base::fail(std::move(extent).error());
    auto last = memory_.read_value<std::byte>(object.plus(extent->end));
    if (!last) return base::fail(std::move(last).error());
    const bool fits = text->find('\0') == std::string::npos && *last == std::byte{0};
    return fits ? none() : miss("a name of a code object has other characters");
  }

  /// A bytes object has a 0 after its last byte (PyBytes_FromStringAndSize).
  [[nodiscard]] bool ends_with_zero(Address object, const std::vector<std::byte>& contents) const {
    const auto last = memory_.read_value<std::byte>(object.plus(runtime_.layout.bytes.data + contents.size()));
    return last && *last == std::byte{0};
  }

  /// The line table is as long as the code. A lnotab may end before it.
  [[nodiscard]] Misfit lines(Address code) const {
    const Layout& layout = runtime_.layout;
    auto head = read_code_head(memory_, layout, runtime_.place.code_type, code);
    if (!head) return base::fail(std::move(head).error());
    std::int64_t code_units = head->size;
    if (layout.code.bytecode.is_present()) {
      auto bytes = read_bytes_object(memory_, layout, head->bytecode, max_line_table_bytes);
      if (!bytes) return base::fail(std::move(bytes).error());
      code_units = static_cast<std::int64_t>(bytes->size()) / code_unit_bytes;
      if (!ends_with_zero(head->bytecode, *bytes)) return miss("the instructions of a code object have no end");
    }
    auto table = read_bytes_object(memory_, layout, head->line_table, max_line_table_bytes);
    if (!table) return base::fail(std::move(table).error());
    if (code_units <= 0 || code_units > max_code_units) return miss("the code of a code object has another size");
    const auto has_line = [&](std::int64_t unit) {
      return line_of(layout.code.line_table_format, *table, head->first_line, unit).has_value();
    };
    const bool is_lnotab = layout.code.line_table_format == Layout::LineTable::lnotab;
    const bool ends = is_lnotab ? lnotab_bytes(*table) < code_units * code_unit_bytes : !has_line(code_units);
    if (!ends || !has_line(code_units - 1) || !ends_with_zero(head->line_table, *table))
      return miss("the line table of a code object has no end");
    return none();
  }

  [[nodiscard]] base::Result<Address> first_generation(Address collector) const {
    const auto& gc = runtime_.layout.gc;
    if (!gc.generation0.is_present()) return collector.plus(gc.generations);
    return pointer_at(collector.plus(gc.generation0.offset()));
  }

  /// A PyGC_Head is two words, next and previous; the first and the last of the ring lead back to its head. Those of an
  /// empty one are the head itself, which from 3.13.1 or so on lies at 4 bytes past a multiple of 8.
  [[nodiscard]] Misfit ring(Address head) const {
    constexpr std::uint64_t previous = 8;
    for (const auto& [there, back] : {std::pair{std::uint64_t{0}, previous}, std::pair{previous, std::uint64_t{0}}}) {
      auto neighbour = pointer_at(head.plus(there));
      if (!neighbour) return base::fail(std::move(neighbour).error());
      const Address at{neighbour->value & ~gc_flags};
      if (at != head && !is_plausible_pointer(at)) return miss("the collector's oldest generation is no ring");
      auto returned = pointer_at(at.plus(back));
      if (!returned) return base::fail(std::move(returned).error());
      if ((returned->value & ~gc_flags) != head.value) return miss("the collector's oldest generation is no ring");
    }
    return none();
  }

  const LocatedRuntime& runtime_;
  const memory::MemorySource& memory_;
};

}  // namespace

Misfit misfit_of_idents(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                        const SnapshotReader& reader) {
  const Field<std::uint64_t>& field = runtime.layout.thread.thread_id;
  if (!field.is_present()) return std::optional<std::string>();
  bool has_one = false;
  for (const Address state : reader.thread_states()) {
    auto ident = memory.read_value<std::uint64_t>(state.plus(field.offset()));
    if (!ident) return base::fail(std::move(ident).error());
    if (*ident == 0) continue;  // its thread has not begun
    has_one = true;
    const Address thread{*ident};
    if (!is_plausible_pointer(thread)) return std::optional<std::string>("an ident is no thread");
    const auto self = memory.read_value<Address>(thread);
    if (self && *self != thread) return std::optional<std::string>("an ident is no thread");
  }
  return has_one ? std::nullopt : std::optional<std::string>("no thread state has an ident");
}

Misfit misfit_of_collector(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                           const SnapshotReader& reader) {
  const Check check(runtime, memory);
  const auto places = reader.places();
  if (auto misfit = check.collector(places.collector); !misfit || *misfit) return misfit;
  return check.object(places.garbage, "list", "gc.garbage is no list");
}

Misfit misfit_of_frames(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                        const SnapshotReader& reader) {
  const Check check(runtime, memory);
  if (auto misfit = check.size_of_code(); !misfit || *misfit) return misfit;
  const auto [current_frame, code] = std::pair{reader.places().current_frame, reader.places().frame_code};
  if (!current_frame.is_null()) {
    if (auto misfit = check.frame(current_frame); !misfit || *misfit) return misfit;
  }
  if (code.is_null()) return std::optional<std::string>();  // no Python code runs
  return check.code(code);
}

}  // namespace tidemark::cpython
