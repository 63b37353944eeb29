#!/usr/bin/python3
"""Does one thing to another process that tidemark must never do, so that the guard can show that it bites.

    forbidden_act.py ACT PID     exit status 0 and "survived" when nobody stopped it

ACT is one of ACTS, or of ALLOWED: things that look similar and that tidemark does. No act harms PID, even unguarded:
signals are number 0, writes are empty.
"""

import ctypes
import os
import sys
import tempfile

LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
CALLS = {"open": 2, "kill": 62, "creat": 85, "ptrace": 101, "rt_sigqueueinfo": 129, "tkill": 200, "tgkill": 234,
         "migrate_pages": 256, "move_pages": 279, "rt_tgsigqueueinfo": 297, "open_by_handle_at": 304,
         "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_send_signal": 424, "io_uring_setup": 425,
         "openat2": 437, "process_madvise": 440, "process_mrelease": 448}
PTRACE_SEIZE = 0x4206


def call(name, *arguments):
    """The system call itself: what it answers does not matter, only that it was made."""
    LIBC.syscall(CALLS[name], *[ctypes.c_long(word) if isinstance(word, int) else word for word in arguments])


def path_of(pid, name):
    return f"/proc/{pid}/{name}".encode()


def open_and_close(path, flags, **options):
    os.close(os.open(path, flags, **options))


def creat(pid, name):
    descriptor = LIBC.syscall(CALLS["creat"], path_of(pid, name), 0o600)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "creat")
    os.close(descriptor)


def old_open(pid, name):
    os.close(LIBC.syscall(CALLS["open"], path_of(pid, name), os.O_RDWR))


def new_open(pid, name):
    how = (ctypes.c_uint64 * 3)(os.O_WRONLY, 0, 0)
    os.close(LIBC.syscall(CALLS["openat2"], AT_FDCWD, path_of(pid, name), ctypes.byref(how), ctypes.sizeof(how)))


def open_in_directory(pid, name):
    open_and_close(name, os.O_WRONLY, dir_fd=os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY))


def open_through_link(pid, name):
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(path_of(pid, name).decode(), f"{directory}/innocent")
        open_and_close(f"{directory}/innocent", os.O_RDWR)


def open_from_working_directory(pid, name):
    os.chdir(f"/proc/{pid}")
    open_and_close(name, os.O_WRONLY)


def reopen(pid, name):
    reader = os.open(path_of(pid, name), os.O_RDONLY)
    open_and_close(f"/proc/self/fd/{reader}", os.O_RDWR)


def reopen_in_proc(pid, name):
    reader = os.open(path_of(pid, name), os.O_RDONLY)
    open_and_close(f"thread-self/fd/{reader}", os.O_RDWR, dir_fd=os.open("/proc", os.O_RDONLY | os.O_DIRECTORY))


def read_with_vm(pid):
    call("process_vm_readv", pid, None, 0, None, 0, 0)


def write_file(_):
    with tempfile.TemporaryFile() as file:
        file.write(b"mine")


def write_own_oom_score(_):
    descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(descriptor, b"1000")


# Each ends by SIGSYS.
CALL_ACTS = {
    "ptrace": lambda pid: call("ptrace", PTRACE_SEIZE, pid, 0, 0),
    "kill": lambda pid: call("kill", pid, 0),
    "tkill": lambda pid: call("tkill", pid, 0),
    "tgkill": lambda pid: call("tgkill", pid, pid, 0),
    "pidfd_send_signal": lambda pid: call("pidfd_send_signal", os.pidfd_open(pid), 0, None, 0),
    "rt_sigqueueinfo": lambda pid: call("rt_sigqueueinfo", pid, 0, bytes(128)),
    "rt_tgsigqueueinfo": lambda pid: call("rt_tgsigqueueinfo", pid, pid, 0, bytes(128)),
    "process_vm_writev": lambda pid: call("process_vm_writev", pid, None, 0, None, 0, 0),
    "process_madvise": lambda pid: call("process_madvise", os.pidfd_open(pid), None, 0, 0, 0),
    "process_mrelease": lambda pid: call("process_mrelease", -1, 0),
    "move_pages": lambda pid: call("move_pages", pid, 0, None, None, None, 0),
    "migrate_pages": lambda pid: call("migrate_pages", pid, 0, None, None),
    "open_by_handle_at": lambda pid: call("open_by_handle_at", -1, None, 0),
    "io_uring_setup": lambda pid: call("io_uring_setup", 0, None),
}

# Each is refused by its path.
OPEN_ACTS = {
    "mem-write": lambda pid: open_and_close(path_of(pid, "mem"), os.O_WRONLY),
    "mem-read-write": lambda pid: open_and_close(path_of(pid, "mem"), os.O_RDWR),
    "mem-of-thread": lambda pid: open_and_close(path_of(pid, f"task/{pid}/mem"), os.O_RDWR),
    "mem-old-open": lambda pid: old_open(pid, "mem"),
    "mem-openat2": lambda pid: new_open(pid, "mem"),
    "mem-in-directory": lambda pid: open_in_directory(pid, "mem"),
    "mem-from-working-directory": lambda pid: open_from_working_directory(pid, "mem"),
    "mem-through-link": lambda pid: open_through_link(pid, "mem"),
    "mem-reopened": lambda pid: reopen(pid, "mem"),
    "mem-reopened-in-proc": lambda pid: reopen_in_proc(pid, "mem"),
    "clear-refs": lambda pid: open_and_close(path_of(pid, "clear_refs"), os.O_WRONLY),
    "clear-refs-creat": lambda pid: creat(pid, "clear_refs"),
    "oom-score-of-other": lambda pid: open_and_close(path_of(pid, "oom_score_adj"), os.O_WRONLY),
}

ALLOWED = {
    "mem-read": lambda pid: open_and_close(path_of(pid, "mem"), os.O_RDONLY),
    "process-vm-readv": read_with_vm,
    "write-file": write_file,
    "own-oom-score": write_own_oom_score,
    "pidfd": lambda pid: os.close(os.pidfd_open(pid)),
}

ACTS = {**CALL_ACTS, **OPEN_ACTS}


def main():
    act, pid = sys.argv[1:]
    {**ACTS, **ALLOWED}[act](int(pid))
    print("survived")


if __name__ == "__main__":
    main()
