#!/usr/bin/python3
"""Memory that could be counted twice or not at all: huge pages, what a fork leaves out, zero pages, subinterpreters."""

import contextlib
import unittest
from pathlib import Path

from support import Target, interpreters
from support.heaps import HeapTest, bytes_of, smaps_rss

MIB = 1 << 20
SIZE_MIB = 32
HUGE_PAGE_BYTES = 2 * MIB
NEAR = MIB  # what a program maps for itself is less
UNEXPLAINED = 0.01
THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")
HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")
WAYS = (("racing",), ("stopped",), ("frozen",), ("frozen", "--low-memory"))
ONE_GIL, OWN_GILS = ("host-3.11",), ("pyenv-3.12", "pyenv-3.13", "forky-3.14")


@contextlib.contextmanager
def huge_pages(count):
    """So many more in the machine's pool, as long as it lasts; skips where there are none to be had."""
    before = int(HUGE_PAGES.read_text())
    try:
        HUGE_PAGES.write_text(str(before + count))
    except OSError as error:
        raise unittest.SkipTest(f"no hugetlb pages: {error}") from None
    try:
        if int(HUGE_PAGES.read_text()) < before + count:
            raise unittest.SkipTest("no hugetlb pages are free")
        yield
    finally:
        HUGE_PAGES.write_text(str(before))


class OddMemory(HeapTest):
    """The rows are RSS in each mode, and the odd memory is where it belongs, once."""

    def check(self, kind, resident_mib, owner="unexplained", more=lambda ledger: None):
        with Target("odd_memory.py", kind, "--mib", SIZE_MIB) as target:
            target.rest()
            for words in WAYS:
                with self.subTest(kind=kind, words=words):
                    ledger = self.ledger(target.pid, "--consistency", *words)
                    self.assertEqual(ledger["rss_bytes"], smaps_rss(target.pid))
                    self.assertAlmostEqual(bytes_of(ledger, owner), resident_mib * MIB, delta=NEAR)
                    more(ledger)
            self.assertAlmostEqual(target.ask("status")["rss_bytes"], target.truth["rss_bytes"], delta=NEAR)

    def test_plain(self):
        self.check("plain", SIZE_MIB)

    def test_every_other_page(self):
        self.check("sparse", SIZE_MIB / 2)

    def test_transparent_huge_pages(self):
        if not THP.exists() or "[never]" in THP.read_text():
            self.skipTest("no transparent huge pages")
        self.check("huge", SIZE_MIB, more=lambda ledger: self.assertAlmostEqual(
            ledger["beside"]["anon_huge_bytes"], SIZE_MIB * MIB, delta=2 * HUGE_PAGE_BYTES))

    def test_hugetlb_pages(self):
        with huge_pages(SIZE_MIB * MIB // HUGE_PAGE_BYTES):
            self.check("hugetlb", 0, more=lambda ledger: self.assertEqual(
                ledger["beside"]["hugetlb_bytes"], SIZE_MIB * MIB))

    def test_what_a_fork_does_not_copy(self):
        self.check("dontfork", SIZE_MIB)

    def test_what_a_fork_wipes(self):
        self.check("wipeonfork", SIZE_MIB)

    def test_zero_pages(self):
        """Read only, and so all one page of the kernel's, which is not in RSS."""
        self.check("zero", 0)

    def test_shared(self):
        self.check("shared", SIZE_MIB, owner="shared_memory")

    def test_what_may_no_longer_be_read(self):
        self.check("unreadable", SIZE_MIB)

    def test_swapped_out(self):
        if not Path("/proc/swaps").read_text().splitlines()[1:]:
            self.skipTest("no swap on this machine")
        with Target("odd_memory.py", "pageout", "--mib", SIZE_MIB) as target:
            ledger = self.ledger(target.pid, "--consistency", "stopped")
            swapped = ledger["beside"]["swap_bytes"]
            self.assertEqual(sum(row["swap_bytes"] for row in ledger["rows"]), swapped)
            self.assertAlmostEqual(swapped + bytes_of(ledger, "unexplained"), SIZE_MIB * MIB, delta=NEAR)


class Subinterpreters(HeapTest):
    """From 3.12 on each may have a GIL, and has a pymalloc, of its own."""

    def check(self, names):
        for python in interpreters():
            if python.name not in names:
                continue
            with self.subTest(python=str(python)):
                if python.path is None:
                    self.skipTest(f"{python.name} is not on this machine, or needs root")
                with Target("subinterpreters.py", "--interpreters", 4, python=python) as target:
                    pid = target.outer_pid if python.root else target.pid
                    for mode in ("racing", "stopped"):
                        ledger = self.ledger(pid, "--consistency", mode)
                        share = bytes_of(ledger, "unexplained") / ledger["rss_bytes"]
                        print(f"{python.name}, {mode}: {share:.2%} unexplained of {ledger['rss_bytes'] / MIB:.1f} MiB",
                              flush=True)
                        self.assertLess(share, UNEXPLAINED)

    def test_with_one_pymalloc(self):
        self.check(ONE_GIL)

    def test_with_one_pymalloc_each(self):
        self.check(OWN_GILS)


if __name__ == "__main__":
    unittest.main()
