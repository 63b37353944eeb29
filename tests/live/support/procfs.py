"""A second, independent look at /proc for comparing with tidemark and with a program's own truth."""

import os
from pathlib import Path

from .waiting import wait_for

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
READ_SYSCALL = b"0"  # read(2) on x86-64
# Where a fixture waits for its next command: protocol.converse() in select(2) or pselect6(2), others read from stdin.
CONVERSING = ([b"23"], [b"270"], [READ_SYSCALL, b"0x0"])


def status_fields(pid):
    """/proc/PID/status as a dict of text."""
    lines = Path(f"/proc/{pid}/status").read_text(errors="surrogateescape").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def command_line(pid):
    """The words of the command line, as bytes."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]


def thread_ids(pid):
    return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))


def descendants(pid):
    """Pids of all live children and their children; a process that goes meanwhile is left out."""
    found = []
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{tid}/children").read_text().split():
                found += [int(child), *descendants(int(child))]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def _system_calls(pid):
    """What each thread is doing in the kernel: {tid: number of the system call, or b"running"}."""
    return {tid: Path(f"/proc/{pid}/task/{tid}/syscall").read_bytes().split()[0] for tid in thread_ids(pid)}


def wait_until_all_read(pid, spinning=()):
    """Returns when every thread of `pid` is blocked in read(2), so that the GIL is free and all stacks stand still.

    Threads in `spinning` must instead be running: such a one then holds the GIL, since nobody else wants it.
    """
    def settled():
        return all(call == (b"running" if tid in spinning else READ_SYSCALL)
                   for tid, call in _system_calls(pid).items())
    wait_for(settled, f"all threads of {pid} are in read()")


def wait_until_conversing(pid):
    """Returns when the main thread of `pid` waits for its next command and no other runs: what it does between an answer
    and that wait is done. Before that its memory still changes."""
    def settled():
        words = Path(f"/proc/{pid}/syscall").read_bytes().split()
        return (any(words[:len(call)] == call for call in CONVERSING)
                and b"running" not in _system_calls(pid).values())
    wait_for(settled, f"{pid} waits for a command")


def smaps_rss(pid):
    """The Rss of all mappings, in bytes."""
    lines = Path(f"/proc/{pid}/smaps").read_text(errors="replace").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss:"))
