#!/usr/bin/python3
"""Each column of the CSV against /proc and psutil, read beside the recording of a process that stands still."""

import datetime
import itertools
import json
import os
import re
import time
import unittest
from pathlib import Path

import psutil

from support import RecordingTest, Target, status_fields, wait_for, wait_until_all_read

COLUMNS = (
    "timestamp,elapsed_seconds,process_name,pid,cpu_percent,memory_rss_mb,memory_percent,"
    "process_started,ppid,state,threads,memory_vms_mb,memory_vmpeak_mb,memory_hwm_mb,memory_data_mb,memory_anon_mb,"
    "memory_file_mb,memory_shmem_mb,memory_swap_mb,memory_pss_mb,memory_uss_mb,minor_faults,major_faults,"
    "voluntary_switches,involuntary_switches,open_fds,io_read_mb,io_write_mb,cgroup_memory_mb,cgroup_working_set_mb,"
    "cgroup_limit_mb,system_available_mb,python_threads,gil_holder,gc_enabled,gc_gen0_count,gc_gen1_count,"
    "gc_gen2_count,gc_gen0_collections,gc_gen1_collections,gc_gen2_collections,gc_collected,gc_uncollectable,"
    "gc_garbage,python_function,python_file,python_line,phase,sample_cost_ms,gaps,"
    "pymalloc_arenas_mb,malloc_system_mb,malloc_free_mb")
TEXTS = {"timestamp", "process_name", "process_started", "state", "python_function", "python_file", "phase", "gaps"}
DECIMALS = {"elapsed_seconds", "cpu_percent", "memory_percent", "sample_cost_ms",
            *(name for name in COLUMNS.split(",") if name.endswith("_mb"))}
# Rationed, a limit that need not be, a GIL that is free, what was not asked for, and what only happens elsewhere.
MAY_BE_EMPTY = {"memory_pss_mb", "memory_uss_mb", "cgroup_limit_mb", "gil_holder", "phase", "gaps",
                "pymalloc_arenas_mb", "malloc_system_mb", "malloc_free_mb"}
STATUS_COLUMNS = {"memory_rss_mb": "VmRSS", "memory_vms_mb": "VmSize", "memory_vmpeak_mb": "VmPeak",
                  "memory_hwm_mb": "VmHWM", "memory_data_mb": "VmData", "memory_anon_mb": "RssAnon",
                  "memory_file_mb": "RssFile", "memory_shmem_mb": "RssShmem", "memory_swap_mb": "VmSwap"}
TICKS = 5
INTERVAL = ("-i", "20ms")
MIB = 1 << 20
MILLIONTH = 0.5e-6
CGROUP_V1 = Path("/sys/fs/cgroup/memory")
CGROUP_V2 = Path("/sys/fs/cgroup")


def from_iso(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def proc_numbers(pid):
    """The columns that stand in /proc as they are, by a reading of our own: in the unit of the column."""
    status = status_fields(pid)
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    io = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    total_kib = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    numbers = {column: int(status[field].split()[0]) / 1024 for column, field in STATUS_COLUMNS.items()}
    return {
        **numbers,
        "memory_percent": 100 * numbers["memory_rss_mb"] * 1024 / total_kib,
        "ppid": int(status["PPid"]), "threads": int(status["Threads"]),
        "minor_faults": int(stat[7]), "major_faults": int(stat[9]),
        "voluntary_switches": int(status["voluntary_ctxt_switches"]),
        "involuntary_switches": int(status["nonvoluntary_ctxt_switches"]),
        "open_fds": len(os.listdir(f"/proc/{pid}/fd")),
        "io_read_mb": int(io["read_bytes"]) / MIB, "io_write_mb": int(io["write_bytes"]) / MIB,
    }


class Columns(RecordingTest):
    def record_still(self, *arguments):
        """A recording of a process that waits, with what /proc said before; it says the same afterwards."""
        with Target("waits_on_line.py", "--threads", 2) as target:
            wait_until_all_read(target.pid)
            before = proc_numbers(target.pid)
            process = psutil.Process(target.pid)
            outside = {"name": "waits_on_line.py", "created": process.create_time(), "state": "S",
                       "pid": target.pid, "rss": process.memory_info().rss}
            recorded = self.record_rows(TICKS, "-p", target.pid, *INTERVAL, *arguments)
            self.assertEqual(proc_numbers(target.pid), before, "the target did not stand still")
        return recorded, before, outside

    def test_header_is_that_of_the_design(self):
        self.record_still()
        first = (self.directory / "run.csv").read_bytes().split(b"\n")[0]
        self.assertEqual(first, COLUMNS.encode())

    def test_values_are_those_of_proc_and_psutil(self):
        recorded, numbers, outside = self.record_still()
        self.assertGreaterEqual(len(recorded.rows), TICKS)
        for row in recorded.rows:
            for column, number in numbers.items():
                places = 0.5e-4 if column == "memory_percent" else MILLIONTH
                self.assertAlmostEqual(float(row[column]), number, delta=places * 1.001, msg=column)
            self.assertEqual((row["process_name"], int(row["pid"]), row["state"]),
                             (outside["name"], outside["pid"], outside["state"]))
            self.assertAlmostEqual(from_iso(row["process_started"]), outside["created"], delta=0.0006)
            self.assertAlmostEqual(float(row["memory_rss_mb"]) * MIB, outside["rss"], delta=1)
            self.assertEqual(float(row["cpu_percent"]), 0.0)
            self.assertEqual(row["gaps"], "")

    def test_types_and_empties(self):
        recorded, _, _ = self.record_still()
        for row in recorded.rows:
            for column in COLUMNS.split(","):
                cell = row[column]
                if cell == "":
                    self.assertIn(column, MAY_BE_EMPTY)
                elif column in DECIMALS:
                    self.assertRegex(cell, r"^-?\d+\.\d{1,6}$", column)
                elif column not in TEXTS:
                    self.assertRegex(cell, r"^\d+$", column)
            self.assertEqual((row["gil_holder"], row["phase"]), ("", ""))
            self.assertLess(0, float(row["system_available_mb"]) * MIB)
            self.assertLess(float(row["system_available_mb"]) * MIB, psutil.virtual_memory().total)

    def test_pss_off_leaves_its_columns_empty(self):
        recorded, _, _ = self.record_still("--pss", "off")
        self.assertEqual({(row["memory_pss_mb"], row["memory_uss_mb"], row["gaps"]) for row in recorded.rows},
                         {("", "", "")})
        self.assertEqual(recorded.events("rate"), [])

    def test_times_and_order(self):
        before = time.time()
        with Target("leak_worker.py", "--children", 2) as target:
            recorded = self.record_rows(3 * TICKS, "-p", target.pid, *INTERVAL)
        after = time.time()
        ticks = {}
        for row in recorded.rows:
            self.assertRegex(row["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertRegex(row["process_started"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            ticks.setdefault(row["elapsed_seconds"], []).append(row)
        for rows in ticks.values():
            self.assertEqual([int(row["pid"]) for row in rows], [target.pid, *target.truth["children"]])
            for column in ("timestamp", "phase", "system_available_mb"):
                self.assertEqual(len({row[column] for row in rows}), 1, column)
        elapsed = [float(text) for text in ticks]
        self.assertEqual(elapsed, sorted(elapsed))
        self.assertEqual(recorded.rows, [row for rows in ticks.values() for row in rows])
        stamps = [from_iso(rows[0]["timestamp"]) for rows in ticks.values()]
        self.assertLess(before - 0.001, stamps[0])
        self.assertLess(stamps[-1], after)
        self.assertEqual(recorded.event("end")["ticks"], len(ticks))
        self.assertEqual(recorded.event("end")["rows"], len(recorded.rows))

    def test_cpu_adds_up_to_the_process_clock(self):
        with Target("waits_on_line.py", "--spin") as target:
            clock = (~target.pid << 3) | 2  # the CPU clock of a process: clock_getcpuclockid(3)
            with self.recording("-p", target.pid, *INTERVAL) as recording:
                seen = recording.rows()
                inner_began = time.clock_gettime(clock)
                recording.wait_for_more_rows(20)
                inner_cpu = time.clock_gettime(clock) - inner_began
            outer_cpu = time.clock_gettime(clock)
        rows = self.recorded().rows
        used = sum(float(row["cpu_percent"]) / 100 * (float(row["elapsed_seconds"]) - float(last["elapsed_seconds"]))
                   for last, row in zip(rows[seen - 1:], rows[seen:]))
        # The clock is read a little after the tick begins, so single spans differ from those of elapsed_seconds.
        self.assertGreater(used, 0.8 * inner_cpu)
        self.assertLess(used, 1.2 * outer_cpu)

    def test_sample_of_the_jsonl_is_the_row_of_the_csv(self):
        recorded, _, _ = self.record_still()
        lines = (self.directory / "run.jsonl").read_text().split("\n")[:-1]
        as_text = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
        samples = [line for line in as_text if line.pop("type") == "sample"]
        cells = [{name: "" if value is None else value for name, value in sample.items()} for sample in samples]
        self.assertEqual(cells, recorded.rows)
        for sample in recorded.events("sample"):
            for name, value in sample.items():
                if value is not None and name != "type":
                    wanted = str if name in TEXTS else float if name in DECIMALS else int
                    self.assertIs(type(value), wanted, name)

    def test_jsonl_begins_with_its_header_and_ends_with_the_books(self):
        recorded, _, outside = self.record_still()
        header, end = recorded.lines[0], recorded.lines[-1]
        self.assertEqual((header["type"], end["type"], end["why"]), ("header", "end", "signal"))
        self.assertEqual((header["format_version"], header["targets"], header["interval_seconds"]),
                         (1, [outside["pid"]], 0.02))
        self.assertEqual(",".join(header["units"]), COLUMNS)
        self.assertEqual(header["boot_id"], Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        self.assertEqual((header["host"], header["kernel"]), (os.uname().nodename, os.uname().release))
        start = recorded.event("process_start", pid=outside["pid"])
        self.assertEqual((start["ppid"], start["process_name"]), (os.getpid(), outside["name"]))
        self.assertLess(recorded.lines.index(start), recorded.lines.index(recorded.events("sample")[0]))


@unittest.skipUnless(os.geteuid() == 0, "needs root to make a cgroup")
class Cgroup(RecordingTest):
    LIMIT = 512 * MIB

    def setUp(self):
        super().setUp()
        self.v1 = (CGROUP_V1 / "memory.limit_in_bytes").exists()
        if not self.v1 and "memory" not in self.read_text(CGROUP_V2 / "cgroup.subtree_control"):
            self.skipTest("no memory controller to be had")
        self.outer = (CGROUP_V1 if self.v1 else CGROUP_V2) / f"tidemark-test-{os.getpid()}"
        self.inner = self.outer / "inner"
        for group in (self.outer, self.inner):
            group.mkdir()
            self.addCleanup(group.rmdir)
            if not self.v1 and group is self.outer:
                (group / "cgroup.subtree_control").write_text("+memory")

    @staticmethod
    def read_text(path):
        return path.read_text() if path.exists() else ""

    def figures(self):
        usage = self.inner / ("memory.usage_in_bytes" if self.v1 else "memory.current")
        stat = dict(line.split() for line in (self.inner / "memory.stat").read_text().splitlines())
        inactive = int(stat["total_inactive_file" if self.v1 else "inactive_file"])
        return int(usage.read_text()), inactive

    def test_memory_working_set_and_the_lowest_limit_of_the_path(self):
        (self.outer / ("memory.limit_in_bytes" if self.v1 else "memory.max")).write_text(str(self.LIMIT))
        into_group = ("/bin/sh", "-c", f'echo $$ > {self.inner}/cgroup.procs; exec "$@"', "sh")
        # Its memory is charged to the group because it began in it.
        with Target("waits_on_line.py", prefix=into_group) as target:
            wait_until_all_read(target.pid)
            recorded, (usage, inactive) = self.record_between_equal_figures(target.pid)
        for row in recorded.rows:
            self.assertAlmostEqual(float(row["cgroup_memory_mb"]), usage / MIB, delta=2 * MILLIONTH)
            self.assertAlmostEqual(float(row["cgroup_working_set_mb"]), (usage - inactive) / MIB, delta=2 * MILLIONTH)
            self.assertEqual(float(row["cgroup_limit_mb"]), self.LIMIT / MIB)
        self.assertGreater(usage, MIB)

    def record_between_equal_figures(self, pid):
        """The kernel sums memory.stat now and then: a recording counts when the figures before and after agree."""
        numbers = itertools.count()

        def attempt():
            before = self.figures()
            recorded = self.record_rows(TICKS, "-p", pid, *INTERVAL, name=f"attempt-{next(numbers)}")
            return (recorded, before) if self.figures() == before else None
        return wait_for(attempt, "the cgroup stands still")


if __name__ == "__main__":
    unittest.main()
