// What the tests of recordings share: a directory that cleans itself up, ticks of every kind, and files as text.
#pragma once

#include <stdlib.h>  // NOLINT: mkdtemp is POSIX

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tidemark/base/clock.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/model/recording.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::record::test {

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "tidemark-record-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// 2026-11-21T05:53:00.123Z
inline constexpr std::int64_t some_wall_ns = 1'795'240'380'123'456'789;

inline model::RecordingHeader some_header() {
  model::RecordingHeader header;
  header.tool = "tidemark 0.1.0";
  header.host = "box";
  header.boot_id = "b0075d5e-0000-4000-8000-000000000001";
  header.kernel = "6.1.0";
  header.command_line = {"tidemark", "record", "--name", "a \"b\""};
  header.targets = {4951};
  header.started_wall_ns = some_wall_ns;
  header.interval_seconds = 0.25;
  return header;
}

inline std::shared_ptr<const model::ProcessInfo> process(base::Pid pid, std::string name) {
  auto info = std::make_shared<model::ProcessInfo>();
  info->identity = {.pid = pid, .start_ticks = 123456};
  info->name = std::move(name);
  info->command_line = "/usr/bin/python3 -m uvicorn app:app";
  info->started_wall_ns = some_wall_ns - 90 * base::ns_per_second;
  info->parent_at_first_sight = 1;
  return info;
}

/// A sample in which every value is there, each with a figure of its own.
inline model::ProcessSample full_sample() {
  constexpr model::Bytes mib = 1U << 20U;
  model::ProcessSample sample;
  sample.process = process(4951, "uvicorn");
  sample.proc = {.cpu_percent = 408.9,
                 .rss = 3590 * mib + mib / 5,
                 .memory_percent = 12.34567,
                 .ppid = 1,
                 .state = 'R',
                 .threads = 17,
                 .vms = 4000 * mib,
                 .vm_peak = 4001 * mib,
                 .hwm = 3591 * mib,
                 .data = 3000 * mib,
                 .anon = 3500 * mib,
                 .file = 90 * mib,
                 .shmem = 4096,
                 .swap = 0,
                 .pss = 3580 * mib,
                 .uss = 3570 * mib,
                 .minor_faults = 1'000'001,
                 .major_faults = 2,
                 .voluntary_switches = 31,
                 .involuntary_switches = 32,
                 .open_fds = 33,
                 .io_read = 34 * mib,
                 .io_write = 35 * mib};
  sample.cgroup = {.memory = 36 * mib, .working_set = 37 * mib, .limit = 38 * mib};
  model::GcReading gc;
  gc.enabled = true;
  gc.generations = {{{696, 101, 1000, 1}, {7, 102, 200, 2}, {3, 103, 30, 4}}};
  gc.garbage = 5;
  sample.python.threads = 6;
  sample.python.gil_holder = 4960;
  sample.python.gc = gc;
  auto code = std::make_shared<model::CodeInfo>();
  code->function = "Leak.run";
  code->file = "/srv/app/main.py";
  sample.python.frame = model::FrameLocation{.code = code, .line = 42};
  auto heap = std::make_shared<model::HeapLedger>();
  heap->rows = {{.owner = model::HeapOwner::kernel, .detail = "", .bytes = 8192, .count = 2}};
  heap->rss_bytes = heap->accounted_bytes = 8192;
  heap->pymalloc.arenas = 3;
  heap->pymalloc.arena_bytes = mib / 4;
  heap->malloc.arenas = {{.address = {}, .is_main = true, .system_bytes = 41 * mib, .top_bytes = 42 * mib}};
  sample.heap = std::move(heap);
  sample.cost_ns = 34'567;
  return sample;
}

/// A sample in which nothing could be read, of a process with an awkward name.
inline model::ProcessSample empty_sample() {
  model::ProcessSample sample;
  sample.process = process(5002, "a,\"b\"\n\xff\\\xc3\xa9");
  sample.gaps = {{model::Source::io, model::Reason::denied}, {model::Source::python, model::Reason::not_python}};
  return sample;
}

inline model::Tick some_tick() {
  model::Tick tick;
  tick.wall_ns = some_wall_ns;
  tick.elapsed_ns = 12'500'000'000;
  tick.phase = "load, then idle";
  tick.system_available = model::Bytes{1} << 33U;
  tick.samples.push_back(full_sample());
  tick.samples.push_back(empty_sample());
  return tick;
}

/// A tick with this number in all of its rows: its elapsed time in seconds is `number`, its rows' pids count from 1.
inline model::Tick numbered_tick(std::int64_t number, std::size_t rows) {
  model::Tick tick;
  tick.wall_ns = some_wall_ns + number * base::ns_per_second;
  tick.elapsed_ns = number * base::ns_per_second;
  for (std::size_t i = 0; i < rows; ++i) {
    auto sample = full_sample();
    sample.process = process(static_cast<base::Pid>(i + 1), "worker");
    tick.samples.push_back(std::move(sample));
  }
  return tick;
}

}  // namespace tidemark::record::test
