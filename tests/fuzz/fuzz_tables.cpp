// libFuzzer: what takes raw bytes apart: line tables of all formats, image files.
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "tidemark/cpython/line_table.hpp"
#include "tidemark/memory/image_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark;
  constexpr std::size_t head_bytes = 9;  // what, first line, code unit
  if (size < head_bytes) return 0;
  std::int32_t first_line = 0;
  std::int32_t code_unit = 0;
  std::memcpy(&first_line, data + 1, sizeof first_line);
  std::memcpy(&code_unit, data + 5, sizeof code_unit);
  const auto table = std::as_bytes(std::span(data + head_bytes, size - head_bytes));
  using Format = cpython::Layout::LineTable;
  switch (data[0] % 4) {
    case 0:
      static_cast<void>(cpython::line_of(Format::lnotab, table, first_line, code_unit));
      break;
    case 1:
      static_cast<void>(cpython::line_of(Format::ranges, table, first_line, code_unit));
      break;
    case 2:
      static_cast<void>(cpython::line_of(Format::locations, table, first_line, code_unit));
      break;
    default:
      static_cast<void>(memory::decode_image({reinterpret_cast<const char*>(table.data()), table.size()}));
  }
  return 0;
}
