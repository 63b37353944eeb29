#include "copies.hpp"

#include <utility>

#include "tidemark/cpython/objects.hpp"
#include "tidemark/memory/image_memory.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::Result;

/// Reads an extent of an object, and lets `decode` read the object out of that copy alone.
template <class Decode>
auto copy_and_decode(const memory::MemorySource& memory, Address object, Extent extent, Witness& witness,
                     const Decode& decode) -> decltype(decode(memory)) {
  witness = {.address = object.plus(extent.first), .bytes = std::vector<std::byte>(extent.size())};
  if (auto read = memory.read(witness.address, witness.bytes); !read) return base::fail(std::move(read).error());
  memory::ImageMemory copy;
  if (auto added = copy.add({.start = witness.address, .bytes = witness.bytes}); !added) {
    return base::fail(std::move(added).error());
  }
  auto decoded = decode(copy);
  if (decoded) return decoded;
  return base::fail({.code = base::ErrorCode::torn, .doing = "copy an object", .address = object});
}

}  // namespace

Result<CopiedText> copy_text(const memory::MemorySource& memory, const Layout& layout, Address object) {
  const auto extent = unicode_extent(memory, layout, object);
  if (!extent) return base::fail(extent.error());
  CopiedText copied;
  auto text = copy_and_decode(memory, object, *extent, copied.witness,
                              [&](const auto& copy) { return read_unicode(copy, layout, object); });
  if (!text) return base::fail(std::move(text).error());
  copied.text = std::move(text).value();
  return copied;
}

Result<CopiedInteger> copy_integer(const memory::MemorySource& memory, const Layout& layout, Address object) {
  const auto extent = integer_extent(memory, layout, object);
  if (!extent) return base::fail(extent.error());
  CopiedInteger copied;
  const auto value = copy_and_decode(memory, object, *extent, copied.witness,
                                     [&](const auto& copy) { return read_integer(copy, layout, object); });
  if (!value) return base::fail(value.error());
  copied.value = *value;
  return copied;
}

}  // namespace tidemark::cpython
