#!/usr/bin/python3
"""mark from another shell: the phase is in the files when it returns, and each way to fail has its status and words.

Marks look for recordings of the same user, so as root everything here runs as a user that nobody else is.
"""

import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import Recording, descendants, read_csv, read_jsonl, tidemark, tidemark_binary, wait_for

FIRST_UNUSED_UID = 1_000_000
OTHER_UID = FIRST_UNUSED_UID - 1
IS_ROOT = os.geteuid() == 0
DONE, USAGE, CANNOT_OPEN = 0, 2, 3
NEVER_AGAIN = "1h"  # the interval: what comes after the first row came by a mark


def as_user(uid):
    return {"user": uid, "group": uid, "extra_groups": []}


class MarkTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        runtime = self.directory / "run"
        runtime.mkdir(mode=0o700)
        self.own = {"env": {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}, "cwd": self.directory}
        if IS_ROOT:
            uid = FIRST_UNUSED_UID + os.getpid()
            self.own.update(as_user(uid))
            for path in (self.directory, runtime):
                os.chown(path, uid, uid)
            self.directory.chmod(0o755)

    def file(self, name):
        return self.directory / name

    def record(self, *names, options=()):
        """A recording of a command that only sleeps; SIGINT ends both."""
        return Recording([self.file(name) for name in names], "-q", "-i", NEVER_AGAIN, *options, "--", "sleep", "600",
                         **self.own)

    def mark(self, *arguments, **popen_options):
        return tidemark("mark", *arguments, **{**self.own, **popen_options})

    def assert_marked(self, result):
        self.assertEqual((result.status, result.stderr), (DONE, ""))
        return result

    def assert_refused(self, result, status, *words):
        self.assertEqual(result.status, status, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertTrue(result.stderr.startswith("tidemark mark: "), result.stderr)
        for word in words:
            self.assertIn(str(word), result.stderr)

    def phases(self, name):
        return [row["phase"] for row in read_csv(self.file(name))]

    def labels(self, name):
        return [line["phase"] for line in read_jsonl(self.file(name)) if line["type"] == "mark"]


class PhaseTest(MarkTest):
    def test_the_phase_is_in_the_files_when_mark_returns(self):
        with self.record("a.csv", "a.jsonl"):
            done = self.assert_marked(self.mark("load test", "users=200", "note=", "query=a=b"))
            rows = read_csv(self.file("a.csv"))
            marks = [line for line in read_jsonl(self.file("a.jsonl")) if line["type"] == "mark"]
        self.assertEqual([row["phase"] for row in rows], ["", "load test"])
        self.assertEqual([mark["phase"] for mark in marks], ["load test"])
        self.assertEqual(marks[0]["fields"], {"users": "200", "note": "", "query": "a=b"})
        self.assertEqual(marks[0]["elapsed_seconds"], float(rows[1]["elapsed_seconds"]))
        self.assertRegex(done.stdout, r'\Aphase "load test" opened at \d+\.\d s in .*/a\.csv\n\Z')

    def test_options_and_words_in_any_order(self):
        with self.record("a.csv", "a.jsonl"):
            self.assert_marked(self.mark("--recording", "a.csv", "--timeout", "20", "--", "-5 °C", "t=-5"))
            self.assert_marked(self.mark("second", "--timeout=20s", "k=v", "--recording=a.jsonl"))
            self.assertEqual(self.phases("a.csv"), ["", "-5 °C", "second"])

    def test_many_at_once_are_all_made(self):
        wanted = {f"phase {number}" for number in range(24)}  # more than the recorder's 16 places
        with self.record("a.csv", "a.jsonl"):
            running = [subprocess.Popen([tidemark_binary(), "mark", label, "--timeout", "60"], stdout=subprocess.DEVNULL,
                                        **self.own) for label in wanted]
            self.assertEqual({process.wait(90) for process in running}, {DONE})
            self.assertEqual(set(self.labels("a.jsonl")), wanted)
            self.assertEqual(len(self.labels("a.jsonl")), len(wanted))

    def test_signals_open_numbered_phases(self):
        with Recording([self.file("a.csv")], "-q", "-i", NEVER_AGAIN, "--mark-signal", "-p", os.getpid()) as recording:
            for label in ("signal-1", "signal-2"):
                os.kill(recording.pid, signal.SIGUSR1)
                wait_for(lambda: self.phases("a.csv")[-1] == label, f"the phase {label}")
        self.assertEqual(recording.status, DONE)
        self.assertEqual(self.phases("a.csv"), ["", "signal-1", "signal-2"])

    def test_standard_output_has_a_socket_too(self):
        with open(self.file("out"), "wb") as out:
            recorder = subprocess.Popen([tidemark_binary(), "record", "-q", "-i", NEVER_AGAIN, "-o", "-", "--", "sleep", "600"],
                                        stdout=out, **self.own)
        try:
            wait_for(lambda: self.file("out").read_bytes().count(b"\n") == 2, "the first row")
            done = self.assert_marked(self.mark("x"))
            self.assertEqual(self.phases("out"), ["", "x"])
            self.assertIn("in standard output", done.stdout)
        finally:
            recorder.send_signal(signal.SIGINT)
            recorder.wait()


class FindTest(MarkTest):
    def test_wrong_words_are_usage(self):
        with self.record("a.csv"):
            for words, why in [([], "no label"), ([""], "label is empty"), (["x" * 201], "200 bytes"),
                               (["a\nb"], "control character"), ([b"\xff"], "UTF-8"), (["load", "test"], "key=value"),
                               (["x", "9=1"], "not a key"), (["x", "a=1", "a=2"], "twice"),
                               (["x", "a=" + "v" * 1025], "1024 bytes"), (["x", "--bogus"], "--bogus"),
                               (["x", "--timeout", "soon"], "not a time"), (["x", "--timeout", "0"], "waits for nothing"),
                               (["x", "--recording"], "recording"), (["x", "--recording", ""], "file name")]:
                with self.subTest(words=words):
                    result = subprocess.run([tidemark_binary(), "mark", *words], capture_output=True, timeout=60,
                                            check=False, **self.own)
                    self.assertEqual(result.returncode, USAGE, result.stderr)
                    self.assertIn(why.encode(), result.stderr)
                    self.assertIn(b"hint: ", result.stderr)
            self.assertEqual(self.phases("a.csv"), [""])

    def test_help(self):
        result = self.mark("--help")
        self.assertEqual((result.status, result.stderr), (DONE, ""))
        for word in ("Usage: tidemark mark LABEL", "--recording FILE", "--timeout", "Examples:"):
            self.assertIn(word, result.stdout)

    def test_nobody_records(self):
        self.assert_refused(self.mark("x"), CANNOT_OPEN, "no recording", "tidemark record")
        self.assert_refused(self.mark("x", "--recording", "a.csv"), CANNOT_OPEN, "a.csv")
        with self.record("a.csv"):
            self.assert_refused(self.mark("x", "--recording", "b.csv"), CANNOT_OPEN, "b.csv")
        self.assert_refused(self.mark("x", "--recording", "a.csv"), CANNOT_OPEN, "a.csv")
        self.assertEqual(sorted(os.listdir(self.directory)), ["a.csv", "run"])  # no socket stays behind
        self.assertEqual(os.listdir(self.file("run/tidemark")), [])

    def test_several_recordings(self):
        with self.record("a.csv") as first, self.record("b.csv", "b.jsonl") as second:
            self.assert_refused(self.mark("x"), USAGE, "2 recordings", first.pid, second.pid, self.file("a.csv"),
                                self.file("b.csv"), "--recording")
            for name in ("b.csv", self.file("b.jsonl"), "../" + self.directory.name + "/b.csv"):
                self.assert_marked(self.mark("x", "--recording", name))
            self.assertEqual(self.phases("a.csv"), [""])
            self.assertEqual(self.phases("b.csv"), ["", "x", "x", "x"])
        self.assert_refused(self.mark("x"), CANNOT_OPEN, "no recording")

    def test_a_killed_recorder_is_in_nobodys_way(self):
        with self.record("a.csv"):
            with self.record("b.csv") as killed:
                orphans = descendants(killed.pid)
                os.kill(killed.pid, signal.SIGKILL)
                killed.wait()
                for pid in orphans:
                    os.kill(pid, signal.SIGKILL)
            self.assertTrue(self.file("b.csv.sock").is_socket())
            self.assert_refused(self.mark("x", "--recording", "b.csv"), CANNOT_OPEN, "b.csv")
            self.assert_marked(self.mark("only one runs"))
            self.file("b.csv").unlink()  # its old rows would pass for the new recorder's first ones
            with self.record("b.csv"):
                self.assert_marked(self.mark("again", "--recording", "b.csv"))
            self.assertEqual(self.phases("b.csv")[-1], "again")
            self.assertFalse(self.file("b.csv.sock").exists())

    def test_a_recorder_that_does_not_answer(self):
        with self.record("a.csv") as recording:
            os.kill(recording.pid, signal.SIGSTOP)
            try:
                self.assert_refused(self.mark("x", "--timeout", "0.2"), CANNOT_OPEN, "no answer in time", "--timeout")
            finally:
                os.kill(recording.pid, signal.SIGCONT)

    @unittest.skipUnless(IS_ROOT, "only root can be other users")
    def test_root_marks_for_everybody_and_others_do_not(self):
        with self.record("a.csv"):
            others = self.mark("x", "--recording", self.file("a.csv"), **as_user(OTHER_UID))
            self.assert_refused(others, CANNOT_OPEN, "another user", "sudo")
            root = self.mark("by root", "--recording", self.file("a.csv"), **as_user(0))
            self.assert_marked(root)
            self.assertEqual(self.phases("a.csv"), ["", "by root"])


if __name__ == "__main__":
    unittest.main()
