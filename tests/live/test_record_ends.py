#!/usr/bin/python3
"""How a recording begins and ends: what is refused before it, how it stops, and what it says on a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from support import RecordingTest, Target, tidemark, tidemark_binary

INTERVAL = ("-i", "20ms")
TICKS = 4
COLUMNS = 80
READ_BYTES = 65536
PATIENCE_S = 30
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def ended_pid():
    """The pid of a process of ours that has ended and been reaped."""
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    return process.pid


class Refused(RecordingTest):
    def assert_refused(self, status, message, *arguments):
        """Refused with `status`, one message and one hint, and nothing left behind."""
        result = tidemark("record", *arguments, cwd=self.directory)
        self.assertEqual((result.status, result.stdout), (status, ""), result.stderr)
        self.assertRegex(result.stderr, rf"\Atidemark record: {message}[^\n]*\nhint: [^\n]+\n\Z")
        self.assertEqual(self.files(), [])

    def test_target_that_has_gone(self):
        pid = ended_pid()
        for outputs in ((), ("-o", "a.csv", "-o", "a.jsonl")):
            self.assert_refused(3, f"no process with pid {pid}", "-p", pid, *outputs)

    def test_zombie(self):
        with subprocess.Popen(["/bin/true"]) as process:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            self.assert_refused(3, f"no process with pid {process.pid}", "-p", process.pid, "-o", "a.csv")

    def test_one_of_several_targets_has_gone(self):
        self.assert_refused(3, "no process with pid", "-p", os.getpid(), "-p", ended_pid(), "-o", "a.csv")

    def test_usage(self):
        me = os.getpid()
        for message, arguments in (
                ("no process named", ()),
                ("'0' is not a process id", ("-p", 0)),
                ("'-5' is not a process id", ("--pid=-5",)),
                ("'12x' is not a process id", ("-p", "12x")),
                ("'99999999999999999999' is not a process id", ("-p", "9" * 20)),
                ("--interval 5ms is out of range", ("-p", me, "-i", "5ms")),
                ("--interval 2h is out of range", ("-p", me, "-i", "2h")),
                ("--interval 'fast' is not a time", ("-p", me, "-i", "fast")),
                ("--interval '-1s' is not a time", ("-p", me, "--interval=-1s")),
                ("--duration 0", ("-p", me, "-d", "0s")),
                ("-p, --name and -- COMMAND exclude each other", ("-p", me, "--name", "x")),
                ("-p, --name and -- COMMAND exclude each other", ("-p", me, "--", "true")),
                ("nothing after --", ("--",)),
                (r"--name '\(' is not a regular expression", ("--name", "(")),
                ("a word that belongs to no option", ("-p", me, "more")),
                ("unrecognised option '--bogus'", ("-p", me, "--bogus")),
                ("-o 'a.txt' says no format", ("-p", me, "-o", "a.txt")),
                ("the same -o twice", ("-p", me, "-o", "a.csv", "-o", "a.csv")),
                ("--append needs -o", ("-p", me, "--append")),
                ("--keep needs --rotate", ("-p", me, "-o", "a.csv", "--keep", 2)),
                ("--keep '0' is not a number", ("-p", me, "-o", "a.csv", "--rotate", "1MB", "--keep", 0)),
                ("--rotate '1k' is not a size", ("-p", me, "-o", "a.csv", "--rotate", "1k")),
                ("--require knows only 'python'", ("-p", me, "--require", "perl")),
                ("--pss 'often' is not a time", ("-p", me, "--pss", "often")),
                ("--maps reads PSS too", ("-p", me, "--maps", "--pss", "off"))):
            with self.subTest(message):
                self.assert_refused(2, message, *arguments)

    def test_help_names_every_option_and_ends_with_0(self):
        result = tidemark("record", "--help")
        self.assertEqual((result.status, result.stderr), (0, ""))
        for option in ("--pid", "--name", "--interval", "--duration", "--output", "--no-children", "--append",
                       "--rotate", "--keep", "--pss", "--maps", "--require", "--mark-signal", "--quiet", "Examples:"):
            self.assertIn(option, result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), COLUMNS)


class Ends(RecordingTest):
    def assert_whole(self, why):
        """Both files are whole lines with the same rows, and the books say why it ended."""
        recorded = self.recorded()
        end = recorded.lines[-1]
        self.assertEqual((end["type"], end["why"]), ("end", why))
        self.assertEqual(end["rows"], len(recorded.rows))
        self.assertEqual(len(recorded.events("sample")), len(recorded.rows))
        self.assertEqual(self.files(), ["run.csv", "run.jsonl"])  # the socket of the marks has gone too
        return recorded

    def test_signals_end_it_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number), Target("waits_on_line.py") as target:
                with self.recording("-p", target.pid, *INTERVAL, first_rows=TICKS) as recording:
                    self.assertEqual(recording.interrupt(number), 0)
                self.assert_whole("signal")
                self.assertIn("Recording: ", recording.stdout)
                for path in recording.outputs:
                    path.unlink()

    def test_target_that_goes_during_the_recording(self):
        with Target("waits_on_line.py") as target:
            # An hour between ticks: the end of the target is noticed by itself.
            with self.recording("-p", target.pid, "-i", "1h") as recording:
                target.kill()
                self.assertEqual(recording.wait(), 0)
        recorded = self.assert_whole("targets_gone")
        self.assertEqual(len(recorded.rows), 1)
        recorded.event("process_exit", pid=target.pid)

    def test_one_target_goes_and_the_other_stays(self):
        with Target("waits_on_line.py") as going, Target("waits_on_line.py") as staying:
            with self.recording("-p", going.pid, "-p", staying.pid, *INTERVAL, first_rows=2 * TICKS) as recording:
                going.kill()
                recording.wait_for_more_rows(TICKS)
        recorded = self.assert_whole("signal")
        self.assertEqual(recorded.rows[-1]["pid"], str(staying.pid))
        recorded.event("process_exit", pid=going.pid)

    def test_duration(self):
        with Target("waits_on_line.py") as target:
            with self.recording("-p", target.pid, "-i", "50ms", "-d", "500ms") as recording:
                self.assertEqual(recording.wait(), 0)
        recorded = self.assert_whole("duration")
        end = recorded.lines[-1]
        # Ticks at 0, 50, … 500 ms; what was lost on a busy machine is in the books.
        self.assertEqual(end["ticks"] + end["lost_ticks"], 11)
        self.assertLessEqual(float(recorded.rows[-1]["elapsed_seconds"]), end["elapsed_seconds"])


class Terminal(RecordingTest):
    def run_under_terminal(self, *arguments, env=None):
        """(what came on a terminal that is stderr, what came on a piped stdout, exit status)"""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        process = subprocess.Popen([tidemark_binary(), "record", *map(str, arguments)], cwd=self.directory,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=follower,
                                   env={**os.environ, **(env or {})})
        os.close(follower)
        shown = b""
        give_up_at = time.monotonic() + PATIENCE_S
        try:
            while select.select([leader], [], [], max(0.0, give_up_at - time.monotonic()))[0]:
                try:
                    data = os.read(leader, READ_BYTES)
                except OSError:  # EIO: nobody has the other side open any more
                    break
                if not data:
                    break
                shown += data
            stdout = process.stdout.read()
            return shown.decode(), stdout.decode(), process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            os.close(leader)

    def test_progress_line_fits_the_terminal_and_leaves_nothing(self):
        with Target("leak_worker.py", "--children", 2, "--rate-mb-per-s", 20) as target:
            shown, stdout, status = self.run_under_terminal("-p", target.pid, *INTERVAL, "-d", "400ms", "-o", "a.csv")
        self.assertEqual(status, 0)
        lines = [ESCAPES.sub("", line) for line in re.split(r"[\r\n]+", shown)]
        progress = [line for line in lines if "RSS" in line]
        self.assertGreaterEqual(len(progress), TICKS)
        for line in lines:
            self.assertLessEqual(len(line), COLUMNS)
        for piece in ("3 processes", "RSS ", "peak "):
            self.assertIn(piece, progress[-1])
        self.assertTrue(shown.endswith("\r\x1b[K"), "the progress line is taken away at the end")
        self.assertIn("Recording: a.csv", stdout)

    def test_quiet_and_colours(self):
        with Target("waits_on_line.py") as target:
            arguments = ("-p", target.pid, *INTERVAL, "-d", "100ms", "-o", "a.csv")
            self.assertEqual(self.run_under_terminal("--quiet", *arguments), ("", "", 0))
            (self.directory / "a.csv").unlink()
            shown, stdout, status = self.run_under_terminal(*arguments, env={"NO_COLOR": "1"})
        self.assertEqual(status, 0)
        self.assertNotRegex(shown + stdout, r"\x1b\[[0-9;]*m")

    def test_no_progress_in_a_pipe_and_no_word_when_quiet(self):
        with Target("waits_on_line.py") as target:
            arguments = ("record", "-p", target.pid, *INTERVAL, "-d", "100ms")
            spoken = tidemark(*arguments, "-o", "a.csv", cwd=self.directory)
            quiet = tidemark(*arguments, "-o", "b.csv", "--quiet", cwd=self.directory)
        self.assertEqual((spoken.status, spoken.stderr), (0, ""))
        self.assertIn("Recording: a.csv", spoken.stdout)
        self.assertEqual(quiet, (0, "", ""))


if __name__ == "__main__":
    unittest.main()
