#include <fmt/format.h>

#include <algorithm>

#include "detail/document.hpp"
#include "detail/figures.hpp"
#include "detail/spans.hpp"
#include "detail/stack_parts.hpp"
#include "tidemark/present/stack.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace detail {
namespace {

constexpr std::size_t frame_indent = 2, source_indent = 6;
constexpr std::size_t thread_name_columns = 40, process_name_columns = 40;
constexpr std::size_t narrowest_place = 24;

/// Text lines of one process.
class StackWriter {
 public:
  StackWriter(const StackProcess& process, const StackStyle& style) : process_(process), style_(style) {}

  [[nodiscard]] std::string text() {
    put(head(), 0);
    if (process_.failure) {
      put("Not read: " + said(process_.failure_text), frame_indent);
    } else if (process_.reading) {
      put_reading(*process_.reading);
    }
    return terminal_spans(out_, style_.text.colour);
  }

 private:
  /// A sentence, wrapped.
  void put(const std::string& sentence, std::size_t indent) {
    for (const auto& line : wrapped(sentence, style_.text.width - indent)) {
      out_ += std::string(indent, ' ') + line + "\n";
    }
  }

  [[nodiscard]] std::string head() const {
    std::string text = strong(printable(process_.name, process_name_columns, style_.text.ascii));
    text += fmt::format(" (pid {}", process_.pid);
    if (process_.inner_pid) text += fmt::format(", {} in its own namespace", *process_.inner_pid);
    if (process_.parent != 0) text += fmt::format(", child of {}", process_.parent);
    text += ")";
    if (!process_.version.empty()) text += ": Python " + said(process_.version);
    if (!process_.layout_origin.empty()) text += ", layout " + said(process_.layout_origin);
    if (process_.reading) text += ", " + counted(process_.reading->threads.size() + process_.left_out, "thread");
    if (process_.left_out > 0) text += fmt::format(", {} not shown", process_.left_out);
    text += ".";
    if (process_.stop) text += " " + stop_sentence(*process_.stop);
    return text;
  }

  [[nodiscard]] static std::string stop_sentence(const StopCost& stop) {
    std::string text = fmt::format("It stood still for {:.2f} ms", static_cast<double>(stop.pause_ns) / 1e6);
    if (stop.restarted_calls > 0) text += fmt::format("; {} restarted by us", counted(stop.restarted_calls, "call"));
    for (const auto& [name, count] : stop.interrupted_calls) {
      text += fmt::format("; {} of {} interrupted (EINTR)", counted(count, "call"), said(name));
    }
    return text + ".";
  }

  void put_reading(const model::StackReading& reading) {
    for (const auto& part : process_.missing) put("The layout does not fit here: no " + part + ".", frame_indent);
    for (const auto& gap : reading.gaps) put("Not read: " + model::text_of(gap) + ".", frame_indent);
    for (const auto& interpreter : reading.interpreters) {
      const bool is_told = std::any_of(reading.threads.begin(), reading.threads.end(), [&](const auto& thread) {
        return thread.interpreter_id == interpreter.id && thread.holds_gil;
      });
      if (interpreter.gc_running.value_or(false) && !is_told) {
        put(fmt::format("The collector of interpreter {} runs.", interpreter.id), frame_indent);
      }
    }
    for (const auto& thread : reading.threads) put_thread(thread);
  }

  void put_thread(const model::ThreadStack& thread) {
    out_ += "\n";
    put(thread_head(thread), 0);
    if (thread.frames) {
      put_frames(*thread.frames);
      if (thread.frames->empty() && !thread.failure) put("no Python frame", frame_indent);
    }
    if (!thread.failure) return;
    put((thread.frames ? "Not whole: " : "Not read: ") + failure_sentence(thread) + ".", frame_indent);
  }

  [[nodiscard]] std::string thread_head(const model::ThreadStack& thread) const {
    std::string text = "Thread " + (thread.native_id == 0 ? std::string("?") : std::to_string(thread.native_id));
    if (thread.outer_id && *thread.outer_id != thread.native_id) text += fmt::format(" ({} here)", *thread.outer_id);
    if (thread.name) text += " " + strong(printable(*thread.name, thread_name_columns, style_.text.ascii));
    std::vector<std::string> words;
    if (thread.interpreter_id != 0) words.push_back(fmt::format("interpreter {}", thread.interpreter_id));
    if (thread.is_running) words.emplace_back(*thread.is_running ? "running" : "idle");
    if (thread.holds_gil) words.emplace_back("holds the GIL");
    if (thread.holds_gil && is_collecting(thread.interpreter_id)) words.emplace_back("gc running");
    for (const auto& word : words) text += (&word == &words.front() ? ": " : ", ") + word;
    return text;
  }

  [[nodiscard]] bool is_collecting(std::int64_t interpreter) const {
    const auto& all = process_.reading->interpreters;
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& state) { return state.id == interpreter && state.gc_running.value_or(false); });
  }

  /// The innermost three quarters of what is shown, and the rest from the outer end.
  void put_frames(const model::Frames& frames) {
    const std::size_t depth = style_.depth == 0 ? frames.size() : std::min(style_.depth, frames.size());
    const std::size_t outer = depth < frames.size() ? depth / 4 : 0;
    for (std::size_t at = 0; at < depth - outer; ++at) put_frame(frames[at]);
    if (depth == frames.size()) return;
    out_ += fmt::format("{:{}}{} {} more frames (--all shows them)\n", "", frame_indent,
                        style_.text.ascii ? "..." : "…", frames.size() - depth);
    for (std::size_t at = frames.size() - outer; at < frames.size(); ++at) put_frame(frames[at]);
  }

  void put_frame(const model::FrameLocation& frame) {
    const std::string function = function_of(frame);
    const std::string place = place_of(frame);
    const std::size_t width = style_.text.width - frame_indent - 2;
    const std::size_t place_columns = std::min(display_columns(place), std::max(width / 2, narrowest_place));
    const std::string shown = printable(function, width - place_columns, style_.text.ascii);
    out_ += std::string(frame_indent, ' ') + strong(shown) + "  " +
            shortened_path(place, width - display_columns(shown), style_.text.ascii) + "\n";
    put_source(frame);
  }

  void put_source(const model::FrameLocation& frame) {
    if (!frame.code || !frame.line) return;
    const auto found = process_.source.find({frame.code->file, *frame.line});
    if (found == process_.source.end()) return;
    std::string_view text = found->second;
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    text = text.substr(0, text.find_last_not_of(" \t\r\n\f") + 1);
    if (text.empty()) return;
    out_ += std::string(source_indent, ' ');
    out_ += cut_at_end(text, style_.text.width - source_indent, style_.text.ascii) + "\n";
  }

  const StackProcess& process_;
  const StackStyle& style_;
  std::string out_;
};

std::string cost_sentence(const StackView& view) {
  std::uint64_t bytes = 0;
  for (const auto& process : view.processes) bytes += process.bytes_read;
  return fmt::format("Cost: {:.1f} KB of target memory read, {:.1f} ms of our CPU time, {}.",
                     static_cast<double>(bytes) / 1024, static_cast<double>(view.own_cpu_ns) / 1e6,
                     view.consistency == "racing" ? "no stop" : "stopped while read");
}

}  // namespace
}  // namespace detail

std::string stack_text(const StackView& view, const StackStyle& style) {
  std::string text;
  for (const auto& process : view.processes) text += detail::StackWriter(process, style).text() + "\n";
  for (const auto& line : detail::wrapped(detail::cost_sentence(view), style.text.width)) text += line + "\n";
  return text;
}

}  // namespace tidemark::present
