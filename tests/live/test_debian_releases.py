#!/usr/bin/python3
"""The interpreters that other Debian releases ship: stripped, static, of micro releases that no table was made from.

Each runs in a root of its own release (script/debian-root) and is recorded from outside; every figure must be what the
program says of itself.
"""

import os
import subprocess
import unittest

from support import PROGRAMS, ROOT, Target
from test_record_interpreter import InterpreterTest

ROOT_TIMEOUT_S = 900
# The programs are seen at /mnt of the root, in a mount namespace that ends with the target. Each step execs the next, so
# that the pid stays.
ENTER_ROOT = 'mount --bind "$1" "$2/mnt" && shift && exec chroot "$@"'


@unittest.skipUnless(os.geteuid() == 0, "needs root to enter another root")
class DebianReleases(InterpreterTest):
    origins = ("builtin", "debug_offsets", "builtin, untested micro", "debug_offsets, untested micro")

    def target(self, suite, *options):
        made = subprocess.run([ROOT / "script" / "debian-root", suite], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True, timeout=ROOT_TIMEOUT_S, check=True)
        enter = ["unshare", "--mount", "sh", "-c", ENTER_ROOT, "sh", str(PROGRAMS), made.stdout.strip()]
        return Target(["/mnt/waits_on_line.py", *map(str, options)], python="/usr/bin/python3", prefix=enter,
                      env={"PYTHONPATH": "/mnt", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def check(self, suite, minor):
        for name, options in (("threads", ("--threads", 3, "--depth", 4)), ("garbage", ("--garbage", 5, "--freeze")),
                              ("spin", ("--spin", "--threads", 2)), ("fork", ("--fork", "thread", "--threads", 2))):
            with self.subTest(name), self.target(suite, *options) as target:
                self.assertEqual(".".join(target.truth["python"].split(".")[:2]), minor)
                self.assert_recorded(target, target.pid, f"{suite}-{name}")

    def test_debian_11(self):
        self.check("bullseye", "3.9")

    def test_debian_13(self):
        self.check("trixie", "3.13")


if __name__ == "__main__":
    unittest.main()
