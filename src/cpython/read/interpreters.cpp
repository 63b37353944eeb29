#include "interpreters.hpp"

#include <algorithm>
#include <utility>

#include "read_piece.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using base::Result;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "walk the interpreters", .address = at, .detail = detail});
}

struct Link {
  Address next;
  std::int64_t id = 0;
};

Result<Link> read_link(const memory::MemorySource& memory, const Layout& layout, Address interpreter) {
  StructBuffer buffer;
  const auto piece = read_piece(memory, interpreter, extent_of(layout.interpreter.next, layout.interpreter.id), buffer);
  if (!piece) return base::fail(piece.error());
  const auto next = piece->get(layout.interpreter.next);
  const auto id = piece->get(layout.interpreter.id);
  if (!next || !id) return refused(ErrorCode::malformed, interpreter, "the layout lacks a field");
  return Link{.next = *next, .id = *id};
}

/// Newest first.
Result<std::vector<InterpreterPlace>> walk(const memory::MemorySource& memory, const Layout& layout, Address head,
                                           Address main) {
  std::vector<InterpreterPlace> found;
  for (Address at = head; !at.is_null();) {
    if (found.size() == max_interpreters) return refused(ErrorCode::limit, at, "too many interpreters");
    const auto link = read_link(memory, layout, at);
    if (!link) return base::fail(link.error());
    if (link->id < 0 || (!found.empty() && link->id >= found.back().id)) {
      return refused(ErrorCode::torn, at, "its id does not follow");
    }
    found.push_back({.address = at, .id = link->id});
    at = link->next;
  }
  if (found.empty() || found.back().address != main) {
    return refused(ErrorCode::torn, head, "the list does not end with the main interpreter");
  }
  if (found.back().id != 0) return refused(ErrorCode::torn, main, "the main interpreter has another id than 0");
  return found;
}

Result<std::vector<InterpreterPlace>> walk_once(const memory::MemorySource& memory, const Layout& layout,
                                                Address runtime) {
  const auto main = memory.read_value<Address>(runtime.plus(layout.runtime.interpreters_main.offset()));
  if (!main) return base::fail(main.error());
  if (!is_plausible_pointer(*main)) return refused(ErrorCode::torn, *main, "not a pointer to the main interpreter");
  if (!layout.runtime.interpreters_head.is_present() || !layout.interpreter.next.is_present()) {
    return std::vector<InterpreterPlace>{{.address = *main, .id = 0}};
  }
  const auto head = memory.read_value<Address>(runtime.plus(layout.runtime.interpreters_head.offset()));
  if (!head) return base::fail(head.error());
  auto found = walk(memory, layout, *head, *main);
  if (found) std::reverse(found->begin(), found->end());
  return found;
}

}  // namespace

Result<std::vector<InterpreterPlace>> interpreters(const memory::MemorySource& memory, const Layout& layout,
                                                   Address runtime) {
  auto found = walk_once(memory, layout, runtime);
  for (int attempt = 1; !found && attempt < max_attempts; ++attempt) found = walk_once(memory, layout, runtime);
  return found;
}

}  // namespace tidemark::cpython
