// Reads all Python stacks of a process at an interval and writes one collapsed line for each thread and tick, as a
// sampling profiler does: what `record --stacks` costs without the columns of /proc.
//
//   tidemark_stack_ticks PID INTERVAL_US TICKS FILE
//
// Prints {"stacks":…,"lost":…}: the stacks written, and those that could not be read. Own CPU is metered from outside.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <unordered_map>

#include "../live/native/opened_target.hpp"

namespace {

using namespace tidemark;

constexpr std::int64_t ns_per_us = 1000;
constexpr std::int64_t ns_per_s = 1'000'000'000;

/// Collapsed stacks by their frames: an unchanged stack is the same object and is not made text again.
class CollapsedWriter {
 public:
  explicit CollapsedWriter(const std::string& path) : out_(path) {}

  void write(const model::ThreadStack& thread) {
    Kept& kept = kept_[thread.native_id];
    if (kept.frames != thread.frames) kept = {.frames = thread.frames, .text = text_of(thread)};
    out_ << kept.text;
  }
  void flush() { out_.flush(); }

 private:
  struct Kept {
    std::shared_ptr<const model::Frames> frames;
    std::string text;
  };

  static std::string text_of(const model::ThreadStack& thread) {
    std::string text = "T" + std::to_string(thread.native_id);
    for (auto frame = thread.frames->rbegin(); frame != thread.frames->rend(); ++frame) {
      text += ";" + frame->code->file + ":" + frame->code->function + ":" + std::to_string(frame->line.value_or(0));
    }
    return text + " 1\n";
  }

  std::ofstream out_;
  std::unordered_map<base::Tid, Kept> kept_;
};

void sleep_until(std::int64_t due_ns) {
  const timespec due{.tv_sec = due_ns / ns_per_s, .tv_nsec = due_ns % ns_per_s};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) != 0) {
  }
}

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * ns_per_s + now.tv_nsec;
}

void run(base::Pid pid, std::int64_t interval_ns, int ticks, const std::string& path) {
  const test::OpenedTarget target(pid);
  CollapsedWriter writer(path);
  std::uint64_t stacks = 0, lost = 0;
  std::int64_t due = now_ns();
  for (int tick = 0; tick < ticks; ++tick, due += interval_ns) {
    sleep_until(due);
    for (const auto& thread : target.interpreter->read_stacks().threads) {
      if (thread.frames == nullptr) {
        ++lost;
        continue;
      }
      writer.write(thread);
      ++stacks;
    }
    writer.flush();
  }
  std::printf("{\"stacks\":%llu,\"lost\":%llu}\n", static_cast<unsigned long long>(stacks),
              static_cast<unsigned long long>(lost));
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) {
    std::fprintf(stderr, "usage: %s PID INTERVAL_US TICKS FILE\n", words[0]);
    return 2;
  }
  try {
    run(std::atoi(words[1]), std::atoll(words[2]) * ns_per_us, std::atoi(words[3]), words[4]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", words[0], error.what());
    return 1;
  }
  return 0;
}
