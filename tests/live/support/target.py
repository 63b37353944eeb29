"""A fixture program as a target: started, ready, spoken to, and certain to be gone afterwards."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import procfs
from .paths import PROGRAMS
from .pythons import DEBIAN_PYTHON, ROOT_ENVIRONMENT, Interpreter
from .waiting import PATIENCE_S

READ_BYTES = 65536
STDERR_SHOWN = 4000


class TargetError(RuntimeError):
    """The program ended, fell silent, or did not go; the text holds what it wrote on stderr."""


class Target:
    """Context manager around one program of fixtures/programs.

    `program` is its file name, a path, or a list of words after the interpreter (["-m", "demo_pkg.worker"]); `prefix`
    are words before the interpreter (["unshare", "-pf", "--mount-proc"]); `argv0` replaces the interpreter's argv[0].
    An Interpreter that has a root runs in it, where the programs lie in /mnt.
    `truth` is the ready line, `pid` the pid in it, `popen_pid` the one we started (they differ with prefix or fork).
    """

    def __init__(self, program, *arguments, python=DEBIAN_PYTHON, prefix=(), argv0=None, env=None):
        self.python = python if isinstance(python, Interpreter) else Interpreter("", "", Path(python))
        interpreter = str(self.python.path)
        prefix = [*prefix, *self.python.entry()]
        words = list(program) if isinstance(program, (list, tuple)) else [self.python.inside(PROGRAMS / program)]
        self._arguments = [*prefix, argv0 or interpreter, *words, *map(_word, arguments)]
        self._executable = None if prefix else interpreter
        self._environment = {**os.environ, "PYTHONPATH": str(PROGRAMS), "PYTHONDONTWRITEBYTECODE": "1",
                             **(ROOT_ENVIRONMENT if self.python.root else {}), **(env or {})}
        self._pending = b""
        self._known = {}
        self.exit_status = None
        self.truth = None

    def __enter__(self):
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(self._arguments, executable=self._executable, env=self._environment,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0)
        try:
            self.truth = self.next_line()
            if not self.truth.get("ready"):
                raise self._error(f"not ready: {self.truth}")
        except BaseException:
            self._kill_all()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.exit_status is None:
                self.close()
        finally:
            self._kill_all()

    @property
    def pid(self):
        return self.truth["pid"]

    @property
    def popen_pid(self):
        return self._process.pid

    @property
    def outer_pid(self):
        """`pid` as this process sees it: the same, unless the program runs in a PID namespace of its own."""
        for pid in (self.popen_pid, *procfs.descendants(self.popen_pid)):
            if procfs.status_fields(pid)["NSpid"].split()[-1] == str(self.pid):
                return pid
        raise self._error(f"no process is {self.pid} in its namespace")

    def send(self, *words):
        """Sends a command and does not wait."""
        self._process.stdin.write((" ".join(map(str, words)) + "\n").encode())

    def ask(self, *words, patience_s=PATIENCE_S):
        """Sends a command; its answer."""
        self.send(*words)
        return self.next_line(patience_s)

    def ask_and_rest(self, *words):
        """`ask`, and returns when the program waits again: what is read of it then is what the next reading finds."""
        answer = self.ask(*words)
        self.rest()
        return answer

    def rest(self):
        """Returns when the program waits for a command."""
        procfs.wait_until_conversing(self.outer_pid)

    def next_line(self, patience_s=PATIENCE_S):
        """The next JSON line of the program."""
        give_up_at = time.monotonic() + patience_s
        while b"\n" not in self._pending:
            readable, _, _ = select.select([self._process.stdout], [], [], max(0.0, give_up_at - time.monotonic()))
            if not readable:
                raise self._error(f"said nothing for {patience_s:g} s")
            data = os.read(self._process.stdout.fileno(), READ_BYTES)
            if not data:
                raise self._error("ended its output")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        self._remember_children()
        return json.loads(line)

    def close(self, patience_s=PATIENCE_S):
        """Ends stdin and waits for the program and all that it forked; its exit status. An orphan is an error."""
        self._remember_children()
        self._process.stdin.close()
        try:
            self.exit_status = self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            raise self._error("did not end with its stdin") from None
        self.wait_for_children(patience_s)
        return self.exit_status

    def wait_for_children(self, patience_s=PATIENCE_S):
        """Returns when all children ever seen have ended, as they must once their parent has."""
        orphans = [pid for pid, pidfd in self._known.items() if not _has_ended(pidfd, patience_s)]
        if orphans:
            raise self._error(f"left {orphans} behind")

    def wait(self, patience_s=PATIENCE_S):
        """Waits for a program that ends by itself; its exit status."""
        self.exit_status = self._process.wait(patience_s)
        return self.exit_status

    def kill(self):
        """Kills the program alone with SIGKILL and reaps it; the status is the negative signal number."""
        self._remember_children()
        self._process.kill()
        self.exit_status = self._process.wait()
        return self.exit_status

    def _remember_children(self):
        """A child is known by a pidfd: its number may be another process's by the time that we clean up."""
        for pid in procfs.descendants(self._process.pid):
            if pid not in self._known:
                try:
                    self._known[pid] = os.pidfd_open(pid)
                except ProcessLookupError:
                    pass

    def _kill_all(self):
        if self._process.poll() is None:
            self._remember_children()
            self._process.kill()
        self._process.wait()
        for pidfd in self._known.values():
            try:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.close(pidfd)
        self._known.clear()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            stream.close()

    def _error(self, what):
        self._stderr.seek(0)
        stderr = self._stderr.read()[-STDERR_SHOWN:].decode(errors="replace")
        return TargetError(f"{self._arguments} {what}; exit status {self._process.poll()}\n{stderr}")


def _word(argument):
    return argument if isinstance(argument, (bytes, Path)) else str(argument)


def _has_ended(pidfd, patience_s):
    """A pidfd becomes readable when its process ends, zombie or not."""
    return bool(select.select([pidfd], [], [], patience_s)[0])
