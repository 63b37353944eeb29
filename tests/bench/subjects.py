"""What is looked at: one process or fifty, Python or not; and who looks, metered alike from outside."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "live"))

from support import PROGRAMS, Target, procfs, tidemark_binary, wait_for  # noqa: E402 (found by the line above)

CROWD = 50
DEBIAN_PYTHON = "/usr/bin/python3"
# cat blocks in read() until the stdin that all share ends, so nothing outlives the benchmark.
CROWD_OF_CATS = "exec 3<&0; i=1; while [ $i -lt %d ]; do cat <&3 & i=$((i+1)); done; wait"


@contextlib.contextmanager
def plain_tree(count):
    """The pid of a tree of `count` processes without an interpreter, all idle."""
    command = ["cat"] if count == 1 else ["sh", "-c", CROWD_OF_CATS % count]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: len(procfs.descendants(process.pid)) == count - 1, f"{count - 1} children")
        yield process.pid


@contextlib.contextmanager
def python_tree(count):
    """The pid of a tree of `count` Python processes, lightly busy."""
    alone = count == 1
    with Target("steady.py") if alone else Target(HERE / "targets" / "crowd.py", "--children", count - 1) as target:
        yield target.pid


def process_cpu_ns(pid):
    """CPU time of a process, user and system, by its CPU clock (linux/posix-timers.h, MAKE_PROCESS_CPUCLOCK)."""
    cpuclock_sched = 2
    return time.clock_gettime_ns((~pid << 3) | cpuclock_sched)


class Cost(NamedTuple):
    rows: int
    cpu_ns: int

    @property
    def us_per_row(self):
        return self.cpu_ns / self.rows / 1000


class Recorder:
    """A recorder in the background that writes a CSV; what it costs between two moments, so without its start."""

    WARM_UP_TICKS = 5

    def __init__(self, command, output, rows_per_tick):
        self._command = [str(word) for word in command]
        self._output = Path(output)
        self._rows_per_tick = rows_per_tick

    def __enter__(self):
        self._output.unlink(missing_ok=True)
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        try:
            self.wait_for_ticks(self.WARM_UP_TICKS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()  # SIGTERM ends tidemark in order, and a Python program without a traceback
        self._process.wait()

    @property
    def pid(self):
        return self._process.pid

    def rows(self):
        """Rows in the file so far; the first line is the header."""
        with contextlib.suppress(FileNotFoundError):
            return max(0, self._output.read_bytes().count(b"\n") - 1)
        return 0

    def wait_for_ticks(self, count):
        def there():
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._command} ended with {self._process.returncode}")
            return self.rows() >= count * self._rows_per_tick
        wait_for(there, f"{count} ticks in {self._output}")

    def _now(self):
        return Cost(self.rows(), process_cpu_ns(self.pid))

    def cost_over(self, seconds):
        before = self._now()
        time.sleep(seconds)
        after = self._now()
        return Cost(after.rows - before.rows, after.cpu_ns - before.cpu_ns)

    def peak_rss_bytes(self):
        return int(procfs.status_fields(self.pid)["VmHWM"].split()[0]) * 1024

    def files_of_the_machine(self):
        """What it keeps open besides the processes: meminfo and the cgroup's files."""
        links = []
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                links.append(os.readlink(f"/proc/{self.pid}/fd/{name}"))
        return sorted({link for link in links if link == "/proc/meminfo" or link.startswith("/sys/fs/cgroup/")})


def tidemark_recorder(pid, interval_s, directory, rows_per_tick, stacks=False):
    """With `stacks` a JSONL with the stacks of all threads beside the CSV, whose rows are counted."""
    output = Path(directory) / "tidemark.csv"
    interval = f"{interval_s * 1000:.0f}ms"
    command = [tidemark_binary(), "record", "-p", pid, "-i", interval, "--pss", "off", "-q", "-o", output]
    if stacks:
        jsonl = output.with_suffix(".jsonl")
        jsonl.unlink(missing_ok=True)
        command += ["--stacks", "-o", jsonl]
    return Recorder(command, output, rows_per_tick)


def psutil_peer(pid, interval_s, directory, rows_per_tick, *flags):
    output = Path(directory) / "psutil.csv"
    command = [DEBIAN_PYTHON, HERE / "peer_psutil.py", "-p", pid, "-i", interval_s, "-o", output, *flags]
    return Recorder(command, output, rows_per_tick)


# In which `tidemark heap` and `objects` are run, with their options.
WAYS = {
    "racing": ("--consistency", "racing"),
    "stopped": ("--consistency", "stopped", "--max-pause", "60s"),
    "frozen": ("--consistency", "frozen", "--max-pause", "60s"),
    "racing, low": ("--consistency", "racing", "--low-memory"),  # nothing is copied in either: racing against itself
    "stopped, low": ("--consistency", "stopped", "--low-memory", "--max-pause", "60s"),
}


class Snapshot(NamedTuple):
    """One run of `tidemark heap` or `objects`: what it said of the process, and what was noticed of it."""
    process: dict
    cpu_s: float
    gap_ms: float  # the largest one of the target's spinning
    ended_in_time: bool  # while the target spun

    @property
    def cost(self):
        return self.process["cost"]


def snapshot(command, target, arguments, seconds, settle_s=0.2):
    """`tidemark COMMAND` of a target that spins for that long (spinner.segment)."""
    target.send("segment", seconds)
    spins_until = time.monotonic() + seconds
    time.sleep(settle_s)
    process = subprocess.Popen([str(tidemark_binary()), command, "-p", str(target.pid), "--json", *arguments],
                               stdout=subprocess.PIPE)
    said = []
    reader = threading.Thread(target=lambda: said.append(process.stdout.read()))
    reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    ended_in_time = time.monotonic() < spins_until
    reader.join()
    process.returncode = status
    if status != 0:
        raise RuntimeError(f"tidemark {command} {arguments} failed")
    gap_ms = target.next_line(seconds + 60)["largest_gap_us"] / 1e3
    return Snapshot(json.loads(said[0])["processes"][0], usage.ru_utime + usage.ru_stime, gap_ms, ended_in_time)


def kernel_reads(pids, interval_s, ticks, tick_files):
    """The bare reads of the same processes and files; see kernel_reads.cpp."""
    files = [word for path in tick_files for word in ("--tick-file", path)]
    program = tidemark_binary().with_name("tidemark_kernel_reads")
    command = [program, "--interval-us", int(interval_s * 1e6), "--ticks", ticks, *files, *pids]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return Cost(**json.loads(done.stdout))
