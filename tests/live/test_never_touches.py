#!/usr/bin/python3
"""record never stops and never writes a target: it runs under a guard that kills it when it tries (native/guard.cpp)."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import DEBIAN_PYTHON, Recording, Target, read_csv, read_jsonl, tidemark, tidemark_binary, wait_for

NATIVE = Path(__file__).resolve().parent / "native"
FORBIDDEN_ACT = NATIVE / "forbidden_act.py"
GUARD = Path(os.environ.get("TIDEMARK_GUARD") or tidemark_binary().parent / "tidemark_guard")
sys.path.insert(0, str(NATIVE))
from forbidden_act import ALLOWED, CALL_ACTS, OPEN_ACTS  # noqa: E402

DIED_OF_CALL = 128 + signal.SIGSYS
DIED_OF_OPEN = 128 + signal.SIGKILL
STOPPED_STATES = {"t", "T"}
ROWS = 600  # at 10 ms, of two processes: 3 s


def act(name, pid, guarded):
    words = [str(GUARD)] if guarded else []
    return subprocess.run([*words, DEBIAN_PYTHON, FORBIDDEN_ACT, name, str(pid)], capture_output=True, text=True,
                          timeout=60, check=False)


class GuardTest(unittest.TestCase):
    """The guard bites: each forbidden thing is done by a program that survives it without the guard, and not with it."""

    @classmethod
    def setUpClass(cls):
        cls.victim = subprocess.Popen(["sleep", "600"])
        cls.addClassCleanup(cls.victim.wait)
        cls.addClassCleanup(cls.victim.kill)

    def assert_survives(self, name, guarded):
        done = act(name, self.victim.pid, guarded)
        self.assertEqual((done.returncode, done.stdout), (0, "survived\n"), done.stderr)

    def test_forbidden_calls(self):
        for name in CALL_ACTS:
            with self.subTest(name):
                self.assert_survives(name, guarded=False)
                done = act(name, self.victim.pid, guarded=True)
                self.assertEqual((done.returncode, done.stdout), (DIED_OF_CALL, ""), done.stderr)

    def test_forbidden_opens(self):
        for name in OPEN_ACTS:
            with self.subTest(name):
                self.assert_survives(name, guarded=False)
                done = act(name, self.victim.pid, guarded=True)
                self.assertEqual((done.returncode, done.stdout), (DIED_OF_OPEN, ""), done.stderr)
                self.assertIn("guard: refused ", done.stderr)

    def test_allowed_things(self):
        for name in ALLOWED:
            with self.subTest(name):
                self.assert_survives(name, guarded=True)

    def test_status_of_the_command(self):
        done = subprocess.run([GUARD, "sh", "-c", "exit 7"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 7, done.stderr)


class Witness:
    """A third process's look at the target: the states of its threads, and who traces it."""

    def __init__(self, *pids):
        self._pids = pids
        self.states = set()
        self.tracers = set()
        self.looks = 0

    def look(self):
        for pid in self._pids:
            for task in Path(f"/proc/{pid}/task").iterdir():
                fields = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
                self.states.add(fields["State"][0])
                self.tracers.add(int(fields["TracerPid"]))
        self.looks += 1
        return self


class RecordTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.csv, self.jsonl = Path(directory.name) / "out.csv", Path(directory.name) / "out.jsonl"

    def record_with_everything(self, target, witness):
        """Returns the recording after it ended, with the opens that the guard looked at."""
        everything = ["-p", target.pid, "-i", "10ms", "--maps", "--stacks", "--pss", "0.2", "--mark-signal",
                      "--require", "python"]
        with Recording([self.csv, self.jsonl], *everything, prefix=[str(GUARD)]) as recording:
            while recording.rows() < ROWS // 2:
                witness.look()
                recording.wait_for_rows(1)
            marked = tidemark("mark", "second half", "by=test", "--recording", self.csv)
            self.assertEqual(marked.status, 0, marked.stderr)
            recording.wait_for_rows(ROWS // 2)
            while recording.rows() < ROWS:
                witness.look()
                recording.wait_for_rows(1)
            os.kill(recording.pid, signal.SIGUSR1)
            wait_for(lambda: "signal-1" in self.csv.read_text(), "the phase of the signal")
        self.assertEqual(recording.status, 0, recording.stderr)
        return recording

    def test_stacks_of_a_running_process(self):
        with Target([NATIVE / "watched_target.py"]) as target:
            for options in ([], ["--json"], ["--collapsed", "--children"]):
                done = subprocess.run([GUARD, tidemark_binary(), "stack", "-p", str(target.pid), *options],
                                      capture_output=True, text=True, timeout=60, check=False)
                self.assertIn(done.returncode, (0, 4), done.stderr)  # 4: it moves
                self.assertRegex(done.stderr, r"guard: looked at \d{2,} opens")
                self.assertNotIn("refused", done.stderr)
                self.assertIn(str(target.pid), done.stdout)
            seen = target.ask("status")
        self.assertEqual(seen["tracers"], [0])

    def test_recording_with_everything(self):
        with Target([NATIVE / "watched_target.py"]) as target:
            child = target.truth["child"]
            witness = Witness(target.pid, child)
            recording = self.record_with_everything(target, witness)
            seen = target.ask("status")
            print(f"largest gap of the target's clock: {seen['largest_gap_ns'] / 1e6:.1f} ms in {seen['readings']} readings; "
                  f"{witness.looks} looks from outside", file=sys.stderr)
            self.check_untouched(seen, witness)
            self.check_witness_sees_a_stop(target.pid)
        self.assertRegex(recording.stderr, r"guard: looked at \d{2,} opens")
        self.assertNotIn("refused", recording.stderr)
        self.check_recording(target.pid, child)

    def check_untouched(self, seen, witness):
        self.assertEqual(seen["tracers"], [0])
        self.assertGreater(seen["readings"], 0)
        self.assertEqual(witness.tracers, {0})
        self.assertFalse(witness.states & STOPPED_STATES, witness.states)
        self.assertGreater(witness.looks, 50)

    def check_witness_sees_a_stop(self, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for(lambda: Witness(pid).look().states == {"T"}, "a stopped target is seen as stopped")
        finally:
            os.kill(pid, signal.SIGCONT)

    def check_recording(self, parent, child):
        rows = read_csv(self.csv)
        for pid in (parent, child):
            own = [row for row in rows if row["pid"] == str(pid)]
            self.assertGreater(len(own), ROWS // 4)
            for column in ("memory_rss_mb", "memory_pss_mb", "python_threads", "gil_holder", "gc_gen0_count",
                           "python_function", "python_line"):
                self.assertTrue(any(row[column] for row in own), f"{column} of {pid} is always empty")
        self.assertEqual({row["phase"] for row in rows}, {"", "second half", "signal-1"})
        lines = read_jsonl(self.jsonl)
        self.assertLessEqual({"header", "sample", "mark", "maps", "stacks", "process_start"},
                             {line["type"] for line in lines})
        for pid in (parent, child):
            self.assertTrue(any(line["type"] == "sample" and line["pid"] == pid and line.get("stacks") is not None
                                for line in lines), f"no stacks of {pid}")


if __name__ == "__main__":
    unittest.main()
