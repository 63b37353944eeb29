#include <algorithm>

#include "detail/document.hpp"
#include "detail/json.hpp"
#include "tidemark/present/stack.hpp"

namespace tidemark::present {
namespace detail {
namespace {

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json failure_json(const std::optional<model::Reason>& reason) {
  return reason ? Json(model::text_of(*reason)) : Json(nullptr);
}

Json frame_json(const model::FrameLocation& frame, const SourceText& source) {
  Json json{{"function", said(frame.code ? frame.code->function : "")},
            {"file", said(frame.code ? frame.code->file : "")},
            {"line", or_null(frame.line)}};
  if (!frame.code || !frame.line) return json;
  const auto found = source.find({frame.code->file, *frame.line});
  if (found != source.end()) json["source"] = said(found->second);
  return json;
}

Json thread_json(const model::ThreadStack& thread, const SourceText& source) {
  Json frames = nullptr;
  if (thread.frames) {
    frames = Json::array();
    for (const auto& frame : *thread.frames) frames.push_back(frame_json(frame, source));
  }
  return {{"interpreter", thread.interpreter_id},
          {"native_id", thread.native_id == 0 ? Json(nullptr) : Json(thread.native_id)},
          {"outer_id", or_null(thread.outer_id)},
          {"thread_id", thread.thread_id},
          {"name", thread.name ? Json(said(*thread.name)) : Json(nullptr)},
          {"holds_gil", thread.holds_gil},
          {"running", or_null(thread.is_running)},
          {"failure", failure_json(thread.failure)},
          {"tries", thread.tries},
          {"frames", std::move(frames)}};
}

Json stop_json(const std::optional<StopCost>& stop) {
  if (!stop) return nullptr;
  Json interrupted = Json::object();
  for (const auto& [name, count] : stop->interrupted_calls) interrupted[said(name)] = count;
  return {{"pause_ms", static_cast<double>(stop->pause_ns) / 1e6},
          {"threads", stop->threads},
          {"restarted_calls", stop->restarted_calls},
          {"interrupted_calls", std::move(interrupted)}};
}

Json process_json(const StackProcess& process) {
  Json interpreters = Json::array();
  Json threads = Json::array();
  Json gaps = Json::array();
  if (process.reading) {
    for (const auto& state : process.reading->interpreters) {
      interpreters.push_back({{"id", state.id}, {"gc_running", or_null(state.gc_running)}});
    }
    for (const auto& thread : process.reading->threads) threads.push_back(thread_json(thread, process.source));
    for (const auto& gap : process.reading->gaps) gaps.push_back(model::text_of(gap));
  }
  return {{"pid", process.pid},
          {"inner_pid", or_null(process.inner_pid)},
          {"parent", process.parent == 0 ? Json(nullptr) : Json(process.parent)},
          {"process_name", said(process.name)},
          {"python", json_text(said(process.version))},
          {"layout_origin", json_text(said(process.layout_origin))},
          {"module_path", json_text(said(process.module_path))},
          {"located_by", json_text(said(process.located_by))},
          {"missing", process.missing},
          {"failure", failure_json(process.failure)},
          {"failure_text", json_text(said(process.failure_text))},
          {"stop", stop_json(process.stop)},
          {"bytes_read", process.bytes_read},
          {"threads_left_out", process.left_out},
          {"read_ms", static_cast<double>(process.read_ns) / 1e6},
          {"interpreters", std::move(interpreters)},
          {"gaps", std::move(gaps)},
          {"threads", std::move(threads)}};
}

}  // namespace
}  // namespace detail

std::string stack_json(const StackView& view) {
  using detail::Json;
  Json processes = Json::array();
  std::uint64_t bytes = 0;
  std::int64_t longest_pause_ns = 0;
  for (const auto& process : view.processes) {
    processes.push_back(detail::process_json(process));
    bytes += process.bytes_read;
    if (process.stop) longest_pause_ns = std::max(longest_pause_ns, process.stop->pause_ns);
  }
  const Json json{{"schema", detail::json_schema},
                  {"tool", detail::tool_and_version()},
                  {"consistency", view.consistency},
                  {"processes", std::move(processes)},
                  {"cost",
                   {{"bytes_read", bytes},
                    {"own_cpu_ms", static_cast<double>(view.own_cpu_ns) / 1e6},
                    {"longest_pause_ms", static_cast<double>(longest_pause_ns) / 1e6}}}};
  return detail::json_lines(json);
}

}  // namespace tidemark::present
