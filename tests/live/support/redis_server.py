"""A real Redis of the test's own: a loopback port that nobody uses, a directory of its own, nothing kept on disk."""

import subprocess
import tempfile
from pathlib import Path

import redis

from .waiting import free_port, wait_for

START_TRIES = 5


class Redis:
    """Context manager; `port` is where it listens."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="tidemark-redis-")
        for _ in range(START_TRIES):
            self.port = free_port()
            if self._start():
                return self
        log = self._log_path().read_text()
        self._directory.cleanup()
        raise RuntimeError(f"redis-server did not start:\n{log}")

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._directory.cleanup()

    def _log_path(self):
        return Path(self._directory.name) / "log"

    def _start(self):
        """False when the server ended at once: somebody took the port between our look and its bind."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", self._directory.name, "--logfile", str(self._log_path()), "--daemonize", "no"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return wait_for(self._answers_or_ended, "redis-server answers") == "answers"
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _answers_or_ended(self):
        if self._process.poll() is not None:
            return "ended"
        try:
            with redis.Redis(port=self.port) as client:
                return "answers" if client.info()["process_id"] == self._process.pid else None
        except redis.exceptions.ConnectionError:
            return None
