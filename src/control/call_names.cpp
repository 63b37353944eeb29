#include "detail/call_names.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tidemark::control::detail {
namespace {

/// In the order of the numbers.
constexpr auto names = std::to_array<std::pair<std::int64_t, const char*>>({
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_open, "open"},
    {SYS_close, "close"},
    {SYS_stat, "stat"},
    {SYS_fstat, "fstat"},
    {SYS_lstat, "lstat"},
    {SYS_poll, "poll"},
    {SYS_mmap, "mmap"},
    {SYS_mprotect, "mprotect"},
    {SYS_munmap, "munmap"},
    {SYS_brk, "brk"},
    {SYS_rt_sigreturn, "rt_sigreturn"},
    {SYS_ioctl, "ioctl"},
    {SYS_pread64, "pread64"},
    {SYS_pwrite64, "pwrite64"},
    {SYS_readv, "readv"},
    {SYS_writev, "writev"},
    {SYS_access, "access"},
    {SYS_select, "select"},
    {SYS_mremap, "mremap"},
    {SYS_msync, "msync"},
    {SYS_madvise, "madvise"},
    {SYS_pause, "pause"},
    {SYS_nanosleep, "nanosleep"},
    {SYS_sendfile, "sendfile"},
    {SYS_connect, "connect"},
    {SYS_accept, "accept"},
    {SYS_sendto, "sendto"},
    {SYS_recvfrom, "recvfrom"},
    {SYS_sendmsg, "sendmsg"},
    {SYS_recvmsg, "recvmsg"},
    {SYS_clone, "clone"},
    {SYS_fork, "fork"},
    {SYS_vfork, "vfork"},
    {SYS_execve, "execve"},
    {SYS_exit, "exit"},
    {SYS_wait4, "wait4"},
    {SYS_semop, "semop"},
    {SYS_msgsnd, "msgsnd"},
    {SYS_msgrcv, "msgrcv"},
    {SYS_fcntl, "fcntl"},
    {SYS_flock, "flock"},
    {SYS_fsync, "fsync"},
    {SYS_fdatasync, "fdatasync"},
    {SYS_truncate, "truncate"},
    {SYS_ftruncate, "ftruncate"},
    {SYS_getdents, "getdents"},
    {SYS_rename, "rename"},
    {SYS_mkdir, "mkdir"},
    {SYS_rmdir, "rmdir"},
    {SYS_creat, "creat"},
    {SYS_link, "link"},
    {SYS_unlink, "unlink"},
    {SYS_symlink, "symlink"},
    {SYS_chmod, "chmod"},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait"},
    {SYS_rt_sigsuspend, "rt_sigsuspend"},
    {SYS_sync, "sync"},
    {SYS_mount, "mount"},
    {SYS_umount2, "umount2"},
    {SYS_futex, "futex"},
    {SYS_io_getevents, "io_getevents"},
    {SYS_getdents64, "getdents64"},
    {SYS_semtimedop, "semtimedop"},
    {SYS_clock_nanosleep, "clock_nanosleep"},
    {SYS_exit_group, "exit_group"},
    {SYS_epoll_wait, "epoll_wait"},
    {SYS_mq_timedsend, "mq_timedsend"},
    {SYS_mq_timedreceive, "mq_timedreceive"},
    {SYS_waitid, "waitid"},
    {SYS_openat, "openat"},
    {SYS_newfstatat, "newfstatat"},
    {SYS_unlinkat, "unlinkat"},
    {SYS_renameat, "renameat"},
    {SYS_pselect6, "pselect6"},
    {SYS_ppoll, "ppoll"},
    {SYS_splice, "splice"},
    {SYS_sync_file_range, "sync_file_range"},
    {SYS_vmsplice, "vmsplice"},
    {SYS_utimensat, "utimensat"},
    {SYS_epoll_pwait, "epoll_pwait"},
    {SYS_fallocate, "fallocate"},
    {SYS_accept4, "accept4"},
    {SYS_preadv, "preadv"},
    {SYS_pwritev, "pwritev"},
    {SYS_recvmmsg, "recvmmsg"},
    {SYS_syncfs, "syncfs"},
    {SYS_sendmmsg, "sendmmsg"},
    {SYS_process_vm_readv, "process_vm_readv"},
    {SYS_process_vm_writev, "process_vm_writev"},
    {SYS_renameat2, "renameat2"},
    {SYS_getrandom, "getrandom"},
    {SYS_preadv2, "preadv2"},
    {SYS_pwritev2, "pwritev2"},
    {SYS_statx, "statx"},
    {SYS_io_pgetevents, "io_pgetevents"},
    {SYS_io_uring_enter, "io_uring_enter"},
    {SYS_clone3, "clone3"},
    {SYS_openat2, "openat2"},
    {SYS_epoll_pwait2, "epoll_pwait2"},
});
static_assert(std::ranges::is_sorted(names, {}, &std::pair<std::int64_t, const char*>::first));

}  // namespace

std::string call_name(std::int64_t number) {
  const auto found = std::ranges::lower_bound(names, number, {}, &std::pair<std::int64_t, const char*>::first);
  if (found != names.end() && found->first == number) return found->second;
  return "syscall " + std::to_string(number);
}

std::vector<InterruptedCall> count_by_name(std::span<const CutCall> cut) {
  std::vector<InterruptedCall> out;
  for (const CutCall& call : cut) {
    const InterruptedCall one{.name = call_name(call.number), .count = 1};
    add_counts(out, std::span(&one, 1));
  }
  return out;
}

void add_counts(std::vector<InterruptedCall>& counts, std::span<const InterruptedCall> more) {
  for (const InterruptedCall& call : more) {
    const auto at = std::ranges::lower_bound(counts, call.name, {}, &InterruptedCall::name);
    if (at != counts.end() && at->name == call.name) {
      at->count += call.count;
    } else {
      counts.insert(at, call);
    }
  }
}

}  // namespace tidemark::control::detail
