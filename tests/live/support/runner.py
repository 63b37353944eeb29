"""Runs tidemark: once, or as a recording in the background."""

import signal
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from .paths import tidemark_binary
from .waiting import PATIENCE_S, wait_for

HEADER_LINES = 1


class Result(NamedTuple):
    status: int
    stdout: str
    stderr: str


def tidemark(*arguments, timeout_s=60.0, stdin=None, **popen_options):
    """Runs tidemark to its end; bytes that are not UTF-8 come out as surrogates."""
    done = subprocess.run([tidemark_binary(), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          errors="surrogateescape", timeout=timeout_s, **popen_options)
    return Result(done.returncode, done.stdout, done.stderr)


class Recording:
    """Context manager: `tidemark record` in the background, entered when its first rows are in the file.

    `outputs` are the files to write; the first one is watched. At the end it gets SIGINT; `status`, `stdout` and
    `stderr` stand afterwards. `prefix` are words before tidemark; a run that ends by itself (-d) may be awaited.
    """

    def __init__(self, outputs, *arguments, prefix=(), first_rows=1, **popen_options):
        self.outputs = [Path(output) for output in outputs]
        files = [word for output in self.outputs for word in ("-o", str(output))]
        self._command = [*prefix, str(tidemark_binary()), "record", *files, *map(str, arguments)]
        self._first_rows = first_rows
        self._popen_options = popen_options
        self.status = None
        self.stdout = self.stderr = ""

    def __enter__(self):
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err,
                                         **self._popen_options)
        try:
            self.wait_for_rows(self._first_rows)
        except BaseException:
            self._end(signal.SIGKILL)
            raise
        return self

    def __exit__(self, *_):
        self._end(signal.SIGINT)

    @property
    def pid(self):
        return self._process.pid

    def rows(self):
        """Whole lines after the header in the watched file so far."""
        try:
            return max(0, self.outputs[0].read_bytes().count(b"\n") - HEADER_LINES)
        except FileNotFoundError:
            return 0

    def wait_for_rows(self, count, patience_s=PATIENCE_S):
        """Returns when at least `count` rows are there; RuntimeError when tidemark ends before."""
        def enough():
            ended = self._process.poll() is not None
            if self.rows() >= count:
                return True
            if ended:
                raise RuntimeError(f"{self._command} ended with {self._process.returncode}: {self._text(self._err)}")
            return False
        wait_for(enough, f"{count} rows in {self.outputs[0]}", patience_s)

    def wait_for_more_rows(self, count, patience_s=PATIENCE_S):
        """Returns when `count` rows more than now are there."""
        self.wait_for_rows(self.rows() + count, patience_s)

    def wait(self, patience_s=PATIENCE_S):
        """Waits for a run that ends by itself; its exit status."""
        self.status = self._process.wait(patience_s)
        return self.status

    def interrupt(self, number=signal.SIGINT, patience_s=PATIENCE_S):
        """Sends a signal and waits for the end; the exit status."""
        self._process.send_signal(number)
        return self.wait(patience_s)

    def _end(self, number):
        try:
            if self._process.poll() is None:
                self.interrupt(number)
        finally:
            if self._process.poll() is None:
                self._process.kill()
            self.status = self._process.wait()
            self.stdout, self.stderr = self._text(self._out), self._text(self._err)
            self._out.close()
            self._err.close()

    @staticmethod
    def _text(stream):
        stream.seek(0)
        return stream.read().decode(errors="surrogateescape")
