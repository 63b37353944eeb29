#include "tidemark/cpython/refcounts.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

/// 3.12 made both: tags in ints, and immortal objects.
bool has_immortal_objects(const Layout& layout) { return layout.integer.tag.is_present(); }

}  // namespace

bool is_immortal_refcount(const Layout& layout, std::uint64_t word) {
  constexpr std::uint64_t sign_of_lower_half = std::uint64_t{1} << 31;
  return has_immortal_objects(layout) && !is_in_free_list(word) && (word & sign_of_lower_half) != 0;
}

std::int64_t refcount_of(const Layout& layout, std::uint64_t word) {
  constexpr std::uint64_t lower_half = 0xffff'ffff;
  if (is_in_free_list(word)) return 0;
  return static_cast<std::int64_t>(has_immortal_objects(layout) ? word & lower_half : word);
}

base::Result<std::int64_t> read_refcount(const memory::MemorySource& memory, const Layout& layout,
                                         base::Address object) {
  if (!is_plausible_pointer(object)) {
    return base::fail(base::Error{.code = base::ErrorCode::torn,
                                  .doing = "read a count of references",
                                  .address = object,
                                  .detail = "not a pointer to an object"});
  }
  if (!layout.free_threaded) {
    const auto word = memory.read_value<std::uint64_t>(object);
    if (!word) return base::fail(word.error());
    return refcount_of(layout, *word);
  }
  // ob_tid, 4 bytes of flags and locks, ob_ref_local, ob_ref_shared, whose lower two bits are flags.
  constexpr std::uint64_t local_at = 12, shared_at = 16;
  const auto local = memory.read_value<std::uint32_t>(object.plus(local_at));
  if (!local) return base::fail(local.error());
  const auto shared = memory.read_value<std::int64_t>(object.plus(shared_at));
  if (!shared) return base::fail(shared.error());
  return *local + (*shared >> 2);
}

}  // namespace tidemark::cpython
