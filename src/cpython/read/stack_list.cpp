#include "stack_list.hpp"

#include <algorithm>
#include <utility>

#include "collector.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;

base::Unexpected torn(Address at, const char* detail) {
  return base::fail(
      base::Error{.code = ErrorCode::torn, .doing = "read the list of threads", .address = at, .detail = detail});
}

/// A thread state that was freed may be another thread's at once.
bool is_same_thread(const ThreadState& a, const ThreadState& b) {
  return a.address == b.address && a.pthread == b.pthread && a.native_thread_id == b.native_thread_id;
}

Extent interpreter_extent(const Layout& layout) {
  return extent_of(layout.interpreter.next, layout.interpreter.id, layout.interpreter.threads_head);
}

}  // namespace

base::Result<void> StackList::walk_threads_of(StackInterpreter& interpreter) {
  const Address at = interpreter.place.address;
  if (layout_.interpreter.gil.is_present()) {
    auto gil = memory_.read_value<Address>(at.plus(layout_.interpreter.gil.offset()));
    if (!gil) return base::fail(std::move(gil).error());
    interpreter.gil = is_plausible_pointer(*gil) ? *gil : Address{};
  }
  auto head = memory_.read_value<Address>(at.plus(layout_.interpreter.threads_head.offset()));
  if (!head) return base::fail(std::move(head).error());
  auto walked = walk_threads(memory_, layout_, at, *head);
  if (!walked) return base::fail(std::move(walked).error());
  std::vector<std::unique_ptr<StackThread>> threads;
  for (const ThreadState& links : *walked) {
    const auto is_it = [&](const auto& known) { return known && is_same_thread(known->state().links, links); };
    const auto known = std::ranges::find_if(interpreter.threads, is_it);
    if (known != interpreter.threads.end()) {
      threads.push_back(std::move(*known));
    } else {
      const StackState state{.links = links, .chunk = {}, .thread_id = 0};
      threads.push_back(std::make_unique<StackThread>(layout_, state));
      threads.back()->correct(memory_);
    }
  }
  interpreter.threads = std::move(threads);
  return {};
}

base::Result<void> StackList::walk() {
  auto places = cpython::interpreters(memory_, layout_, runtime_);
  if (!places) return base::fail(std::move(places).error());
  std::vector<StackInterpreter> found;
  for (const InterpreterPlace& place : *places) {
    const auto known = std::ranges::find(interpreters_, place, &StackInterpreter::place);
    if (known != interpreters_.end()) {
      found.push_back(std::move(*known));
      interpreters_.erase(known);
    } else {
      found.push_back({.place = place, .gil = {}, .threads = {}, .holder = {}});
    }
  }
  interpreters_ = std::move(found);
  base::Result<void> result;
  for (StackInterpreter& interpreter : interpreters_) {
    if (auto walked = walk_threads_of(interpreter); !walked && result) result = std::move(walked);
  }
  return result;
}

Address StackList::collecting_at(const StackInterpreter& interpreter) const {
  return collector_address(layout_, runtime_, interpreter.place.address);
}

void StackList::add(Batch& batch) {
  head_id_.reset();
  ids_.clear();
  if (layout_.runtime.interpreters_head.is_present()) {
    head_id_ = batch.add(runtime_, extent_of(layout_.runtime.interpreters_head));
  }
  for (const StackInterpreter& interpreter : interpreters_) {
    Ids ids{.links = batch.add(interpreter.place.address, interpreter_extent(layout_)),
            .collecting = batch.add(collecting_at(interpreter), extent_of(layout_.gc.collecting)),
            .holder = {}};
    const Address holder_at = holder_place(layout_, runtime_, interpreter.gil);
    if (!holder_at.is_null()) ids.holder = batch.add(holder_at, holder_extent(layout_));
    ids_.push_back(ids);
  }
}

base::Result<void> StackList::judge_links(const Batch& batch, std::size_t i) const {
  const StackInterpreter& interpreter = interpreters_[i];
  const Piece piece = batch.piece(ids_[i].links);
  if (const auto& status = batch.status(ids_[i].links); !status) return status;
  if (layout_.interpreter.id.is_present() && piece.get(layout_.interpreter.id) != interpreter.place.id) {
    return torn(interpreter.place.address, "another interpreter");
  }
  // The list has the newest first, ours the main one.
  if (layout_.interpreter.next.is_present()) {
    const Address next = i == 0 ? Address{} : interpreters_[i - 1].place.address;
    if (piece.get(layout_.interpreter.next) != next)
      return torn(interpreter.place.address, "another interpreter follows");
  }
  std::vector<ThreadState> states;
  states.reserve(interpreter.threads.size());
  for (const auto& thread : interpreter.threads) {
    const auto state = thread->state_in(batch);
    if (!state) return torn(thread->state().links.address, "a thread state cannot be read");
    states.push_back(state->links);
  }
  const auto head = piece.get(layout_.interpreter.threads_head);
  if (!head || !is_whole_list(states, interpreter.place.address, *head)) {
    return torn(interpreter.place.address, "the list of thread states has changed");
  }
  return {};
}

void StackList::judge_state(const Batch& batch, std::size_t i) {
  StackInterpreter& interpreter = interpreters_[i];
  const auto collecting = batch.piece(ids_[i].collecting).get(layout_.gc.collecting);
  interpreter.is_collecting_known = collecting.has_value() && (*collecting == 0 || *collecting == 1);
  interpreter.is_collecting = collecting.value_or(0) == 1;
  interpreter.holder = {};
  if (!ids_[i].holder) return;
  if (const auto holder = decode_holder(layout_, batch.piece(*ids_[i].holder))) interpreter.holder = *holder;
}

base::Result<void> StackList::judge(const Batch& batch) {
  if (interpreters_.empty()) return torn(runtime_, "there is no interpreter");
  if (head_id_) {
    if (const auto& status = batch.status(*head_id_); !status) return status;
    const auto head = batch.piece(*head_id_).get(layout_.runtime.interpreters_head);
    if (head != interpreters_.back().place.address) return torn(runtime_, "there is a new interpreter");
  }
  for (std::size_t i = 0; i < interpreters_.size(); ++i) {
    if (auto judged = judge_links(batch, i); !judged) return judged;
    judge_state(batch, i);
  }
  return {};
}

}  // namespace tidemark::cpython
