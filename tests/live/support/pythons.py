"""The interpreters that tests run on: Debian's own, and pyenv's of each minor version that tidemark reads.

TIDEMARK_PYTHONS, a colon-separated list of MINOR=PATH ("3.11=/usr/bin/python3:3.12=/opt/py/bin/python3.12"), replaces
the list. TIDEMARK_REQUIRE_PYTHONS, when set and not empty, turns a missing interpreter from a skip into a failure.
"""

import functools
import os
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

DEBIAN_PYTHON = Path("/usr/bin/python3")
PYENV_MINORS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
VERSION_PROGRAM = "import sys; print('%d.%d.%d' % sys.version_info[:3])"


class Interpreter(NamedTuple):
    """`path` is None when no such interpreter is there; `version` then is only the minor version wanted."""

    version: str
    path: Optional[Path]

    def __str__(self):
        return f"{self.version} ({self.path or 'missing'})"

    @property
    def minor(self):
        return ".".join(self.version.split(".")[:2])


def _opened(minor, path):
    if path is None or not path.exists():
        return Interpreter(minor, None)
    asked = subprocess.run([path, "-c", VERSION_PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    found = Interpreter(asked.stdout.strip(), path)
    if found.minor != minor:
        raise LookupError(f"{path} is Python {found.version}, not {minor}")
    return found


def _pyenv_paths(minor):
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(root.glob(f"versions/{minor}.*/bin/python3")) or [None]


@functools.lru_cache(maxsize=None)
def interpreters():
    """All interpreters wanted, the missing ones too."""
    listed = os.environ.get("TIDEMARK_PYTHONS")
    if listed:
        pairs = [entry.partition("=") for entry in listed.split(":")]
        return [_opened(minor, Path(path)) for minor, _, path in pairs]
    debian = [_opened("3.11", DEBIAN_PYTHON)]
    return debian + [_opened(minor, path) for minor in PYENV_MINORS for path in _pyenv_paths(minor)]


def on_each_interpreter(test):
    """Decorates test_x(self, python): one subtest for each interpreter; a missing one is skipped, or fails if required."""
    @functools.wraps(test)
    def run(self):
        for python in interpreters():
            with self.subTest(python=str(python)):
                if python.path is None:
                    if os.environ.get("TIDEMARK_REQUIRE_PYTHONS"):
                        self.fail(f"Python {python.version} is required and missing")
                    self.skipTest(f"no Python {python.version}")
                test(self, python)
    return run
