#!/usr/bin/python3
"""What the kernel refuses costs its columns and never the recording; what costs the target something is rationed."""

import contextlib
import errno
import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from support import (DEBIAN_PYTHON, RecordingTest, Target, tidemark, tidemark_binary, wait_for, wait_until_all_read)

INTERVAL = ("-i", "20ms")
TICKS = 5
MIB = 1 << 20
MILLIONTH = 1e-6
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
# The sources that a process which changed its user refuses to its own user, and the columns that they fill.
REFUSED = {"io": ("io_read_mb", "io_write_mb"), "fds": ("open_fds", ),
           "smaps_rollup": ("memory_pss_mb", "memory_uss_mb"),
           "python": ("python_threads", "gc_enabled", "gc_gen0_count", "gc_garbage", "python_function")}
KEPT = ("cpu_percent", "memory_rss_mb", "memory_percent", "ppid", "state", "threads", "memory_hwm_mb", "minor_faults",
        "voluntary_switches", "cgroup_memory_mb", "system_available_mb")
# Figures of a process that no other process changes: what is shared depends on who else has it.
SMAPS_FIELDS = {"size_mb": "Size", "rss_mb": "Rss", "anonymous_mb": "Anonymous", "swap_mb": "Swap",
                "anon_huge_mb": "AnonHugePages"}


def smaps_mib(pid):
    """{kind: {column: MiB, "maps": count}} of /proc/PID/smaps by a reading of our own."""
    kinds = {}
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        mapping = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)", line)
        if mapping:
            kind = kinds.setdefault(mapping[1] or "[anon]", {"maps": 0, **dict.fromkeys(SMAPS_FIELDS, 0)})
            kind["maps"] += 1
            continue
        name, _, value = line.partition(":")
        for column, field in SMAPS_FIELDS.items():
            if field == name:
                kind[column] += int(value.split()[0]) / 1024
    return kinds


@unittest.skipUnless(os.geteuid() == 0, "needs root to begin with")
class ChangedUser(RecordingTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o777)
        self.target = self.enterContext(Target("changes_user.py"))
        self.worker = self.target.truth["worker_pid"]

    def test_its_own_user_gets_the_rest(self):
        recorded = self.record_refused()
        rows = recorded.rows_of(self.worker)
        self.assertGreaterEqual(len(rows), 2 * TICKS)
        for row in rows:
            codes = row["gaps"].split(" ")
            self.assertEqual(sorted(codes), sorted(set(codes)))
            self.assertLessEqual({"io:denied", "fds:denied", "python:denied"}, set(codes))
            self.assertLessEqual(set(codes), {f"{source}:denied" for source in REFUSED})
            for columns in REFUSED.values():
                self.assertEqual([row[column] for column in columns], [""] * len(columns))
            for column in KEPT:
                self.assertNotEqual(row[column], "", column)
        errors = recorded.events("error", pid=self.worker)
        self.assertEqual(sorted(error["source"] for error in errors), sorted(REFUSED))
        self.assertEqual({error["reason"] for error in errors}, {"denied"})
        # Once refused, smaps_rollup too is in every row: it is no rationed reading any more.
        said = [line["elapsed_seconds"] for line in errors if line["source"] == "smaps_rollup"][0]
        for row in rows:
            self.assertEqual("smaps_rollup:denied" in row["gaps"], float(row["elapsed_seconds"]) >= said)

    def record_refused(self):
        with self.recording("-p", self.worker, *INTERVAL, prefix=NOBODY, first_rows=2 * TICKS) as recording:
            self.wait_for_row(recording, {"memory_pss_mb": "", "gaps": " ".join(
                f"{source}:denied" for source in ("io", "fds", "python", "smaps_rollup"))})
            recording.wait_for_more_rows(TICKS)
        self.assertEqual((recording.status, recording.stderr), (0, ""))
        return self.recorded()

    def test_root_gets_everything(self):
        with self.recording("-p", self.worker, *INTERVAL) as recording:
            recording.wait_for_more_rows(2 * TICKS)
        recorded = self.recorded()
        for row in recorded.rows:
            self.assertNotIn("denied", row["gaps"])
            for column in ("io_read_mb", "open_fds", "python_threads", "gc_gen0_count"):
                self.assertNotEqual(row[column], "", column)
        self.assertEqual(recorded.events("error"), [])

    def test_tree_of_which_some_is_refused(self):
        """From root's process to its worker: both are recorded, each with its own gaps."""
        with self.recording("-p", self.target.pid, *INTERVAL, prefix=NOBODY, first_rows=2 * TICKS) as recording:
            recording.wait_for_more_rows(2 * TICKS)
        self.assertEqual(recording.status, 0)
        recorded = self.recorded()
        self.assertEqual(recorded.pids(), {self.target.pid, self.worker})
        for pid in recorded.pids():
            self.assertEqual(len(recorded.events("error", pid=pid, source="io")), 1)
            self.assertTrue(all("io:denied" in row["gaps"] for row in recorded.rows_of(pid)))

    def test_pss_asked_for_and_refused_is_a_partial_answer(self):
        for option in (("--pss", "1"), ("--maps",)):
            with self.subTest(option):
                source = "smaps" if option == ("--maps",) else "smaps_rollup"
                name = source
                with self.recording("-p", self.worker, *INTERVAL, *option, name=name, prefix=NOBODY) as recording:
                    self.wait_for_row(recording, {"gaps": f"io:denied fds:denied python:denied {source}:denied"})
                self.assertEqual(recording.status, 4)
                self.assertIn(f"{source}:denied", recording.stdout)
                self.assertEqual(len(self.recorded(name).events("error", source=source)), 1)


class Rationed(RecordingTest):
    def test_pss_gets_at_most_one_percent(self):
        with Target("leak_worker.py", "--children", 2, "--rate-mb-per-s", 0) as target:
            with self.recording("-p", target.pid, "-i", "10ms") as recording:
                wanted = {str(pid) for pid in (target.pid, *target.truth["children"])}
                self.wait_until(recording, lambda rows: {row["pid"] for row in rows if row["memory_pss_mb"]} == wanted,
                                "PSS of each process was read")
                recording.wait_for_more_rows(10 * TICKS)
        recorded = self.recorded()
        rates = recorded.events("rate")
        self.assertGreater(len(rates), 0)
        for rate in rates:
            self.assertEqual(rate["source"], "smaps_rollup")
            self.assertGreater(rate["interval_seconds"], 0)
            self.assertGreater(rate["cost_ms"], 0)
            # What a reading costs is known after it: all that was spent before the last one was within the ration.
            spent_s = rate["spent_percent"] / 100 * rate["elapsed_seconds"]
            self.assertLessEqual(spent_s - rate["cost_ms"] / 1000, 0.01 * rate["elapsed_seconds"] + MILLIONTH)
        read = [row for row in recorded.rows if row["memory_pss_mb"]]
        self.assertLess(len(read), len(recorded.rows))
        for row in recorded.rows:
            self.assertEqual(row["memory_pss_mb"] == "", row["memory_uss_mb"] == "")
            self.assertEqual(row["gaps"], "")
        for row in read:
            self.assertLess(0, float(row["memory_uss_mb"]))
            self.assertLessEqual(float(row["memory_uss_mb"]), float(row["memory_pss_mb"]))
            self.assertLess(float(row["memory_pss_mb"]), float(row["memory_rss_mb"]) + 1)

    def test_seconds_between_readings(self):
        with Target("waits_on_line.py") as target:
            with self.recording("-p", target.pid, "-i", "10ms", "--pss", "3600s") as recording:
                self.wait_until(recording, lambda rows: any(row["memory_pss_mb"] for row in rows), "PSS was read")
                recording.wait_for_more_rows(20 * TICKS)
        self.assertEqual(recording.status, 0)
        self.assertEqual(sum(row["memory_pss_mb"] != "" for row in self.recorded().rows), 1)

    def test_maps_are_those_of_smaps(self):
        with Target("waits_on_line.py", "--threads", 2) as target:
            wait_until_all_read(target.pid)
            with self.recording("-p", target.pid, "-i", "10ms", "--maps") as recording:
                self.wait_until(recording, lambda rows: any(row["memory_pss_mb"] for row in rows), "PSS was read")
            kinds = smaps_mib(target.pid)
        recorded = self.recorded()
        for line in recorded.events("maps"):
            self.assertEqual({kind["kind"] for kind in line["kinds"]}, set(kinds))
            for found in line["kinds"]:
                for column, value in kinds[found["kind"]].items():
                    self.assertAlmostEqual(found[column], value, delta=MILLIONTH, msg=f"{found['kind']} {column}")
                parts = sum(found[f"{who}_{state}_mb"] for who in ("private", "shared") for state in ("dirty", "clean"))
                self.assertAlmostEqual(parts, found["rss_mb"], delta=4 * MILLIONTH)
            row = next(row for row in recorded.rows if float(row["elapsed_seconds"]) == line["elapsed_seconds"])
            tolerance = len(kinds) * MILLIONTH
            self.assertAlmostEqual(sum(kind["pss_mb"] for kind in line["kinds"]), float(row["memory_pss_mb"]),
                                   delta=tolerance)
            private = sum(kind[f"private_{state}_mb"] for kind in line["kinds"] for state in ("dirty", "clean"))
            self.assertAlmostEqual(private, float(row["memory_uss_mb"]), delta=tolerance)
        self.assertEqual({rate["source"] for rate in recorded.events("rate")}, {"smaps"})


class Required(RecordingTest):
    def test_python_is_required_of_something_else(self):
        with subprocess.Popen(["/bin/cat", "-"], stdin=subprocess.PIPE) as cat:
            result = tidemark("record", "-p", cat.pid, "--require", "python", "-o", "run.csv", cwd=self.directory)
            cat.stdin.close()
        self.assertEqual((result.status, result.stdout), (3, ""))
        self.assertRegex(result.stderr, r"\Atidemark record: the Python interpreter cannot be read \(not_python\)"
                                        r"[^\n]*\nhint: without --require python [^\n]*\n\Z")
        self.assertEqual(self.files(), [])

    def test_python_is_required_and_there(self):
        with Target("waits_on_line.py") as target:
            recorded = self.record_rows(TICKS, "-p", target.pid, "--require", "python", *INTERVAL)
            self.assertEqual({row["python_function"] for row in recorded.rows}, {"wait_for_command"})
            self.assertEqual(len(recorded.events("python")), 1)

    def test_python_is_required_of_a_command_which_is_then_told_to_end(self):
        read_end, write_end = os.pipe()
        with open(read_end, "rb") as stdin, open(write_end, "wb"):
            # cat ends neither by its input nor before its output is closed: this returns when it was ended.
            command = [tidemark_binary(), "record", "--require", "python", "-o", "run.csv", "--", "/bin/cat"]
            result = subprocess.run(command, cwd=self.directory, stdin=stdin, capture_output=True, text=True,
                                    timeout=30)
        self.assertEqual((result.returncode, result.stdout), (125, ""))
        self.assertIn("(not_python)", result.stderr)

    def test_waiting_for_an_interpreter_ends_at_a_signal(self):
        with self.starting_forever() as target:
            before = self.files()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                with self.subTest(number):
                    status, complaint = self.ended_while_it_waits(target.pid, number)
                    self.assertEqual(status, 3)
                    self.assertRegex(complaint, r"\Atidemark record: asked to end before the Python interpreter could be "
                                                r"read \(starting\): [^\n]*\nhint: [^\n]*\n\Z")
                    self.assertEqual(self.files(), before)

    @contextlib.contextmanager
    def starting_forever(self):
        """A Python that looks for its pyvenv.cfg, as each does before it is initialised, and finds a pipe."""
        python, config = self.directory / "python3", self.directory / "pyvenv.cfg"
        python.symlink_to(DEBIAN_PYTHON)
        os.mkfifo(config)

        def write_end():
            try:
                return os.fdopen(os.open(config, os.O_WRONLY | os.O_NONBLOCK), "wb")
            except OSError as error:
                if error.errno != errno.ENXIO:  # nobody reads it yet
                    raise
                return None
        with subprocess.Popen([python, "-c", "pass"]) as target:
            self.addCleanup(target.kill)
            with wait_for(write_end, "Python reads its pyvenv.cfg"):
                yield target

    def ended_while_it_waits(self, pid, number):
        """The status and stderr of a record that requires Python of `pid` and gets a signal."""
        words = ("record", "-p", str(pid), "--require", "python", "-o", "run.csv")
        with subprocess.Popen([tidemark_binary(), *words], cwd=self.directory, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            self.addCleanup(process.kill)
            wait_for(lambda: self.hears_signals(process.pid), "it hears signals")
            process.send_signal(number)
            complaint = process.communicate(timeout=30)[1]
            return process.returncode, complaint

    @staticmethod
    def hears_signals(pid):
        """It opens a descriptor for them once they are blocked."""
        def what_it_is(descriptor):
            try:
                return os.readlink(descriptor)
            except FileNotFoundError:  # a file that it had open for a moment
                return ""
        return any(what_it_is(one) == "anon_inode:[signalfd]" for one in Path(f"/proc/{pid}/fd").iterdir())


if __name__ == "__main__":
    unittest.main()
