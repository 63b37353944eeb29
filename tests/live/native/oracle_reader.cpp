// Reads the stack of a program whose legal stacks are known, many times, and counts what it was told:
//
//   tidemark_oracle_reader PID TRUTH racing|stopped|naive READINGS
//
// TRUTH is a file with the program's ready line. `racing` is the StackReader on the running target, `stopped` the same
// while the target stands still, `naive` one that follows frames one by one. Prints one JSON object: readings,
// accepted, lost, wrong, tries (how many were accepted after 1, 2, … tries), us_per_reading, why_lost and wrong_stacks
// (each with how often).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "legal_stacks.hpp"
#include "naive_reader.hpp"
#include "opened_target.hpp"
#include "tidemark/control/stopped_target.hpp"
#include "tidemark/cpython/stack_reader.hpp"

namespace {

using namespace tidemark;

constexpr std::size_t max_examples = 20;

/// The stack of one reading; null when it was lost.
struct Reading {
  std::shared_ptr<const model::Frames> frames;
  int tries = 1;
  std::string why_lost = {};
};

struct Target : test::OpenedTarget {
  explicit Target(base::Pid pid) : OpenedTarget(pid), native_id(test::must(proc::inner_pid(files))) {}

  base::Tid native_id;  ///< of the main thread
};

Reading read_main_thread(cpython::StackReader& reader, base::Tid native_id) {
  const auto stacks = reader.read();
  for (const auto& thread : stacks.threads) {
    if (thread.native_id != native_id) continue;
    if (!thread.failure) return {.frames = thread.frames, .tries = thread.tries};
    return {.frames = nullptr, .why_lost = std::string(model::text_of(*thread.failure))};
  }
  return {.frames = nullptr, .why_lost = "no such thread"};
}

std::function<Reading()> racing(Target& target) {
  auto reader =
      std::make_shared<cpython::StackReader>(*target.memory, target.interpreter->layout(), target.interpreter->place());
  return [reader, &target] { return read_main_thread(*reader, target.native_id); };
}

/// A stop that the target, or a cap, ended too early counts as lost.
std::function<Reading()> stopped(Target& target) {
  auto reader =
      std::make_shared<cpython::StackReader>(*target.memory, target.interpreter->layout(), target.interpreter->place());
  return [reader, &target]() -> Reading {
    auto stop = control::StoppedTarget::stop(target.root, target.files.pid());
    if (!stop) return {.frames = nullptr, .why_lost = base::describe(stop.error())};
    const Reading reading = read_main_thread(*reader, target.native_id);
    const auto report = stop->resume();
    if (report && !report->reading_is_void()) return reading;
    return {.frames = nullptr, .why_lost = report ? "released before" : base::describe(report.error())};
  };
}

std::function<Reading()> naive(Target& target) {
  auto reader =
      std::make_shared<oracle::NaiveReader>(*target.memory, target.interpreter->layout(), target.interpreter->place());
  return [reader, &target]() -> Reading {
    auto frames = reader->read(target.native_id);
    if (!frames) return {.frames = nullptr, .why_lost = "cannot be followed"};
    return {.frames = std::make_shared<const model::Frames>(std::move(*frames))};
  };
}

std::function<Reading()> reader_of(const std::string& mode, Target& target) {
  if (mode == "racing") return racing(target);
  if (mode == "stopped") return stopped(target);
  if (mode == "naive") return naive(target);
  throw std::runtime_error("no such mode: " + mode);
}

nlohmann::json count(const std::function<Reading()>& read, const oracle::LegalStacks& legal, int readings) {
  using Clock = std::chrono::steady_clock;
  int accepted = 0, lost = 0, wrong = 0;
  std::map<std::string, int> tries, why_lost, wrong_stacks;
  Clock::duration reading_took{};
  for (int i = 0; i < readings; ++i) {
    const auto begin = Clock::now();
    const Reading reading = read();
    reading_took += Clock::now() - begin;
    if (reading.frames == nullptr) {
      ++lost;
      ++why_lost[reading.why_lost];
      continue;
    }
    ++accepted;
    ++tries[std::to_string(reading.tries)];
    if (legal.has(*reading.frames)) continue;
    ++wrong;
    const std::string text = oracle::text_of(*reading.frames);
    if (wrong_stacks.size() < max_examples || wrong_stacks.contains(text)) ++wrong_stacks[text];
  }
  const double us = std::chrono::duration<double, std::micro>(reading_took).count() / readings;
  return {{"readings", readings}, {"accepted", accepted}, {"lost", lost},         {"wrong", wrong},
          {"tries", tries},       {"us_per_reading", us}, {"why_lost", why_lost}, {"wrong_stacks", wrong_stacks}};
}

}  // namespace

int main(int words_count, char** words) {
  if (words_count != 5) {
    std::fprintf(stderr, "usage: %s PID TRUTH racing|stopped|naive READINGS\n", words[0]);
    return 2;
  }
  try {
    Target target(std::atoi(words[1]));
    const oracle::LegalStacks legal(words[2]);
    std::cout << count(reader_of(words[3], target), legal, std::atoi(words[4])).dump() << std::endl;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", words[0], error.what());
    return 1;
  }
  return 0;
}
