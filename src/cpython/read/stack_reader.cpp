#include "tidemark/cpython/stack_reader.hpp"

#include <utility>

#include "stack_list.hpp"
#include "thread_names.hpp"

namespace tidemark::cpython {

using base::Address;
using model::Reason;
using model::Source;

namespace {

/// Of all threads together: what is beyond says `limit`. A thousand threads of a thousand frames are below both.
constexpr std::uint64_t max_copied_bytes = 128 << 20;
constexpr std::uint64_t max_shown_frames = 2'000'000;

}  // namespace

class StackReader::Impl {
 public:
  Impl(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place)
      : memory_(memory),
        layout_(layout),
        list_(memory, layout_, place.runtime),
        codes_(memory, layout_, place.code_type),
        names_(memory, layout_) {}

  model::StackReading read();
  model::StackReading read_named();

 private:
  template <class Visit>
  void for_each_thread(bool (StackThread::*is_wanted)() const, Visit visit);
  void begin_reading();
  void walk();
  /// One vector read of all that is pending, and its judgement: what agrees with itself is done.
  void read_round(bool is_first);
  void judge_round();
  /// Mends the guess of what is not done.
  void correct();
  [[nodiscard]] bool is_complete();
  [[nodiscard]] model::ThreadStack report(const StackInterpreter& interpreter, const StackThread& thread) const;
  [[nodiscard]] model::StackReading report() const;
  using Names = std::shared_ptr<const NamesByIdent>;
  /// Those of each interpreter, by its id. One whose names cannot be read has none.
  [[nodiscard]] std::unordered_map<std::int64_t, Names> read_names();

  const memory::MemorySource& memory_;
  const Layout layout_;
  StackList list_;
  StackCodes codes_;
  ThreadNames names_;
  std::unordered_map<std::int64_t, Names> last_names_;  ///< of the last reading with names
  Batch batch_;
  std::vector<Address> wanted_codes_;
  bool is_list_proved_ = false;            ///< of this reading
  std::uint64_t shown_frames_ = 0;         ///< of this reading
  std::optional<base::Error> list_error_;  ///< why not
};

template <class Visit>
void StackReader::Impl::for_each_thread(bool (StackThread::*is_wanted)() const, Visit visit) {
  for (StackInterpreter& interpreter : list_.interpreters()) {
    for (auto& thread : interpreter.threads) {
      if (((*thread).*is_wanted)()) visit(*thread);
    }
  }
}

void StackReader::Impl::begin_reading() {
  codes_.begin_reading();
  for (StackInterpreter& interpreter : list_.interpreters()) {
    for (auto& thread : interpreter.threads) thread->begin_reading();
  }
  if (list_.interpreters().empty()) walk();
  is_list_proved_ = false;
  shown_frames_ = 0;
}

void StackReader::Impl::walk() {
  list_error_.reset();
  if (auto walked = list_.walk(); !walked) list_error_ = std::move(walked).error();
}

void StackReader::Impl::read_round(bool is_first) {
  batch_.clear();
  codes_.begin_round();
  if (!is_list_proved_) list_.add(batch_);
  std::uint64_t copied_bytes = 0;
  for (StackInterpreter& interpreter : list_.interpreters()) {
    for (auto& thread : interpreter.threads) {
      copied_bytes += thread->is_pending() ? thread->copied_bytes() : 0;
      if (copied_bytes > max_copied_bytes || shown_frames_ > max_shown_frames) thread->give_up();
      if (thread->is_pending()) {
        thread->add(batch_);
      } else if (!is_list_proved_) {
        thread->add_state(batch_);  // its links are part of the list
      }
    }
  }
  if (is_first) codes_.add_checks(batch_);  // a stack that moved is to be looked at again soon
  batch_.run(memory_);
}

void StackReader::Impl::judge_round() {
  codes_.judge_checks(batch_);
  if (!is_list_proved_ && !list_error_) {
    auto judged = list_.judge(batch_);
    is_list_proved_ = judged.has_value();
    if (!judged) list_error_ = std::move(judged).error();
  }
  wanted_codes_.clear();
  for_each_thread(&StackThread::is_pending,
                  [this](StackThread& thread) { thread.judge(batch_, wanted_codes_, codes_); });
  codes_.prove(wanted_codes_);
  for_each_thread(&StackThread::is_to_resolve, [this](StackThread& thread) {
    if (shown_frames_ > max_shown_frames) return;
    thread.resolve(codes_);
    if (thread.is_done()) shown_frames_ += thread.frames()->size();
  });
}

bool StackReader::Impl::is_complete() {
  bool complete = is_list_proved_;
  for_each_thread(&StackThread::is_pending, [&complete](StackThread&) { complete = false; });
  return complete;
}

void StackReader::Impl::correct() {
  if (!is_list_proved_) walk();
  for_each_thread(&StackThread::is_pending, [this](StackThread& thread) { thread.correct(memory_); });
}

model::ThreadStack StackReader::Impl::report(const StackInterpreter& interpreter, const StackThread& thread) const {
  const ThreadState& links = thread.state().links;
  model::ThreadStack stack;
  stack.interpreter_id = interpreter.place.id;
  stack.native_id =
      std::in_range<base::Tid>(links.native_thread_id) ? static_cast<base::Tid>(links.native_thread_id) : 0;
  stack.thread_id = thread.state().thread_id;
  stack.holds_gil = !interpreter.holder.is_null() && interpreter.holder == links.address;
  stack.tries = thread.tries();
  if (!thread.is_done()) {
    stack.failure = thread.error() ? model::reason_of(*thread.error()) : Reason::torn;
    return stack;
  }
  stack.frames = thread.frames();
  if (thread.is_cut()) stack.failure = Reason::limit;
  return stack;
}

model::StackReading StackReader::Impl::report() const {
  model::StackReading reading;
  for (const StackInterpreter& interpreter : list_.interpreters()) {
    model::InterpreterState state{.id = interpreter.place.id, .gc_running = {}};
    if (interpreter.is_collecting_known) state.gc_running = interpreter.is_collecting;
    reading.interpreters.push_back(state);
    for (auto thread = interpreter.threads.rbegin(); thread != interpreter.threads.rend(); ++thread) {
      reading.threads.push_back(report(interpreter, **thread));
    }
  }
  if (!is_list_proved_) {
    const Source source = reading.threads.empty() ? Source::python : Source::threads;
    reading.gaps.push_back({.source = source, .reason = list_error_ ? model::reason_of(*list_error_) : Reason::torn});
  }
  return reading;
}

model::StackReading StackReader::Impl::read() {
  begin_reading();
  // One more: what one copy shows to have moved is then tried as often as anything else.
  for (int round = 0; round <= max_stack_tries; ++round) {
    if (round > 0) correct();
    read_round(round == 0);
    judge_round();
    if (is_complete()) break;
  }
  return report();
}

std::unordered_map<std::int64_t, StackReader::Impl::Names> StackReader::Impl::read_names() {
  std::unordered_map<std::int64_t, Names> all;
  for (const StackInterpreter& interpreter : list_.interpreters()) {
    if (auto names = names_.read(interpreter.place.address)) all.emplace(interpreter.place.id, std::move(*names));
  }
  return all;
}

/// A name counts when it was the thread's before the stacks were read and after. The last reading's names are as good a
/// "before" as any, so that a reading in which nothing moved costs one vector read for them.
model::StackReading StackReader::Impl::read_named() {
  if (list_.interpreters().empty()) walk();
  const auto before = last_names_.empty() ? read_names() : std::move(last_names_);
  auto reading = read();
  last_names_ = read_names();
  for (model::ThreadStack& thread : reading.threads) {
    const auto old_names = before.find(thread.interpreter_id);
    const auto new_names = last_names_.find(thread.interpreter_id);
    if (old_names == before.end() || new_names == last_names_.end()) continue;
    const auto old_name = old_names->second->find(thread.thread_id);
    const auto new_name = new_names->second->find(thread.thread_id);
    if (old_name == old_names->second->end() || new_name == new_names->second->end()) continue;
    if (old_name->second == new_name->second) thread.name = new_name->second;
  }
  return reading;
}

StackReader::StackReader(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place)
    : impl_(std::make_unique<Impl>(memory, layout, place)) {}

StackReader::~StackReader() = default;

model::StackReading StackReader::read() { return impl_->read(); }

model::StackReading StackReader::read_named() { return impl_->read_named(); }

}  // namespace tidemark::cpython
