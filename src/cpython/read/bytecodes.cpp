#include "bytecodes.hpp"

#include <utility>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(
      base::Error{.code = code, .doing = "read the copies of a bytecode", .address = at, .detail = detail});
}

}  // namespace

base::Result<Bytecodes> read_bytecodes(const memory::MemorySource& memory, const Layout& layout, Address code,
                                       Address array) {
  if (!is_plausible_pointer(array)) return refused(ErrorCode::torn, array, "not a pointer to an array");
  const auto size = memory.read_value<std::int64_t>(array.plus(layout.code_array.size.offset()));
  if (!size) return base::fail(size.error());
  if (*size < 1) return refused(ErrorCode::torn, array, "an array without the code object's own instructions");
  if (*size > max_bytecodes) return refused(ErrorCode::limit, array, "too many copies");
  const auto count = static_cast<std::size_t>(*size);
  Bytecodes found{.starts = {}, .witness = {.address = array, .bytes = {}}};
  found.witness.bytes.resize(layout.code_array.entries + count * sizeof(Address));
  if (auto read = memory.read(array, found.witness.bytes); !read) return base::fail(std::move(read).error());
  const Piece piece{.bytes = found.witness.bytes, .first = 0};
  if (piece.get(layout.code_array.size) != *size) return refused(ErrorCode::torn, array, "an array of another size");
  found.starts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    found.starts.push_back(piece.get_at<Address>(layout.code_array.entries + i * sizeof(Address)).value_or(Address{}));
  }
  if (found.starts.front() != code.plus(layout.code.instructions)) {
    return refused(ErrorCode::torn, array, "an array of another code object");
  }
  return found;
}

}  // namespace tidemark::cpython
