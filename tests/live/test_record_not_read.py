#!/usr/bin/python3
"""What is not read as a CPython, and the columns that then stay empty, with one event that says why."""

import os
import subprocess
import unittest
from pathlib import Path

from support import RecordingTest, Target
from test_record_interpreter import INTERPRETER_COLUMNS, INTERVAL, TICKS

PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
OLDER_PYTHONS = ("3.7.16", "3.6.15", "2.7.18")
# Runs on Python 2.7 too: says that it is ready and waits for the end of stdin.
ANY_PYTHON_PROGRAM = ("import os, sys; sys.stdout.write('{\"ready\": true, \"pid\": %d}\\n' % os.getpid());"
                      "sys.stdout.flush(); sys.stdin.read()")


class NotRead(RecordingTest):
    def record_refused(self, pid, name):
        """A recording in which it is said why the interpreter is not read."""
        with self.recording("-p", pid, *INTERVAL, name=name, first_rows=TICKS) as recording:
            self.wait_for_event(recording, "error")
        self.assertEqual((recording.status, recording.stderr), (0, ""))
        return self.recorded(name)

    def assert_proc_only(self, recorded, pid, gap):
        """All of /proc, none of the interpreter, the code on every row, one event that says why."""
        rows = recorded.rows_of(pid)
        self.assertGreaterEqual(len(rows), TICKS)
        for row in rows:
            self.assertEqual(row["gaps"], gap)
            self.assertGreater(float(row["memory_rss_mb"]), 0)
            self.assertEqual([row[column] for column in INTERPRETER_COLUMNS], [""] * len(INTERPRETER_COLUMNS))
        error = recorded.event("error")
        self.assertEqual((error["pid"], f"{error['source']}:{error['reason']}"), (pid, gap))
        self.assertNotEqual(error["text"], "")

    def test_python_of_another_version(self):
        for version in OLDER_PYTHONS:
            python = PYENV / version / "bin" / "python"
            with self.subTest(version=version):
                if not python.exists():
                    self.skipTest(f"no Python {version}")
                with Target(["-c", ANY_PYTHON_PROGRAM], python=python) as target:
                    recorded = self.record_refused(target.pid, version)
                self.assert_proc_only(recorded, target.pid, "python:version")
                # What is not read is named all the same, at least by its minor version.
                stated = recorded.event("python")
                self.assertTrue(version.startswith(stated["version"]), stated)
                self.assertEqual(stated["layout_origin"], "")

    def test_program_that_is_not_python(self):
        with subprocess.Popen(["/bin/cat", "-"], stdin=subprocess.PIPE) as cat:
            recorded = self.record_refused(cat.pid, "cat")
            cat.stdin.close()
        self.assert_proc_only(recorded, cat.pid, "python:not_python")
        self.assertEqual({row["process_name"] for row in recorded.rows}, {"cat"})
        self.assertEqual(recorded.events("python"), [])


if __name__ == "__main__":
    unittest.main()
