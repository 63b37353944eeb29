#!/usr/bin/python3
"""The ways in which a heap can be read: which one `auto` takes and why, what is refused, and what each says of its price."""

import os
import unittest

from support import Target, tidemark
from support.heaps import EXACT, MODES, HeapTest
from support.memory_cgroup import MemoryCgroup

MIB = 1 << 20
OWN_MEMORY_MIB = 50  # with --low-memory, of 400 MiB; 200 is the promise, whatever the heap


class Automatic(HeapTest):
    def assert_taken(self, pid, mode, why):
        ledger = self.ledger(pid, "--consistency", "auto")
        self.assertEqual(ledger["consistency"], mode)
        self.assertRegex(ledger["why_consistency"], why)
        self.assertGreater(ledger["cost"]["pause_ms"], 0)
        self.assertRegex(self.text(pid, "--consistency", "auto"), f"Of the exact ways, {mode}: .*{why}")

    def test_small_is_stopped_and_large_is_frozen(self):
        for mib, mode, why in ((10, "stopped", "copying .* MB takes less of its time"),
                               (350, "frozen", "a clone of .* MB stops it for less time")):
            with self.subTest(mode), Target("heap_known.py", "--mib", mib) as target:
                self.assert_taken(target.pid, mode, why)

    def test_a_filter_that_forbids_a_clone(self):
        """Frozen is refused, auto says why it is not, stopped reads it; the program has not noticed."""
        with Target("heap_known.py", "--mib", 350, "--forbid-clone") as target:
            refused = tidemark("heap", "-p", target.pid, "--consistency", "frozen")
            self.assert_refused(refused, "could not be frozen, .*a seccomp filter of thread .* does not allow clone",
                                "--consistency stopped")
            self.assertEqual(self.ledger(target.pid, "--consistency", "stopped")["consistency"], "stopped")
            self.assert_taken(target.pid, "stopped", "no clone could be had: a seccomp filter of thread .* does not allow")
            self.assertEqual(target.ask("fill")["filled"], target.truth["blocks"])


class Price(HeapTest):
    def test_pause_threads_and_faults(self):
        threads = 3
        with Target("heap_truth.py", "--threads", threads) as target:
            for mode in MODES:
                with self.subTest(mode):
                    ledger = self.ledger(target.pid, "--consistency", mode)
                    text = self.text(target.pid, "--consistency", mode)
                    cost = ledger["cost"]
                    self.assertIsNone(ledger["why_consistency"])
                    if mode == "racing":
                        self.assertEqual((cost["pause_ms"], cost["threads"]), (0, 0))
                        self.assertIn("Cost: no stop; ", text)
                        continue
                    self.assertEqual(cost["threads"], 1 + threads)
                    self.assertRegex(text, rf"Cost: {mode}, it stood still for \d+\.\d\d ms \({1 + threads} threads\)")
                    self.assertLess(0, cost["pause_ms"])
                    self.assertLessEqual(cost["pause_ms"], cost["read_ms"])
                    self.assertEqual(cost["reap_pause_ms"] > 0, mode == "frozen")

    def test_low_memory_has_the_same_rows(self):
        with Target("heap_truth.py") as target:
            target.rest()
            for mode in EXACT:
                with self.subTest(mode):
                    plain = self.ledger(target.pid, "--consistency", mode)
                    low = self.ledger(target.pid, "--consistency", mode, "--low-memory")
                    self.assertEqual((plain["low_memory"], low["low_memory"]), (False, True))
                    for part in ("rows", "types", "files", "malloc", "pymalloc", "rss_bytes"):
                        self.assertEqual(low[part], plain[part], part)
                    self.assertIn("(--low-memory)", self.text(target.pid, "--consistency", mode, "--low-memory"))

    def test_low_memory_takes_little_of_our_own(self):
        with Target("heap_known.py", "--mib", 400, "--block-bytes", 30_000) as target:
            for mode in EXACT:
                with self.subTest(mode):
                    cost = self.ledger(target.pid, "--consistency", mode, "--low-memory")["cost"]
                    print(f"400 MiB, {mode}, --low-memory: {cost['own_rss_bytes'] / MIB:.0f} MiB of our own, "
                          f"{cost['pause_ms']:.1f} ms")
                    self.assertLess(cost["own_rss_bytes"], OWN_MEMORY_MIB * MIB)


@unittest.skipUnless(os.geteuid() == 0, "needs root to make a cgroup")
class Headroom(HeapTest):
    """What does not fit is not tried."""
    LIMIT = 100 * MIB

    def in_cgroup(self, cgroup, pid, *arguments):
        return tidemark("heap", "-p", pid, *arguments, preexec_fn=cgroup.enter)

    def test_our_own_limit(self):
        with Target("heap_known.py", "--mib", 150) as target, MemoryCgroup(self.LIMIT) as cgroup:
            refused = self.in_cgroup(cgroup, target.pid, "--consistency", "stopped")
            self.assert_refused(refused, rf"not copied: the reading needs \d+(\.\d+)? MB, and our memory cgroup "
                                         rf"{cgroup.path} has \d+(\.\d+)? MB left", "--low-memory")
            for without_copy in (("stopped", "--low-memory"), ("frozen",), ("racing",)):
                with self.subTest(without_copy):
                    done = self.in_cgroup(cgroup, target.pid, "--consistency", *without_copy)
                    self.assertEqual(done.status, 0, done.stderr)

    def test_the_limit_of_the_target(self):
        """It may write each page while the clone lives, and then needs it twice; a copy is ours alone."""
        with MemoryCgroup(2 * self.LIMIT) as cgroup:
            enter = ("sh", "-c", f'echo $$ > {cgroup.path}/cgroup.procs; exec "$@"', "sh")
            with Target("heap_known.py", "--mib", 130, prefix=enter) as target:
                refused = tidemark("heap", "-p", target.pid, "--consistency", "frozen")
                self.assert_refused(refused, "not cloned: the target's copy-on-write needs .* MB left", "--consistency stopped")
                self.assertEqual(self.ledger(target.pid, "--consistency", "stopped")["consistency"], "stopped")
                self.assertEqual(self.ledger(target.pid)["consistency"], "racing")


if __name__ == "__main__":
    unittest.main()
