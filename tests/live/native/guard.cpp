// guard COMMAND…: runs COMMAND so that it dies the moment it tries to stop or change another process.
//
// A seccomp filter kills it (SIGSYS) on every system call that stops, signals or writes another process. A filter
// cannot read a path, so each open is put before this process first, which reads the path from the command's memory,
// finds the file as the kernel would, and kills the command (SIGKILL) when it opens for writing anything of /proc or of
// a cgroup file system; writing its own oom_score_adj is allowed. (A second thread could change the path after we read
// it: this is a test's guard for a program that does not try to hide, not a sandbox.)
//
// Exit status: the command's own, 128 + n when signal n killed it. A refused open, and at the end the number of opens
// that were looked at, are said on stderr.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "guarded_open.hpp"

namespace {

constexpr int not_run_status = 127;
constexpr int guard_failed_status = 125;
constexpr int signal_status = 128;
constexpr std::uint32_t x32_bit = 0x40000000;  // x32 system calls share the architecture value with x86-64's

constexpr std::array deadly_calls{
    // stops or signals
    SYS_ptrace, SYS_kill, SYS_tkill, SYS_tgkill, SYS_pidfd_send_signal, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
    // writes or moves another's memory
    SYS_process_vm_writev, SYS_process_madvise, SYS_process_mrelease, SYS_move_pages, SYS_migrate_pages,
    // opens files past this guard
    SYS_open_by_handle_at, SYS_io_uring_setup};
constexpr std::array watched_calls{SYS_open, SYS_openat, SYS_openat2, SYS_creat};

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "guard: %s: %s\n", what, std::strerror(errno));
  std::exit(guard_failed_status);
}

// ---- The filter -----------------------------------------------------------------------------------------------------

sock_filter load(std::size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

sock_filter answer(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

/// Skips the next instruction unless the loaded value compares true.
sock_filter when(std::uint16_t comparison, std::uint32_t value) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), value, 0, 1);
}

std::vector<sock_filter> make_filter() {
  std::vector<sock_filter> filter{
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS),
      load(offsetof(seccomp_data, nr)),
      when(BPF_JGE, x32_bit),
      answer(SECCOMP_RET_KILL_PROCESS),
  };
  for (const long call : deadly_calls) {
    filter.push_back(when(BPF_JEQ, static_cast<std::uint32_t>(call)));
    filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  }
  for (const long call : watched_calls) {
    filter.push_back(when(BPF_JEQ, static_cast<std::uint32_t>(call)));
    filter.push_back(answer(SECCOMP_RET_USER_NOTIF));
  }
  filter.push_back(answer(SECCOMP_RET_ALLOW));
  return filter;
}

/// The descriptor on which the kernel asks about opens.
int install_filter() {
  auto filter = make_filter();
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up("no_new_privs");
  const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0) give_up("install the filter");
  return static_cast<int>(listener);
}

// ---- The listener travels from the command to the guard -------------------------------------------------------------

union ControlBuffer {
  cmsghdr alignment;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

msghdr make_message(iovec& data, ControlBuffer& control) {
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  return message;
}

void send_descriptor(int socket, int descriptor) {
  char byte = 0;
  iovec data{&byte, 1};
  ControlBuffer control{};
  msghdr message = make_message(data, control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  if (::sendmsg(socket, &message, 0) != 1) give_up("hand over the listener");
}

int receive_descriptor(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  ControlBuffer control{};
  msghdr message = make_message(data, control);
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == nullptr) {
    give_up("receive the listener");
  }
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
  return descriptor;
}

// ---- The guard ------------------------------------------------------------------------------------------------------

/// Answers one question of the kernel's. Returns what was refused.
std::optional<std::string> judge(int listener) {
  seccomp_notif asked{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
    return std::nullopt;  // the command was killed meanwhile
  const auto pid = static_cast<pid_t>(asked.pid);
  const guard::Open open = guard::decode(asked);
  if (guard::writes(open) && guard::changes_a_process(pid, open)) {
    ::kill(pid, SIGKILL);
    return open.path;
  }
  seccomp_notif_resp go_on{};
  go_on.id = asked.id;
  go_on.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go_on);
  return std::nullopt;
}

/// Reads one signal; the command's exit status when it was the one that says that it ended.
std::optional<int> hear_signal(int signals, pid_t command) {
  signalfd_siginfo signal{};
  if (::read(signals, &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) return std::nullopt;
  if (signal.ssi_signo != SIGCHLD) {
    ::kill(command, static_cast<int>(signal.ssi_signo));
    return std::nullopt;
  }
  int status = 0;
  if (::waitpid(command, &status, WNOHANG) != command) return std::nullopt;
  return WIFSIGNALED(status) ? signal_status + WTERMSIG(status) : WEXITSTATUS(status);
}

int supervise(int listener, int signals, pid_t command) {
  std::uint64_t opens = 0;
  std::array watched{pollfd{listener, POLLIN, 0}, pollfd{signals, POLLIN, 0}};
  while (true) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) give_up("poll");
    if ((watched[0].revents & POLLIN) != 0) {
      ++opens;
      if (const auto refused = judge(listener)) std::fprintf(stderr, "guard: refused %s\n", refused->c_str());
    }
    if ((watched[0].revents & POLLHUP) != 0) watched[0].fd = -1;  // the command has gone; its status follows
    if (watched[1].revents == 0) continue;
    if (const auto status = hear_signal(signals, command)) {
      std::fprintf(stderr, "guard: looked at %llu opens\n", static_cast<unsigned long long>(opens));
      return *status;
    }
  }
}

[[noreturn]] void become(char** command, int socket, const sigset_t& mask) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  send_descriptor(socket, install_filter());
  ::execvp(command[0], command);
  ::_exit(not_run_status);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: guard COMMAND…\n", stderr);
    return guard_failed_status;
  }
  sigset_t heard, original;
  ::sigemptyset(&heard);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD}) ::sigaddset(&heard, signal);
  ::sigprocmask(SIG_BLOCK, &heard, &original);
  const int signals = ::signalfd(-1, &heard, SFD_CLOEXEC);
  std::array<int, 2> sockets{};
  if (signals < 0 || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) give_up("set up");
  const pid_t command = ::fork();
  if (command < 0) give_up("fork");
  if (command == 0) become(argv + 1, sockets[1], original);
  ::close(sockets[1]);
  return supervise(receive_descriptor(sockets[0]), signals, command);
}
