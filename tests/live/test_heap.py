#!/usr/bin/python3
"""The ledger of a heap against what the interpreter and malloc say of it, at one and the same moment."""

import unittest

from support import Target, on_each_interpreter
from support.heaps import MODES, Account, HeapTest, bytes_of, debugmallocstats, malloc_info, smaps_rss

ALLOCATORS = ({}, {"PYTHONMALLOC": "malloc"}, {"PYTHONMALLOC": "debug"})
MIB = 1 << 20
# What malloc_info() calls `rest` counts each free chunk's size with its flag bits, and a chunk for each list.
WITHIN = 0.001
UNEXPLAINED = 0.01
LEAK_MIB = 24


class Truth(HeapTest):
    def assert_pymalloc(self, ledger, stated):
        self.assertEqual({name: ledger["pymalloc"][name] for name in stated}, stated)

    def assert_malloc(self, ledger, stated):
        arenas, (mapped_count, mapped_bytes) = stated
        ours = sorted((arena["system_bytes"], arena["fastbin_bytes"], arena["top_bytes"] + arena["bin_bytes"])
                      for arena in ledger["malloc"]["arenas"])
        self.assertEqual([arena[:2] for arena in ours], [arena[:2] for arena in arenas])
        for (_, _, free), (_, _, said) in zip(ours, arenas):
            self.assertAlmostEqual(free, said, delta=said * WITHIN)
        self.assertEqual(ledger["malloc"]["mapped_chunks"], mapped_count)
        self.assertAlmostEqual(ledger["malloc"]["mapped_bytes"], mapped_bytes, delta=mapped_bytes * WITHIN)
        self.assertEqual(ledger["malloc"]["torn_chunks"], 0)
        for arena in ledger["malloc"]["arenas"]:  # nothing between the chunks
            walked = sum(arena[name + "_bytes"] for name in ("in_use", "top", "bin", "fastbin", "tcache"))
            self.assertAlmostEqual(walked, arena["system_bytes"], delta=4096 + arena["system_bytes"] * WITHIN)

    @on_each_interpreter
    def test_allocators(self, python):
        """Each way of reading, while the program stands inside of the allocators' own accounts; under other allocators
        one of the exact ones is enough."""
        for environment in ALLOCATORS if python.kind != "free-threaded" else ({},):
            with Target("heap_truth.py", python=python, env=environment) as target:
                for which, stated, check in (("pymalloc", debugmallocstats, self.assert_pymalloc),
                                             ("malloc", malloc_info, self.assert_malloc)):
                    if python.kind == "free-threaded" and which == "pymalloc":
                        continue  # it has none
                    with Account(target, which) as account:
                        # Nothing moves but pages of files, which the kernel takes and gives as it likes.
                        ledgers = [(mode, smaps_rss(account.pid), self.ledger(account.pid, "--consistency", mode),
                                    smaps_rss(account.pid)) for mode in (MODES if not environment else MODES[-1:])]
                    for mode, before, ledger, after in ledgers:
                        with self.subTest(mode=mode, which=which, **environment):
                            self.assertEqual(ledger["consistency"], mode)
                            self.assertTrue(min(before, after) <= ledger["rss_bytes"] <= max(before, after))
                            check(ledger, stated(account.text))
                            self.assert_owners(ledger, target, python, environment)

    def assert_owners(self, ledger, target, python, environment):
        """What the program knows to be whose."""
        truth = target.truth
        self.assertEqual(ledger["malloc"]["library"], truth["libc"])
        self.assertGreaterEqual(bytes_of(ledger, "shared_memory"), truth["shared_mmap_bytes"])
        if python.kind == "free-threaded":
            self.assertIn("mimalloc", ledger["python_allocator"])
            self.assertGreater(bytes_of(ledger, "allocator.other", "mimalloc"), 0)
            return
        name = {"": "pymalloc", "malloc": "malloc", "debug": "pymalloc_debug"}[environment.get("PYTHONMALLOC", "")]
        wanted = "pymalloc_debug" if python.kind == "pydebug" and not environment else name
        self.assertEqual(ledger["python_allocator"], wanted)
        self.assertLess(bytes_of(ledger, "unexplained"), ledger["rss_bytes"] * UNEXPLAINED)
        self.assertEqual(bytes_of(ledger, "python.malloc", "mmap objects"), truth["private_mmap_bytes"])
        # The dict of types and NumPy's own tables are arrays of its, too: a little more than the sum of nbytes.
        numpy = bytes_of(ledger, "python.malloc", "NumPy data", "numpy.ndarray")
        self.assertGreaterEqual(numpy, truth["numpy_bytes"])
        self.assertLess(numpy - truth["numpy_bytes"], 64 << 10)

    @on_each_interpreter
    def test_native_leak_by_mmap(self, python):
        """It belongs to nobody, and so it has a row of its own."""
        leaks = []
        for size in (0, LEAK_MIB):
            with Target("heap_truth.py", "--leak-mib", size, "--threads", 1, python=python) as target:
                ledger = self.ledger(target.outer_pid if python.root else target.pid, "--consistency", "stopped")
                leaks.append(bytes_of(ledger, "unexplained"))
        self.assertAlmostEqual(leaks[1] - leaks[0], LEAK_MIB * MIB, delta=65536)

    @on_each_interpreter
    def test_main_arena_without_brk(self, python):
        """Then its chunks lie in mappings like any other."""
        with Target("heap_truth.py", "--no-brk", python=python) as target:
            with Account(target, "malloc") as account:
                ledger = self.ledger(account.pid, "--consistency", "stopped")
            self.assert_malloc(ledger, malloc_info(account.text))
            if python.kind != "free-threaded":  # whose mmap object is not found
                self.assertLess(bytes_of(ledger, "unexplained"), ledger["rss_bytes"] * UNEXPLAINED)


if __name__ == "__main__":
    unittest.main()
