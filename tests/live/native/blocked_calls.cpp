// blocked_calls: a thread for each kind of blocking system call, made without libc's help. The program states what came
// of them: a call that is cut (EINTR), that times out too early, or that returns what it should not.
//
// Speaks as the programs of fixtures/ do: a JSON line when it is ready and for each line of stdin; ends with stdin.
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr long limit_ms = 300;
constexpr long ns_per_ms = 1'000'000, ns_per_s = 1'000'000'000;
constexpr std::size_t kernel_sigset_bytes = 8;

// Kernel-side values that are read by other threads' calls for the whole life of the program.
std::uint32_t futex_word = 0;
int semaphores = -1, messages = -1;
pid_t sleeping_child = -1;

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * ns_per_s + now.tv_nsec;
}

timespec limit() { return {limit_ms / 1000, limit_ms % 1000 * ns_per_ms}; }

timespec limit_from_now() {
  const std::int64_t end = now_ns() + limit_ms * ns_per_ms;
  return {end / ns_per_s, end % ns_per_s};
}

struct KernelMask {
  std::uint64_t bits = 0;
};

/// The sixth argument of pselect6.
struct MaskArgument {
  const KernelMask* mask;
  std::size_t bytes;
};

struct Pair {
  std::array<int, 2> ends{};

  static Pair pipe() {
    Pair pair;
    if (::pipe(pair.ends.data()) != 0) std::abort();
    return pair;
  }
  static Pair sockets() {
    Pair pair;
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.ends.data()) != 0) std::abort();
    return pair;
  }
};

/// What a call does to end by itself.
struct Ending {
  bool ever = false;
  long result = 0;
  int error = 0;  ///< with result -1
};
constexpr Ending never{};
constexpr Ending times_out{.ever = true, .result = 0};
constexpr Ending fails(int error) { return {.ever = true, .result = -1, .error = error}; }

struct Kind {
  std::string name;
  std::string call;  ///< by the kernel's name
  Ending ending;
  std::function<std::function<long()>()> make;  ///< run in the thread; what it returns is called again and again
  std::atomic<long> ended{0}, cut{0}, early{0}, wrong{0};

  Kind(std::string name_, std::string call_, Ending ending_, std::function<std::function<long()>()> make_)
      : name(std::move(name_)), call(std::move(call_)), ending(ending_), make(std::move(make_)) {}

  void judge(long result, int error, std::int64_t elapsed_ns) {
    if (result == -1 && error == EINTR) {
      ++cut;
    } else if (!ending.ever || result != ending.result || (result == -1 && error != ending.error)) {
      ++wrong;
    } else if (elapsed_ns < limit_ms * ns_per_ms) {
      ++early;
    } else {
      ++ended;
    }
  }

  [[noreturn]] void run() {
    const auto blocking_call = make();
    while (true) {
      const std::int64_t start = now_ns();
      const long result = blocking_call();
      const int error = errno;
      judge(result, error, now_ns() - start);
    }
  }
};

std::function<std::function<long()>()> plain(std::function<long()> call) {
  return [call] { return call; };
}

std::function<std::function<long()>()> epoll(std::function<long(int, epoll_event*)> call) {
  return [call] {
    const int queue = ::epoll_create1(0);
    return [call, queue] {
      epoll_event event{};
      return call(queue, &event);
    };
  };
}

std::function<std::function<long()>()> polled(std::function<long(pollfd*)> call) {
  return [call] {
    const Pair pipe = Pair::pipe();
    return [call, pipe] {
      pollfd watched{pipe.ends[0], POLLIN, 0};
      return call(&watched);
    };
  };
}

std::function<std::function<long()>()> read_from(std::function<int()> open) {
  return [open] {
    const int file = open();
    return [file] {
      alignas(8) char bytes[512];
      return ::syscall(SYS_read, file, bytes, sizeof bytes);
    };
  };
}

std::function<std::function<long()>()> receive(bool with_timeout) {
  return [with_timeout] {
    const Pair sockets = Pair::sockets();
    const timeval timeout{0, limit_ms * 1000};
    if (with_timeout) ::setsockopt(sockets.ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    return [sockets] {
      char byte = 0;
      return ::syscall(SYS_recvfrom, sockets.ends[0], &byte, 1, 0, nullptr, nullptr);
    };
  };
}

long select_call() {
  timeval timeout{0, limit_ms * 1000};
  return ::syscall(SYS_select, 0, nullptr, nullptr, nullptr, &timeout);
}

long pselect_call() {
  const KernelMask mask;
  const MaskArgument argument{&mask, kernel_sigset_bytes};
  timespec timeout = limit();
  return ::syscall(SYS_pselect6, 0, nullptr, nullptr, nullptr, &timeout, &argument);
}

long sigtimedwait_call() {
  const KernelMask usr2{std::uint64_t{1} << (SIGUSR2 - 1)};
  const timespec timeout = limit();
  return ::syscall(SYS_rt_sigtimedwait, &usr2, nullptr, &timeout, kernel_sigset_bytes);
}

long semaphore_call(bool with_timeout) {
  sembuf take{0, -1, 0};
  const timespec timeout = limit();
  if (with_timeout) return ::syscall(SYS_semtimedop, semaphores, &take, 1, &timeout);
  return ::syscall(SYS_semop, semaphores, &take, 1);
}

long msgrcv_call() {
  struct {
    long type;
    char bytes[8];
  } message{};
  return ::syscall(SYS_msgrcv, messages, &message, sizeof message.bytes, 0L, 0);
}

long spin_call() {
  const std::int64_t end = now_ns() + limit_ms * ns_per_ms;
  while (now_ns() < end) {
  }
  return 0;
}

std::function<std::function<long()>()> timer_read() {
  return [] {
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
    return [timer] {
      itimerspec once{};
      once.it_value = limit();
      ::timerfd_settime(timer, 0, &once, nullptr);
      std::uint64_t expirations = 0;
      return ::syscall(SYS_read, timer, &expirations, sizeof expirations);
    };
  };
}

std::function<std::function<long()>()> accept_from() {
  return [] {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    ::listen(listener, 1);
    return [listener] { return ::syscall(SYS_accept, listener, nullptr, nullptr); };
  };
}

long futex(int operation, const timespec* timeout) {
  return ::syscall(SYS_futex, &futex_word, operation, 0U, timeout, nullptr, FUTEX_BITSET_MATCH_ANY);
}

std::vector<Kind*> make_kinds() {
  static const KernelMask empty;
  return {
      new Kind("nanosleep", "nanosleep", times_out, plain([] {
                 const timespec timeout = limit();
                 return ::syscall(SYS_nanosleep, &timeout, nullptr);
               })),
      new Kind("clock_nanosleep absolute", "clock_nanosleep", times_out, plain([] {
                 const timespec end = limit_from_now();
                 return ::syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr);
               })),
      new Kind("epoll_wait", "epoll_wait", times_out, epoll([](int queue, epoll_event* event) {
                 return ::syscall(SYS_epoll_wait, queue, event, 1, static_cast<int>(limit_ms));
               })),
      new Kind("epoll_wait endless", "epoll_wait", never,
               epoll([](int queue, epoll_event* event) { return ::syscall(SYS_epoll_wait, queue, event, 1, -1); })),
      new Kind("epoll_pwait endless", "epoll_pwait", never, epoll([](int queue, epoll_event* event) {
                 return ::syscall(SYS_epoll_pwait, queue, event, 1, -1, &empty, kernel_sigset_bytes);
               })),
      new Kind("epoll_pwait2", "epoll_pwait2", times_out, epoll([](int queue, epoll_event* event) {
                 const timespec timeout = limit();
                 return ::syscall(SYS_epoll_pwait2, queue, event, 1, &timeout, nullptr, 0);
               })),
      new Kind("epoll_pwait2 endless", "epoll_pwait2", never, epoll([](int queue, epoll_event* event) {
                 return ::syscall(SYS_epoll_pwait2, queue, event, 1, nullptr, nullptr, 0);
               })),
      new Kind("poll", "poll", times_out,
               polled([](pollfd* watched) { return ::syscall(SYS_poll, watched, 1, static_cast<int>(limit_ms)); })),
      new Kind("poll endless", "poll", never,
               polled([](pollfd* watched) { return ::syscall(SYS_poll, watched, 1, -1); })),
      new Kind("ppoll endless with a mask", "ppoll", never, polled([](pollfd* watched) {
                 return ::syscall(SYS_ppoll, watched, 1, nullptr, &empty, kernel_sigset_bytes);
               })),
      new Kind("select", "select", times_out, plain(select_call)),
      new Kind("pselect with a mask", "pselect6", times_out, plain(pselect_call)),
      new Kind("read of a pipe", "read", never, read_from([] { return Pair::pipe().ends[0]; })),
      new Kind("read of an eventfd", "read", never, read_from([] { return ::eventfd(0, 0); })),
      new Kind("read of a timerfd", "read", {.ever = true, .result = 8}, timer_read()),
      new Kind("read of inotify", "read", never, read_from([] { return ::inotify_init(); })),
      new Kind("accept", "accept", never, accept_from()),
      new Kind("recv with SO_RCVTIMEO", "recvfrom", fails(EAGAIN), receive(true)),
      new Kind("recv", "recvfrom", never, receive(false)),
      new Kind("futex endless", "futex", never, plain([] { return futex(FUTEX_WAIT, nullptr); })),
      new Kind("futex", "futex", fails(ETIMEDOUT), plain([] {
                 const timespec timeout = limit();
                 return futex(FUTEX_WAIT, &timeout);
               })),
      new Kind("futex bitset absolute", "futex", fails(ETIMEDOUT), plain([] {
                 const timespec end = limit_from_now();
                 return futex(FUTEX_WAIT_BITSET, &end);
               })),
      new Kind("sigtimedwait", "rt_sigtimedwait", fails(EAGAIN), plain(sigtimedwait_call)),
      new Kind("sigsuspend", "rt_sigsuspend", never,
               plain([] { return ::syscall(SYS_rt_sigsuspend, &empty, kernel_sigset_bytes); })),
      new Kind("pause", "pause", never, plain([] { return ::syscall(SYS_pause); })),
      new Kind("semop", "semop", never, plain([] { return semaphore_call(false); })),
      new Kind("semtimedop", "semtimedop", fails(EAGAIN), plain([] { return semaphore_call(true); })),
      new Kind("msgrcv", "msgrcv", never, plain(msgrcv_call)),
      new Kind("wait4", "wait4", never,
               plain([] { return ::syscall(SYS_wait4, sleeping_child, nullptr, 0, nullptr); })),
      new Kind("no call", "", times_out, plain(spin_call)),
  };
}

void say(const std::vector<Kind*>& kinds, bool ready) {
  std::string line = ready ? R"({"ready": true, "pid": )" : R"({"pid": )";
  line += std::to_string(::getpid()) + R"(, "kinds": [)";
  for (const Kind* kind : kinds) {
    if (kind != kinds.front()) line += ", ";
    line += R"({"name": ")" + kind->name + R"(", "call": ")" + kind->call + R"(", "ends": )" +
            (kind->ending.ever ? "true" : "false");
    line += R"(, "ended": )" + std::to_string(kind->ended) + R"(, "cut": )" + std::to_string(kind->cut) +
            R"(, "early": )" + std::to_string(kind->early) + R"(, "wrong": )" + std::to_string(kind->wrong) + "}";
  }
  std::puts((line + "]}").c_str());
  std::fflush(stdout);
}

pid_t start_sleeping_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) ::pause();
  }
  return child;
}

}  // namespace

int main() {
  sigset_t usr2;
  ::sigemptyset(&usr2);
  ::sigaddset(&usr2, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &usr2, nullptr);
  sleeping_child = start_sleeping_child();
  semaphores = ::semget(IPC_PRIVATE, 1, 0600);
  messages = ::msgget(IPC_PRIVATE, 0600);
  if (sleeping_child < 0 || semaphores < 0 || messages < 0) return 1;
  const std::vector<Kind*> kinds = make_kinds();
  for (Kind* kind : kinds) std::thread([kind] { kind->run(); }).detach();
  say(kinds, true);
  char line[256];
  while (std::fgets(line, sizeof line, stdin) != nullptr) say(kinds, false);
  ::kill(sleeping_child, SIGKILL);
  ::semctl(semaphores, 0, IPC_RMID);
  ::msgctl(messages, IPC_RMID, nullptr);
  std::_Exit(0);
}
