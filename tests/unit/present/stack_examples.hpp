// Stacks made by hand, as `tidemark stack` has them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tidemark/present/stack.hpp"

namespace tidemark::present::stack_examples {

struct Place {
  std::string function, file;
  std::int64_t line;
};

inline std::shared_ptr<const model::Frames> frames(const std::vector<Place>& places) {
  auto made = std::make_shared<model::Frames>();
  for (const auto& place : places) {
    auto code = std::make_shared<model::CodeInfo>(model::CodeInfo{.function = place.function, .file = place.file});
    made->push_back({.code = std::move(code), .line = place.line});
  }
  return made;
}

inline model::ThreadStack thread(base::Tid native_id, std::string name, std::shared_ptr<const model::Frames> stack) {
  model::ThreadStack made;
  made.native_id = native_id;
  made.thread_id = 140'000'000'000'000 + static_cast<std::uint64_t>(native_id);
  made.name = std::move(name);
  made.is_running = false;
  made.frames = std::move(stack);
  made.tries = 1;
  return made;
}

/// A web server's worker with a pool, seen while it runs.
inline StackView server() {
  const std::string app = "/srv/shop/current/lib/python3.11/site-packages/shop/views/orders.py";
  StackProcess process;
  process.pid = 4711;
  process.name = "gunicorn";
  process.version = "3.11.2";
  process.layout_origin = "builtin";
  process.module_path = "/usr/bin/python3.11";
  process.bytes_read = 57'344;
  process.read_ns = 412'000;
  model::StackReading reading;
  reading.interpreters = {{.id = 0, .gc_running = true}, {.id = 1, .gc_running = false}};
  auto main = thread(4711, "MainThread",
                     frames({{"Order.total", app, 218},
                             {"OrderView.get", app, 97},
                             {"Worker.handle_request", "/usr/lib/python3/dist-packages/gunicorn/workers/sync.py", 135},
                             {"<module>", "/usr/bin/gunicorn", 8}}));
  main.holds_gil = true;
  main.is_running = true;
  auto pool = thread(
      4713, "pool-1",
      frames({{"wait", "/usr/lib/python3.11/threading.py", 320}, {"Queue.get", "/usr/lib/python3.11/queue.py", 171}}));
  auto moving = thread(4714, "ticker", nullptr);
  moving.failure = model::Reason::torn;
  moving.tries = 5;
  moving.is_running = true;
  auto sub = thread(4715, "", frames({{"<module>", "<string>", 1}}));
  sub.name.reset();
  sub.interpreter_id = 1;
  sub.is_running.reset();
  reading.threads = {main, pool, moving, sub};
  process.reading = std::move(reading);
  process.source = {{{app, 218}, "        return sum(line.price * line.count for line in self.lines)\n"},
                    {{app, 97}, "    return self.render(order.total())  # all of it, with its lines and taxes\n"}};
  StackView view;
  view.processes.push_back(std::move(process));
  view.own_cpu_ns = 8'100'000;
  return view;
}

/// Stopped, in a container, with a child that is no Python.
inline StackView stopped() {
  StackView view;
  view.consistency = "stopped";
  view.own_cpu_ns = 12'340'000;
  StackProcess process;
  process.pid = 9001;
  process.inner_pid = 1;
  process.name = "worker.py";
  process.version = "3.13.5";
  process.layout_origin = "debug_offsets";
  process.module_path = "/usr/lib/x86_64-linux-gnu/libpython3.13.so.1.0";
  process.stop = StopCost{.pause_ns = 1'234'567,
                          .threads = 3,
                          .interrupted_calls = {{"recvfrom", 1}, {"semtimedop", 2}},
                          .restarted_calls = 1};
  process.left_out = 2;
  process.bytes_read = 4'096;
  model::StackReading reading;
  reading.interpreters = {{.id = 0, .gc_running = {}}};
  auto main = thread(1, "MainThread", frames({{"main", "/app/worker.py", 12}}));
  main.outer_id = 9001;
  main.is_running = true;
  auto bare = thread(7, "native", frames({}));
  bare.outer_id = 9007;
  reading.threads = {main, bare};
  process.reading = std::move(reading);
  view.processes.push_back(std::move(process));
  StackProcess child;
  child.pid = 9010;
  child.parent = 9001;
  child.name = "sh";
  child.failure = model::Reason::not_python;
  child.failure_text = "no stacks of pid 9010 (not_python): look for the runtime: no mapped file holds one";
  view.processes.push_back(std::move(child));
  return view;
}

/// Deep recursion, and names that try to drive the terminal or to break a format.
inline StackView hostile() {
  StackView view;
  StackProcess process;
  process.pid = 66;
  process.name = "\x1b[2Jevil;\n\xff name 7";
  process.version = "3.8.20";
  process.layout_origin = "builtin, untested micro";
  model::StackReading reading;
  std::vector<Place> deep;
  for (std::int64_t at = 0; at < 100; ++at) {
    deep.push_back({"down_" + std::to_string(at), "/" + std::string(90, 'x') + "/y.py", at + 1});
  }
  auto first = thread(66, "a;b\nc\x1b[31m", frames(deep));
  first.failure = model::Reason::limit;
  const std::string wide =
      "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字";
  auto second =
      thread(0, std::string(200, 'n'),
             frames({{wide, wide + ".py", 3}, {std::string(200, 'f'), "", 1}, {"", "/a;b/\x07 c.py", 2'000'000'000}}));
  auto unknown = std::make_shared<model::Frames>(*second.frames);
  unknown->push_back({.code = nullptr, .line = {}});
  second.frames = unknown;
  reading.gaps = {{model::Source::python, model::Reason::torn}};
  reading.threads = {first, second};
  process.reading = std::move(reading);
  process.source = {{{wide + ".py", 3}, "\tpass\x1b]0;title\x07" + std::string(300, 'z') + "\r\n"}};
  view.processes.push_back(std::move(process));
  return view;
}

}  // namespace tidemark::present::stack_examples
