"""A memory cgroup of the test's own, with a limit: v1 or v2, whichever this machine has."""

import os
import unittest
from pathlib import Path

V1 = Path("/sys/fs/cgroup/memory")
V2 = Path("/sys/fs/cgroup")


class MemoryCgroup:
    """Context manager; skips the test where none can be made. `enter` is for subprocess's preexec_fn."""

    def __init__(self, limit_bytes):
        self._limit_bytes = limit_bytes
        self._is_v1 = (V1 / "memory.limit_in_bytes").exists()
        self.path = (V1 if self._is_v1 else V2) / f"tidemark-heap-{os.getpid()}"

    def __enter__(self):
        subtree = V2 / "cgroup.subtree_control"
        if not self._is_v1 and not (subtree.exists() and "memory" in subtree.read_text()):
            raise unittest.SkipTest("no memory controller to be had")
        try:
            self.path.mkdir()
        except OSError as error:
            raise unittest.SkipTest(f"no memory cgroup can be made: {error}") from None
        name = "memory.limit_in_bytes" if self._is_v1 else "memory.max"
        (self.path / name).write_text(str(self._limit_bytes))
        return self

    def __exit__(self, *_):
        self.path.rmdir()

    def enter(self):
        (self.path / "cgroup.procs").write_text("0")
