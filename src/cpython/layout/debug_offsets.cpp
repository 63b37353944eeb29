// Where _Py_DebugOffsets of 3.13 keeps each offset (Include/internal/pycore_runtime.h, v3.13.0; from its DWARF). Later
// versions moved these: a table for 3.14 brings its own positions.
#include <fmt/format.h>

#include <string_view>

#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::string_view cookie = "xdebugpy";

/// PyInterpreterState is 190 KiB in 3.13.0; no other struct that is read comes near.
constexpr std::uint64_t max_offset = 1 << 20;

/// Takes offsets out of the struct one by one; the first bad one stops it.
class Taker {
 public:
  explicit Taker(std::span<const std::byte> bytes) : source_{.bytes = bytes} {}

  /// The offset stored at `position` becomes the field's.
  template <class T>
  void take(std::uint32_t position, Field<T>& field) {
    std::uint32_t offset = 0;
    take_offset(position, alignof(T), offset);
    field = Field<T>(offset);
  }

  void take_offset(std::uint32_t position, std::size_t alignment, std::uint32_t& into) {
    const auto stored = source_.get_at<std::uint64_t>(position);
    if (!stored || *stored > max_offset || *stored % alignment != 0) {
      if (!bad_position_) bad_position_ = position;
      return;
    }
    into = static_cast<std::uint32_t>(*stored);
  }

  [[nodiscard]] std::optional<std::uint32_t> bad_position() const { return bad_position_; }

 private:
  Piece source_;
  std::optional<std::uint32_t> bad_position_;
};

void take_interpreter(Taker& taker, Layout& layout) {
  taker.take(0x048, layout.interpreter.threads_head);
  taker.take_offset(0x050, alignof(Address), layout.interpreter.gc);
  taker.take(0x070, layout.interpreter.gil);
}

void take_gil(Taker& taker, Layout& layout) {
  std::uint32_t own_gil = 0;  // the struct itself, inside the interpreter; the two fields are counted from there too
  std::uint32_t locked = 0;
  std::uint32_t holder = 0;
  taker.take_offset(0x078, alignof(Address), own_gil);
  taker.take_offset(0x088, alignof(std::int32_t), locked);
  taker.take_offset(0x090, alignof(Address), holder);
  layout.gil = {.last_holder = holder - own_gil, .locked = locked - own_gil};
}

void take_thread(Taker& taker, Layout& layout) {
  taker.take(0x0a0, layout.thread.prev);
  taker.take(0x0a8, layout.thread.next);
  taker.take(0x0b0, layout.thread.interp);
  taker.take(0x0b8, layout.thread.current_frame);
  taker.take(0x0c8, layout.thread.native_thread_id);
}

void take_frame_and_code(Taker& taker, Layout& layout) {
  taker.take(0x0e8, layout.frame.previous);
  taker.take(0x0f0, layout.frame.code);
  taker.take(0x0f8, layout.frame.instruction);
  taker.take(0x108, layout.frame.owner);
  taker.take(0x118, layout.code.filename);
  taker.take(0x128, layout.code.qualname);
  taker.take(0x130, layout.code.line_table);
  taker.take(0x138, layout.code.first_line);
  taker.take_offset(0x158, 1, layout.code.instructions);
}

void take_objects(Taker& taker, Layout& layout) {
  taker.take(0x168, layout.object.type);
  taker.take(0x178, layout.type.name);
  taker.take(0x208, layout.object.size);
  taker.take_offset(0x210, 1, layout.bytes.data);
  taker.take(0x220, layout.unicode.state);
  taker.take(0x228, layout.unicode.length);
  taker.take_offset(0x230, 1, layout.unicode.ascii_data);
}

bool is_gil_plausible(const Layout::Gil& gil) {
  constexpr std::uint32_t max_gil_bytes = 4096;
  return gil.last_holder.is_present() && gil.last_holder.offset() < max_gil_bytes && gil.locked.is_present() &&
         gil.locked.offset() < max_gil_bytes;
}

}  // namespace

std::optional<DebugOffsets> parse_debug_offsets(std::span<const std::byte> start_of_runtime) {
  const Piece piece{.bytes = start_of_runtime};
  if (start_of_runtime.size() < debug_offsets_bytes ||
      std::memcmp(start_of_runtime.data(), cookie.data(), cookie.size()) != 0) {
    return std::nullopt;
  }
  return DebugOffsets{.py_version_hex = piece.get_at<std::uint64_t>(0x08).value_or(0),
                      .free_threaded = piece.get_at<std::uint64_t>(0x10).value_or(0) != 0,
                      .bytes = start_of_runtime.first(debug_offsets_bytes)};
}

base::Result<Layout> with_debug_offsets(const Layout& table, const DebugOffsets& offsets) {
  Layout layout = table;
  layout.origin = LayoutOrigin::debug_offsets;
  Taker taker(offsets.bytes);
  take_interpreter(taker, layout);
  take_gil(taker, layout);
  take_thread(taker, layout);
  take_frame_and_code(taker, layout);
  take_objects(taker, layout);
  base::Error error{.code = base::ErrorCode::malformed, .doing = "take the offsets that the runtime states"};
  if (const auto bad = taker.bad_position()) {
    error.detail = fmt::format("the one at {:#x} is over its cap or not aligned", *bad);
    return base::fail(std::move(error));
  }
  if (!is_gil_plausible(layout.gil)) {
    error.detail = "those of the GIL are not inside its struct";
    return base::fail(std::move(error));
  }
  return layout;
}

}  // namespace tidemark::cpython
