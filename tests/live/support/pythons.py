"""The interpreters that tests run on: those of tests/pythons.list, which script/pythons makes available.

TIDEMARK_PYTHONS, names of the list separated by commas ("trixie-3.13,3.13t"), narrows it; MINOR=PATH among them
("3.12=/opt/py/bin/python3.12") is an interpreter of the machine that is in no list. TIDEMARK_REQUIRE_PYTHONS says which
ones may not be missing: `ci` those so marked in the list, otherwise names; what is missing else is left out, in a line
that says so. Those that the list marks `objects` are among the interpreters only where TIDEMARK_PYTHONS names them.
"""

import functools
import glob
import os
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from .paths import CACHE, PROGRAMS, ROOT

LIST = ROOT / "tests" / "pythons.list"
DEBIAN_PYTHON = Path("/usr/bin/python3")
VERSION_PROGRAM = "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.abiflags)"
KINDS_BY_FLAG = {"t": "free-threaded", "d": "pydebug"}  # of sys.abiflags
PROGRAMS_IN_ROOT = Path("/mnt")
EXTRAS_IN_ROOT = Path("/media")
# Each step execs the next, so that the pid stays; the mounts end with the mount namespace, and that with the target.
ENTER_ROOT = ('root=$1 programs=$2 extras=$3; shift 3; mount --bind "$programs" "$root/mnt" &&'
              ' mount --bind "$extras" "$root/media" && mount --rbind /proc "$root/proc" &&'
              ' exec chroot "$root" "$@"')
ROOT_ENVIRONMENT = {"PYTHONPATH": str(PROGRAMS_IN_ROOT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class Interpreter(NamedTuple):
    """`path`, within `root` if it has one, is None when the interpreter is not there; `version` is then the minor one."""

    name: str
    version: str
    path: Optional[Path]
    kind: str = "release"
    root: Optional[Path] = None
    ci: bool = False
    is_read: bool = True  # tidemark has its layout
    only_named: bool = False  # no test runs on it that does not name it or ask for its kind
    has_library: bool = False  # the list wants a shared libpython and headers
    extras: Optional[Path] = None  # a directory of the test's own that is /media in the root

    def __str__(self):
        return f"{self.name} ({self.version}, {self.kind}, {self.path or 'missing'})"

    @property
    def minor(self):
        return ".".join(self.version.split(".")[:2])

    @property
    def gil_modes(self):
        """(environment, whether one thread at a time runs then) of each way to run it: a free-threaded build has a GIL
        as every other, and has it disabled unless it is told otherwise."""
        if self.kind == "free-threaded":
            return [({}, False), ({"PYTHON_GIL": "1"}, True)]
        return [({}, True)]

    @property
    def required(self):
        wanted = os.environ.get("TIDEMARK_REQUIRE_PYTHONS", "")
        return self.ci if wanted == "ci" else self.name in wanted.split(",")

    def entry(self):
        """Words before a command that enter the interpreter's root; PROGRAMS is /mnt in it, and `extras` /media."""
        if self.root is None:
            return []
        return ["unshare", "--mount", "sh", "-c", ENTER_ROOT, "sh", str(self.root), str(PROGRAMS),
                str(self.extras or PROGRAMS)]

    def inside(self, path):
        """What a path below PROGRAMS is called where the interpreter runs."""
        if self.root is not None and Path(path).is_relative_to(PROGRAMS):
            return PROGRAMS_IN_ROOT / Path(path).relative_to(PROGRAMS)
        return Path(path)

    def outside(self, path):
        """`inside` undone."""
        if self.root is not None and Path(path).is_relative_to(PROGRAMS_IN_ROOT):
            return PROGRAMS / Path(path).relative_to(PROGRAMS_IN_ROOT)
        return Path(path)


def _opened(wanted):
    """The interpreter with the version that it says it has, and of one that is not in the list the kind; not there, it
    loses its path."""
    if wanted.path is None or not os.path.lexists(f"{wanted.root or ''}{wanted.path}"):
        return wanted._replace(path=None)
    if wanted.root is not None and os.geteuid() != 0:
        return wanted._replace(path=None)  # only root can enter it
    enter = ["chroot", wanted.root] if wanted.root is not None else []
    asked = subprocess.run([*enter, wanted.path, "-c", VERSION_PROGRAM], capture_output=True, text=True, timeout=60,
                           check=True)
    version, *flags = asked.stdout.split()
    found = wanted._replace(version=version)
    if "=" in wanted.name:
        kinds = [KINDS_BY_FLAG[flag] for flag in "".join(flags) if flag in KINDS_BY_FLAG]
        found = found._replace(kind=kinds[0] if kinds else "release")
    if found.minor != wanted.version:
        raise LookupError(f"{wanted.path} is Python {found.version}, not {wanted.version}")
    return found


def _pyenv_path(pattern):
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = sorted(glob.glob(str(root / pattern)))
    return Path(found[-1]) if found else None


def _listed(line):
    name, minor, kind, where, path, ci, tidemark, packages = line.split()
    place, _, suite = where.partition(":")
    found = {"host": lambda: Path(path), "pyenv": lambda: _pyenv_path(path), "root": lambda: Path(path),
             "built": lambda: CACHE / "pythons" / name / path}[place]()
    root = CACHE / "roots" / suite if place == "root" else None
    has_library = kind == "shared" or f"libpython{minor}" in packages.split(",")
    return Interpreter(name, minor, found, kind, root, ci == "ci", tidemark != "later", tidemark == "objects", has_library)


def _all_listed():
    lines = [line.partition("#")[0].strip() for line in LIST.read_text().splitlines()]
    return {found.name: found for found in (_listed(line) for line in lines if line)}


def _wanted():
    """The words of TIDEMARK_PYTHONS; none where it does not narrow the list."""
    return [word for word in os.environ.get("TIDEMARK_PYTHONS", "").split(",") if word]


@functools.lru_cache(maxsize=None)
def interpreters():
    """All interpreters wanted, the missing ones too."""
    listed = _all_listed()
    chosen = []
    for word in _wanted() or [name for name, python in listed.items() if not python.only_named]:
        minor, is_path, path = word.partition("=")
        chosen.append(Interpreter(word, minor, Path(path)) if is_path else listed[word])
    return [_opened(python) for python in chosen]


def _on_each(test, is_chosen):
    @functools.wraps(test)
    def run(self):
        for python in filter(is_chosen, interpreters()):
            with self.subTest(python=str(python)):
                _skip_if_missing(self, python)
                test(self, python)
    return run


def _skip_if_missing(test, python):
    if python.path is None and python.required:
        test.fail(f"{python.name} is required and missing; script/pythons makes it")
    if python.path is None:
        _leave_out(test, python, "is not on this machine, or needs root")


def _leave_out(test, python, why):
    print(f"left out: {python.name} {why}", flush=True)
    test.skipTest(f"{python.name} {why}")


def on_each_listed_interpreter(test):
    """Decorates test_x(self, python): one subtest for each interpreter; a missing one is skipped, or fails if required."""
    return _on_each(test, lambda python: True)


def on_each_interpreter(test):
    """The same for what is asked of tidemark: an interpreter that it cannot read yet is skipped."""
    @functools.wraps(test)
    def run_if_read(self, python):
        if not python.is_read:
            _leave_out(self, python, "is not read yet")
        test(self, python)
    return on_each_listed_interpreter(run_if_read)


def on_host_interpreters(test):
    """As on_each_interpreter, on those that need no root of their own: for what every CPython does alike."""
    return _on_each(test, lambda python: python.root is None and python.is_read)


def trace_refs_python(test):
    """The listed interpreter that keeps a list of all its objects, sys.getobjects(), for the test case `test`; it skips
    where that is missing or TIDEMARK_PYTHONS leaves it out, and fails where it is missing and required."""
    python, = (listed for listed in _all_listed().values() if listed.kind == "trace-refs")
    if _wanted() and python.name not in _wanted():
        _leave_out(test, python, "is not among TIDEMARK_PYTHONS")
    python = _opened(python)
    _skip_if_missing(test, python)
    return python
