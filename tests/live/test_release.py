"""dist/tidemark is one file that needs nothing of the machine it is copied to.

It is run where nothing but itself and /proc is, and on Debian 11, whose glibc is older than the one it was linked
with; from there it records a Python program outside, with its interpreter columns. TIDEMARK_DIST names another file;
without it script/release brings dist/tidemark up to date first. Entering a root needs root, or sudo without a password.
"""

import contextlib
import csv
import io
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import ROOT, Target

MAX_BYTES = 10_000_000
TICKS = 4
BUILD_TIMEOUT_S = 600
RUN_TIMEOUT_S = 60
SOURCES_OUT_OF_REACH = {"cgroup"}  # lives in /sys, which neither root has
BARE_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]

# A mount namespace of its own: the /proc that it mounts goes with the last process in it, whatever becomes of us.
# Ours and not a new one, for the target outside must be in it.
ENTER_ROOT = 'mount --bind /proc "$1/proc" && exec chroot "$@"'


def setUpModule():
    if subprocess.run([*AS_ROOT, "true"], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
        raise unittest.SkipTest("needs root, or sudo without a password")


def run_script(name, *arguments):
    """Runs script/NAME and returns its stdout; its stderr goes to ours."""
    done = subprocess.run([ROOT / "script" / name, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, timeout=BUILD_TIMEOUT_S, check=True)
    return done.stdout


def released_file():
    named = os.environ.get("TIDEMARK_DIST")
    if named:
        return Path(named)
    run_script("release")
    return ROOT / "dist" / "tidemark"


def run_inside(root, *command):
    """Runs a command in `root`, with this machine's /proc at its /proc."""
    return subprocess.run([*AS_ROOT, "unshare", "--mount", "sh", "-c", ENTER_ROOT, "sh", root, *command],
                          env=BARE_ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=RUN_TIMEOUT_S)


@contextlib.contextmanager
def empty_root(program):
    """A root directory that holds the program as /tidemark and a place for /proc."""
    with tempfile.TemporaryDirectory(prefix="tidemark-root-") as directory:
        root = Path(directory)
        shutil.copy(program, root / "tidemark")
        (root / "proc").mkdir()
        yield root


@contextlib.contextmanager
def bullseye_root(program):
    """The cached Debian 11 root, with the program in a directory of this test's own inside it; gives both."""
    root = Path(run_script("pythons", "bullseye").strip())
    guest = Path(subprocess.run([*AS_ROOT, "mktemp", "-d", root / "tmp" / "tidemark.XXXXXX"], capture_output=True,
                                text=True, check=True).stdout.strip())
    try:
        subprocess.run([*AS_ROOT, "cp", program, guest / "tidemark"], check=True)
        yield root, "/" / guest.relative_to(root) / "tidemark"
    finally:
        subprocess.run([*AS_ROOT, "rm", "-r", guest], check=True)


class ReleasedFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = released_file()

    def test_needs_no_shared_library(self):
        headers = subprocess.run(["readelf", "--wide", "--file-header", "--program-headers", "--dynamic", self.program],
                                 capture_output=True, text=True, check=True).stdout
        self.assertRegex(headers, r"Machine:.*X86-64")
        self.assertNotRegex(headers, r"\bINTERP\b|\(NEEDED\)")

    def test_is_small(self):
        self.assertLess(self.program.stat().st_size, MAX_BYTES)

    def test_runs_alone(self):
        with empty_root(self.program) as root:
            version = run_inside(root, "/tidemark", "--version")
            self.assertEqual((version.returncode, version.stderr), (0, ""))
            self.assertIn("tidemark", version.stdout)

    def test_records_from_an_empty_root(self):
        with empty_root(self.program) as root:
            self.assert_records_outside(root, "/tidemark")
            self.assertEqual(sorted(entry.name for entry in root.iterdir()), ["proc", "tidemark"])

    def test_records_from_debian_11(self):
        with bullseye_root(self.program) as (root, inside):
            release = run_inside(root, "cat", "/etc/debian_version")
            self.assertRegex(release.stdout, r"^11\.")
            self.assert_records_outside(root, inside)

    def assert_records_outside(self, root, program):
        """A program that waits on a known line: every row tells that line and the threads."""
        with Target("waits_on_line.py", "--threads", "2") as target:
            done = run_inside(root, program, "record", "-p", str(target.pid), "-i", "200ms", "-d", "1s", "-o", "-")
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = list(csv.DictReader(io.StringIO(done.stdout, newline=""), strict=True))
            self.assertGreaterEqual(len(rows), TICKS)
            for row in rows:
                self.assert_row_tells(row, target.truth)

    def assert_row_tells(self, row, truth):
        main = truth["main"]
        self.assertEqual(row["pid"], str(truth["pid"]))
        self.assertLessEqual({gap.partition(":")[0] for gap in row["gaps"].split()}, SOURCES_OUT_OF_REACH)
        self.assertGreater(float(row["memory_rss_mb"]), 0)
        self.assertEqual((row["python_function"], row["python_file"], row["python_line"]),
                         (main["function"], main["file"], str(main["line"])))
        self.assertEqual(row["python_threads"], str(len(truth["native_ids"])))
        self.assertEqual([row[f"gc_gen{n}_count"] for n in range(3)], [str(count) for count in truth["gc_count"]])


if __name__ == "__main__":
    unittest.main()
