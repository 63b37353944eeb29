#!/usr/bin/python3
"""Processes that tidemark heap cannot read, may not read, or knows little of; and that it lets all of them alone."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from support import Target, thread_ids, tidemark, tidemark_binary, wait_until_all_read
from support.heaps import MODES, HeapTest, bytes_of, smaps_rss

GUARD = Path(os.environ.get("TIDEMARK_GUARD") or tidemark_binary().parent / "tidemark_guard")
NATIVE = Path(__file__).resolve().parent / "native"
NOBODY = 65534
AS_NOBODY = {"user": NOBODY, "group": NOBODY, "extra_groups": []}


class Refused(HeapTest):
    def refused(self, pid, *arguments, **options):
        return tidemark("heap", "-p", pid, *arguments, **options)

    def test_no_such_process(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        for mode in MODES:
            with self.subTest(mode):
                self.assert_refused(self.refused(gone.pid, "--consistency", mode), f"no process with pid {gone.pid}", "ps ")

    def test_a_zombie(self):
        zombie = subprocess.Popen(["true"])
        self.addCleanup(zombie.wait)
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        self.assert_refused(self.refused(zombie.pid), f"no process with pid {zombie.pid} .*zombie", "ended")

    def test_a_thread(self):
        with Target("waits_on_line.py", "--threads", 1) as target:
            thread = next(tid for tid in thread_ids(target.pid) if tid != target.pid)
            self.assert_refused(self.refused(thread), f"{thread} is a thread of process {target.pid}", f"-p {target.pid}")

    def test_a_kernel_thread(self):
        name = Path("/proc/2/comm")
        if not name.exists() or name.read_text() != "kthreadd\n":
            self.skipTest("no kernel thread is seen here")
        for mode in MODES:
            with self.subTest(mode):
                self.assert_refused(self.refused(2, "--consistency", mode), "pid 2 is a kernel thread")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be somebody else")
    def test_as_another_user(self):
        with Target("waits_on_line.py") as target:
            for mode in MODES:
                with self.subTest(mode):
                    self.assert_refused(self.refused(target.pid, "--consistency", mode, **AS_NOBODY),
                                        f"pid {target.pid} may not be read: .*(denied|permitted)", "root")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be somebody else")
    def test_without_root_ones_own(self):
        """As much as ptrace_scope allows: it is a child of ours, and so is the reader."""
        as_nobody = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")
        with Target("waits_on_line.py", prefix=[str(word) for word in as_nobody]) as target:
            for mode in MODES:
                with self.subTest(mode):
                    read = tidemark("heap", "-p", target.pid, "--json", "--consistency", mode, **AS_NOBODY)
                    self.assertEqual(read.status, 0, read.stderr)
                    ledger = json.loads(read.stdout)["processes"][0]
                    self.assert_adds_up(ledger)
                    self.assertEqual(ledger["python_allocator"], "pymalloc")


class Others(HeapTest):
    def test_no_python(self):
        with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as cat:
            wait_until_all_read(cat.pid)
            for mode in MODES:
                with self.subTest(mode):
                    ledger = self.ledger(cat.pid, "--consistency", mode)
                    self.assertEqual((ledger["python"], bytes_of(ledger, "python.")), (None, 0))
                    self.assertRegex(ledger["notes"][0], "No interpreter was read")
                    self.assertEqual(ledger["rss_bytes"], smaps_rss(cat.pid))
                    self.assertGreater(bytes_of(ledger, "libraries.text"), 0)
            self.assertIn("No interpreter was read", self.text(cat.pid))
            cat.stdin.close()

    def test_several_of_which_one_is_not_there(self):
        with Target("waits_on_line.py") as one, subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as cat:
            result = tidemark("heap", "-p", one.pid, "-p", cat.pid, "-p", 1 << 22)
            self.assertEqual(result.status, 4, result.stderr)
            self.assertIn(f"no process with pid {1 << 22}", result.stderr)
            self.assertIn("All 2 processes", result.stdout)
            cat.stdin.close()

    def test_it_writes_and_stops_nothing(self):
        with Target([NATIVE / "watched_target.py"]) as target:
            for options in ([], ["--json"], ["--children"], ["--growth", "100ms"], ["--by", "type"]):
                with self.subTest(options):
                    done = subprocess.run([GUARD, tidemark_binary(), "heap", "-p", str(target.pid), *options],
                                          capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertRegex(done.stderr, r"guard: looked at \d{2,} opens")
                    self.assertNotIn("refused", done.stderr)
                    self.assertIn(str(target.pid), done.stdout)
            self.assertEqual(target.ask("status")["tracers"], [0])


if __name__ == "__main__":
    unittest.main()
