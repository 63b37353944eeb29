// Purpose: what the kernel alone takes for the /proc part of a row: the reads that `tidemark record` makes of a
// process, from kept descriptors, with nothing parsed, kept or written. It is the floor under tidemark's own CPU per
// row.
//
//   tidemark_kernel_reads --interval-us N --ticks N [--tick-file FILE]... PID...
//
// Each tick reads every FILE once and every PID once, then sleeps to the next point of an absolute schedule (interval
// 0: does not sleep). Prints {"rows":…,"cpu_ns":…}: the CPU time of this process from before the first tick to after
// the last one, sleeping and waking included. A failed read ends the program: a floor of fewer reads would be none.
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/fd.hpp"

namespace {

using tidemark::base::Fd;

constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::size_t buffer_bytes = 16 * 1024;  // memory.stat is the longest text

struct Options {
  std::int64_t interval_us = 0;
  std::int64_t ticks = 0;
  std::vector<std::string> tick_files;
  std::vector<pid_t> pids;
};

[[noreturn]] void fail(const std::string& doing) { throw std::runtime_error(doing + ": " + std::strerror(errno)); }

template <class Number>
Number number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument("no number: " + std::string(text));
  return value;
}

Options parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&]() -> const std::string& { return words.at(++i); };
    if (words[i] == "--interval-us") {
      options.interval_us = number<std::int64_t>(value());
    } else if (words[i] == "--ticks") {
      options.ticks = number<std::int64_t>(value());
    } else if (words[i] == "--tick-file") {
      options.tick_files.push_back(value());
    } else {
      options.pids.push_back(number<pid_t>(words[i]));
    }
  }
  if (options.pids.empty() || options.ticks <= 0) throw std::invalid_argument("needs --ticks N and a PID");
  return options;
}

Fd open_kept(const std::string& path, int flags) {
  Fd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.is_open()) fail("open " + path);
  return file;
}

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) fail("read a clock");
  return std::int64_t{now.tv_sec} * ns_per_second + now.tv_nsec;
}

void read_text(const Fd& file, std::array<char, buffer_bytes>& buffer) {
  if (::pread(file.get(), buffer.data(), buffer.size(), 0) < 0) fail("read a kept file");
}

void read_attributes(const Fd& file) {
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) fail("stat a kept directory");
}

/// The descriptors that a row needs: the same that tidemark keeps for a process with one thread.
class KeptProcess {
 public:
  explicit KeptProcess(pid_t pid) : pid_(pid) {
    const std::string directory = "/proc/" + std::to_string(pid) + "/";
    for (const char* name : {"stat", "status", "io"}) texts_.push_back(open_kept(directory + name, O_RDONLY));
    texts_.push_back(open_kept(directory + "task/" + std::to_string(pid) + "/children", O_RDONLY));
    fds_ = open_kept(directory + "fd", O_RDONLY | O_DIRECTORY);
    threads_ = open_kept(directory + "task", O_RDONLY | O_DIRECTORY);
  }

  void read(std::array<char, buffer_bytes>& buffer) const {
    for (const Fd& text : texts_) read_text(text, buffer);
    read_attributes(fds_);      // st_size: open descriptors
    read_attributes(threads_);  // st_nlink: threads, so that one list of children is all of them
    clockid_t clock{};
    errno = ::clock_getcpuclockid(pid_, &clock);
    if (errno != 0) fail("find the CPU clock of a process");
    static_cast<void>(clock_ns(clock));
  }

 private:
  pid_t pid_;
  std::vector<Fd> texts_;
  Fd fds_;
  Fd threads_;
};

void sleep_until(std::int64_t monotonic_ns) {
  const timespec when{.tv_sec = monotonic_ns / ns_per_second, .tv_nsec = monotonic_ns % ns_per_second};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr) == EINTR) {
  }
}

void run(const Options& options) {
  std::vector<Fd> tick_files;
  for (const auto& path : options.tick_files) tick_files.push_back(open_kept(path, O_RDONLY));
  std::vector<KeptProcess> processes;
  for (const pid_t pid : options.pids) processes.emplace_back(pid);
  std::array<char, buffer_bytes> buffer{};
  const auto tick = [&] {
    for (const Fd& file : tick_files) read_text(file, buffer);
    for (const KeptProcess& process : processes) process.read(buffer);
  };
  tick();  // the first reading of a file allocates in the kernel
  const std::int64_t cpu_before_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  const std::int64_t started_ns = clock_ns(CLOCK_MONOTONIC);
  for (std::int64_t k = 1; k <= options.ticks; ++k) {
    if (options.interval_us > 0) sleep_until(started_ns + k * options.interval_us * 1000);
    tick();
  }
  const std::int64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_before_ns;
  const std::int64_t rows = options.ticks * static_cast<std::int64_t>(processes.size());
  std::printf("{\"rows\": %lld, \"cpu_ns\": %lld}\n", static_cast<long long>(rows), static_cast<long long>(cpu_ns));
}

}  // namespace

int main(int count, char** words) {
  try {
    run(parse({words + 1, words + count}));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tidemark_kernel_reads: %s\n", error.what());
    return 1;
  }
}
