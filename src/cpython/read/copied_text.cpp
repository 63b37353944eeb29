#include "copied_text.hpp"

#include <utility>

#include "tidemark/cpython/objects.hpp"
#include "tidemark/memory/image_memory.hpp"

namespace tidemark::cpython {

base::Result<CopiedText> copy_text(const memory::MemorySource& memory, const Layout& layout, base::Address object) {
  auto extent = unicode_extent(memory, layout, object);
  if (!extent) return base::fail(std::move(extent).error());
  const base::Address start = object.plus(extent->first);
  std::vector<std::byte> bytes(extent->size());
  if (auto read = memory.read(start, bytes); !read) return base::fail(std::move(read).error());
  Witness witness{.address = start, .bytes = bytes};
  memory::ImageMemory copy;
  if (auto added = copy.add({.start = start, .bytes = std::move(bytes)}); !added) {
    return base::fail(std::move(added).error());
  }
  auto text = read_unicode(copy, layout, object);
  if (!text) {
    return base::fail({.code = base::ErrorCode::torn, .doing = "copy a string", .address = object});
  }
  return CopiedText{.text = std::move(text).value(), .witness = std::move(witness)};
}

}  // namespace tidemark::cpython
