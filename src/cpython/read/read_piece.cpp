#include "read_piece.hpp"

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

base::Result<Piece> read_piece(const memory::MemorySource& memory, base::Address address, Extent extent,
                               StructBuffer& buffer) {
  const auto refused = [address](base::ErrorCode code, const char* detail) {
    return base::fail(base::Error{.code = code, .doing = "read a struct", .address = address, .detail = detail});
  };
  if (!is_plausible_pointer(address)) return refused(base::ErrorCode::torn, "not a pointer to a struct");
  if (extent.size() > buffer.size()) return refused(base::ErrorCode::malformed, "the layout's struct is too long");
  const auto into = std::span(buffer).first(extent.size());
  if (auto read = memory.read(address.plus(extent.first), into); !read) return base::fail(std::move(read).error());
  return Piece{.bytes = into, .first = extent.first};
}

}  // namespace tidemark::cpython
