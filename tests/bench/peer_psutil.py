"""The peer: a recorder as a competent user of psutil writes it, of the columns that tidemark has without PSS.

Process objects are kept, oneshot() is used, each file is read at most once a tick by hand, rows of one tick are written
at once. psutil gives no VmPeak, VmHWM, Rss*, VmSwap (memory_full_info would read smaps) and no fault counts, so these
come from /proc/PID/status and stat by hand, and the cgroup's figures from its files, once a tick for each cgroup.

With --least it does the least that any such script must: the tree is looked up once, nothing is read by hand, and what
psutil lacks is left out.
"""

import argparse
import csv
import time
from datetime import datetime, timezone
from pathlib import Path

import psutil

MIB = 1 << 20
STATUS_SIZES = ("VmPeak", "VmHWM", "RssAnon", "RssFile", "RssShmem", "VmSwap")
MINOR_FAULTS, MAJOR_FAULTS = 7, 9  # fields of /proc/PID/stat after the name, from 0


def status_sizes_mb(pid):
    with open(f"/proc/{pid}/status", "rb") as file:
        fields = dict(line.split(b":", 1) for line in file if line.endswith(b"kB\n"))
    return [int(fields[name.encode()].split()[0]) / 1024 if name.encode() in fields else None for name in STATUS_SIZES]


def faults(pid):
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return [int(fields[MINOR_FAULTS]), int(fields[MAJOR_FAULTS])]


class Cgroup:
    """The memory cgroup of a process, v2 or v1, read once a tick."""

    V2 = ("memory.current", "memory.max", "inactive_file ")
    V1 = ("memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file ")

    def __init__(self, directory):
        self._directory = directory
        is_v2 = (directory / "memory.current").exists()
        self._names = self.V2 if is_v2 else self.V1

    @staticmethod
    def directory_of(pid):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                return Path("/sys/fs/cgroup/memory" + path)
            if not controllers and (Path("/sys/fs/cgroup" + path) / "memory.current").exists():
                return Path("/sys/fs/cgroup" + path)
        return None

    def read(self):
        """Memory, working set and limit in MiB."""
        usage, limit, wanted = self._names
        memory = int((self._directory / usage).read_text())
        limit_text = (self._directory / limit).read_text().strip()
        inactive = 0
        with open(self._directory / "memory.stat") as stat:
            for line in stat:
                if line.startswith(wanted):
                    inactive = int(line.split()[1])
                    break
        return [memory / MIB, max(0, memory - inactive) / MIB, None if limit_text == "max" else int(limit_text) / MIB]


class Watched:
    """One process, kept from tick to tick."""

    def __init__(self, process, least):
        self.process = process
        self._least = least
        self.cgroup = None if least else Cgroup.directory_of(process.pid)
        process.cpu_percent()

    def row(self, cgroups):
        process = self.process
        with process.oneshot():
            memory = process.memory_info()
            switches = process.num_ctx_switches()
            io = process.io_counters()
            common = [process.name(), process.pid, process.cpu_percent(), memory.rss / MIB, process.memory_percent(),
                      process.create_time(), process.ppid(), process.status(), process.num_threads(), memory.vms / MIB,
                      memory.data / MIB, switches.voluntary, switches.involuntary, process.num_fds(),
                      io.read_bytes / MIB, io.write_bytes / MIB]
        if self._least:
            return common
        return [*common, *status_sizes_mb(process.pid), *faults(process.pid), *cgroups.get(self.cgroup, (None,) * 3)]


class Reader:
    def __init__(self, pid, least):
        self._least = least
        self._root = psutil.Process(pid)
        self._watched = {}
        self._cgroups = {}
        self._find_tree()

    def _find_tree(self):
        for process in [self._root, *self._root.children(recursive=True)]:
            if process not in self._watched:
                watched = self._watched[process] = Watched(process, self._least)
                if watched.cgroup and watched.cgroup not in self._cgroups:
                    self._cgroups[watched.cgroup] = Cgroup(watched.cgroup)

    def tick(self, elapsed_s):
        """The rows of one tick."""
        if not self._least:
            self._find_tree()
        cgroups = {place: cgroup.read() for place, cgroup in self._cgroups.items()}
        stamp = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        available_mb = psutil.virtual_memory().available / MIB
        return [[stamp, f"{elapsed_s:.3f}", *watched.row(cgroups), available_mb] for watched in self._watched.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-p", "--pid", type=int, required=True)
    parser.add_argument("-i", "--interval-s", type=float, required=True)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--least", action="store_true")
    options = parser.parse_args()
    reader = Reader(options.pid, options.least)
    started = time.monotonic()
    with open(options.output, "w", newline="") as file:
        writer = csv.writer(file)
        file.write("header\n")
        due = started
        while True:
            due = max(due + options.interval_s, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            writer.writerows(reader.tick(due - started))
            file.flush()


if __name__ == "__main__":
    main()
