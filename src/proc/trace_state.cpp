#include "tidemark/proc/trace_state.hpp"

#include <string>

#include "detail/kernel_file.hpp"
#include "detail/text.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/gone.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view step = "read who traces a thread, and its signals";
constexpr int hexadecimal = 16;

/// Which of the required lines were there.
enum Seen : unsigned {
  seen_state = 1U << 0,
  seen_tracer = 1U << 1,
  seen_pending = 1U << 2,
  seen_shared = 1U << 3,
  seen_blocked = 1U << 4,
  seen_caught = 1U << 5,
  seen_all = (1U << 6) - 1
};

bool take_set(std::string_view value, std::uint64_t& set) {
  return detail::parse_number(detail::next_word(value), set, hexadecimal) && detail::next_word(value).empty();
}

/// False when the value is not what its key promises.
bool take_line(std::string_view key, std::string_view value, TraceState& out, unsigned& seen) {
  if (key == "State") return seen |= seen_state, detail::take_letter(value, out.state);
  if (key == "TracerPid") return seen |= seen_tracer, detail::take_number(value, out.tracer_pid);
  if (key == "SigPnd") return seen |= seen_pending, take_set(value, out.pending);
  if (key == "ShdPnd") return seen |= seen_shared, take_set(value, out.shared_pending);
  if (key == "SigBlk") return seen |= seen_blocked, take_set(value, out.blocked);
  if (key == "SigCgt") return seen |= seen_caught, take_set(value, out.caught);
  return true;
}

}  // namespace

Result<TraceState> parse_trace_state(std::string_view text) {
  return detail::parse_keyed_lines<TraceState>(step, text, seen_all, take_line);
}

Result<TraceState> read_trace_state(const ProcessFiles& process, base::Tid tid) {
  const std::string name = "task/" + std::to_string(tid) + "/status";
  const auto located = [&](base::Error error) {
    error = base::absent_means_gone(std::move(error));
    error.path = process.path() + "/" + name;
    return fail(std::move(error));
  };
  auto file = base::open_at(process.dir_fd(), name, 0, std::string(step));
  if (!file) return located(std::move(file).error());
  detail::TextBuffer buffer;
  auto text = buffer.read(file->get(), step);
  if (!text) return located(std::move(text).error());
  auto state = parse_trace_state(*text);
  if (!state) return located(std::move(state).error());
  return state;
}

}  // namespace tidemark::proc
