#include "detail/kernel_calls.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>

#include "tidemark/base/clock.hpp"
#include "tidemark/base/fd.hpp"

namespace tidemark::control::detail {
namespace {

constexpr int kernel_erestartnohand = 514;           // include/linux/errno.h; not for user space otherwise
constexpr std::uint64_t code_segment_64_bit = 0x33;  // __USER_CS, arch/x86/include/asm/segment.h
constexpr int event_shift = 8;                       // ptrace(2): status >> 16, without wait's own 8 bits

long trace(__ptrace_request request, base::Tid tid, std::uint64_t address, std::uint64_t data) {
  return ::ptrace(request, tid, reinterpret_cast<void*>(address), reinterpret_cast<void*>(data));
}

bool is_end(const siginfo_t& said) {
  return said.si_code == CLD_EXITED || said.si_code == CLD_KILLED || said.si_code == CLD_DUMPED;
}

/// A file of TID under the directory task/; 0 bytes when it is not there.
std::size_t read_of_thread(int task_directory, base::Tid tid, const char* name, std::span<char> into) {
  char path[32] = {};
  const std::size_t length = std::strlen(name) + 1;
  char* at = path + sizeof path - length;
  std::memcpy(at, name, length);
  for (base::Tid rest = tid; rest > 0; rest /= 10) *--at = static_cast<char>('0' + rest % 10);
  const base::Fd file(::openat(task_directory, at, O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return 0;
  const ssize_t got = ::read(file.get(), into.data(), into.size());
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * base::ns_per_second + now.tv_nsec;
}

int seize(base::Tid tid) { return trace(PTRACE_SEIZE, tid, 0, 0) == 0 ? 0 : errno; }
bool interrupt(base::Tid tid) { return trace(PTRACE_INTERRUPT, tid, 0, 0) == 0; }
void pass_on(base::Tid tid, int signal) { trace(PTRACE_CONT, tid, 0, static_cast<std::uint64_t>(signal)); }
bool detach(base::Tid tid) { return trace(PTRACE_DETACH, tid, 0, 0) == 0; }

StoppedCall stopped_call(base::Tid tid) {
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0) return {};
  const auto number = static_cast<std::int64_t>(registers.orig_rax);
  const bool in_call = registers.cs == code_segment_64_bit && number >= 0 && number <= INT32_MAX;
  if (!in_call || static_cast<std::int64_t>(registers.rax) != -EINTR) return {};
  return {.returned_eintr = true, .number = static_cast<std::int32_t>(number), .fourth_argument = registers.r10};
}

bool is_endless_epoll_wait(const StoppedCall& call) {
  switch (call.number) {
    case SYS_epoll_wait:
    case SYS_epoll_pwait:  // fs/eventpoll.c, ep_timeout_to_timespec: any negative int
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(call.fourth_argument)) < 0;
    case SYS_epoll_pwait2:  // a null timespec
      return call.fourth_argument == 0;
    default:
      return false;
  }
}

bool restart_unless_handled(base::Tid tid) {
  constexpr std::size_t rax = offsetof(user, regs) + offsetof(user_regs_struct, rax);
  constexpr std::int64_t restart = -kernel_erestartnohand;
  return trace(PTRACE_POKEUSER, tid, rax, static_cast<std::uint64_t>(restart)) == 0;
}

Look look_at(base::Tid tid) {
  siginfo_t said{};
  int done = 0;
  do {
    done = ::waitid(P_PID, static_cast<id_t>(tid), &said, WSTOPPED | WEXITED | WNOWAIT | WNOHANG | __WALL);
  } while (done != 0 && errno == EINTR);
  // ECHILD: another thread of it called execve and took the leader's number (ptrace(2), "execve(2) under ptrace").
  if (done != 0) return {.kind = Look::Kind::ended};
  if (said.si_pid == 0) return {};
  if (is_end(said)) return {.kind = Look::Kind::ended};
  const int event = said.si_status >> event_shift;
  constexpr int signal_bits = (1 << event_shift) - 1;
  if (event == PTRACE_EVENT_STOP) return {.kind = Look::Kind::event_stop, .signal = said.si_status & signal_bits};
  constexpr int call_stop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
  if (event == 0 && said.si_status == call_stop) return {.kind = Look::Kind::call_stop};
  if (event == 0) return {.kind = Look::Kind::signal_stop, .signal = said.si_status};
  return {.kind = Look::Kind::unknown};
}

void reap_ended(base::Tid tid) {
  siginfo_t said{};
  ::waitid(P_PID, static_cast<id_t>(tid), &said, WEXITED | WNOHANG | __WALL);
}

bool has_been_reaped(base::Tid tid) {
  siginfo_t said{};
  if (::waitid(P_PID, static_cast<id_t>(tid), &said, WEXITED | __WALL) != 0) return errno != EINTR;
  return is_end(said);
}

std::uint64_t reap_all_ended() {
  std::uint64_t reaped = 0;
  while (true) {
    siginfo_t said{};
    // A tracee's stops are reported whether WSTOPPED is asked for or not (kernel/exit.c, wait_task_stopped).
    if (::waitid(P_ALL, 0, &said, WEXITED | WNOHANG | __WALL) != 0 || said.si_pid == 0) return reaped;
    if (is_end(said)) ++reaped;
  }
}

Look await(base::Tid tid, int task_directory, int child_signals, std::int64_t until_ns) {
  constexpr std::int64_t look_again_ns = 2 * base::ns_per_ms;
  while (true) {
    drain(child_signals);  // before looking: what comes after the look wakes us
    if (const Look look = look_at(tid); look.kind != Look::Kind::nothing) return look;
    const std::int64_t now = now_ns();
    if (now >= until_ns) return {};
    if (wait_readable(child_signals, -1, std::min(until_ns, now + look_again_ns)).first || task_directory < 0) continue;
    const char state = state_of(task_directory, tid);
    if (state == 'Z' || state == 'X') return {.kind = Look::Kind::ended};
  }
}

char state_of(int task_directory, base::Tid tid) {
  char text[1024];
  const std::size_t got = read_of_thread(task_directory, tid, "/stat", text);
  if (got == 0) return 'X';
  const void* const name_end = ::memrchr(text, ')', got);
  if (name_end == nullptr) return '?';
  const char* const letter = static_cast<const char*>(name_end) + 2;
  return letter < text + got ? *letter : '?';
}

StatusText::StatusText(int task_directory, base::Tid tid)
    : size_(read_of_thread(task_directory, tid, "/status", text_)) {}

std::uint64_t StatusText::number(const char* name, unsigned base) const {
  const std::size_t length = std::strlen(name);
  const char* const end = text_ + size_;
  for (const char* line = text_; line != nullptr && line < end;) {
    if (static_cast<std::size_t>(end - line) > length && std::memcmp(line, name, length) == 0 && line[length] == ':') {
      std::uint64_t number = 0;
      const char* at = line + length + 1;
      while (at < end && (*at == ' ' || *at == '\t')) ++at;
      std::from_chars(at, end, number, static_cast<int>(base));
      return number;
    }
    line = static_cast<const char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line)));
    if (line != nullptr) ++line;
  }
  return 0;
}

bool has_signal_on_its_way(int task_directory, base::Tid tid) {
  constexpr unsigned hexadecimal = 16;
  const StatusText status(task_directory, tid);
  const auto set = [&](const char* name) { return status.number(name, hexadecimal); };
  return ((set("SigPnd") | set("ShdPnd")) & ~set("SigBlk") & set("SigCgt")) != 0;
}

NumberListing::NumberListing(int directory) : directory_(directory) { ::lseek(directory, 0, SEEK_SET); }

base::Tid NumberListing::next() {
  // struct linux_dirent64 of getdents64(2).
  constexpr std::int64_t length_offset = 16, name_offset = 19;
  while (true) {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = ::syscall(SYS_getdents64, directory_, buffer_, sizeof buffer_);
      if (end_ <= 0) return end_ == 0 ? 0 : -1;
    }
    unsigned short length = 0;
    std::memcpy(&length, buffer_ + begin_ + length_offset, sizeof length);
    const char* name = buffer_ + begin_ + name_offset;
    begin_ = std::min<std::int64_t>(begin_ + length, end_);
    base::Tid number = 0;
    for (; *name >= '0' && *name <= '9'; ++name) number = number * 10 + (*name - '0');
    if (number > 0) return number;
  }
}

Readable wait_readable(int first, int second, std::int64_t until_ns) {
  pollfd watched[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
  const std::int64_t left = std::max<std::int64_t>(0, until_ns - now_ns());
  const timespec timeout{static_cast<time_t>(left / base::ns_per_second),
                         static_cast<long>(left % base::ns_per_second)};
  if (::ppoll(watched, 2, &timeout, nullptr) <= 0) return {};
  return {.first = watched[0].revents != 0, .second = watched[1].revents != 0};
}

void drain(int signal_descriptor) {
  signalfd_siginfo heard[8];
  while (::read(signal_descriptor, heard, sizeof heard) > 0) {
  }
}

bool DeadMan::make() {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  return ::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer_) == 0;  // glibc's own may allocate
}

bool DeadMan::set(std::int64_t at_ns) const {
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(at_ns / base::ns_per_second);
  when.it_value.tv_nsec = static_cast<long>(at_ns % base::ns_per_second);
  return ::syscall(SYS_timer_settime, timer_, TIMER_ABSTIME, &when, nullptr) == 0;
}

void close_all_but(int first, int second) {
  const auto low = static_cast<unsigned>(std::min(first, second)),
             high = static_cast<unsigned>(std::max(first, second));
  const auto close_between = [](unsigned from, unsigned to) {
    if (from > to) return true;
    return ::syscall(SYS_close_range, from, to, 0U) == 0;
  };
  // Kernel 5.9. Before it the descriptors are O_CLOEXEC or the user's, and stay open for the length of the pause.
  if (low > 0) close_between(0, low - 1);
  close_between(low + 1, high - 1);
  close_between(high + 1, UINT_MAX);
}

}  // namespace tidemark::control::detail
