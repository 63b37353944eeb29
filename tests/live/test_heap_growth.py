#!/usr/bin/python3
"""What two ledgers of one process say of it: of what is shared with its parent, of what malloc would give back, of growth."""

import json
import tempfile
import unittest
from pathlib import Path

from support import Target, tidemark, wait_until_conversing
from support.heaps import MODES, HeapTest, smaps_rss

MIB = 1 << 20
UNSHARED_WITHIN = 0.02
SHARED_SHARE = 0.05  # at most so much is private just after a fork
TRIM_WITHIN = 0.05
GROWTH_WITHIN = 0.05
LEAST_LEAKED = MIB  # more than any other row of that program moves


def private_bytes(pid, *fields):
    """Of the anonymous mappings, by smaps."""
    total, is_anonymous = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            is_anonymous = words[4] == "0" and words[1].endswith("p")
        elif words[0].rstrip(":") in fields and is_anonymous:
            total += int(words[1]) * 1024
    return total


def private_of(ledger):
    """Of what lies in anonymous mappings, but for the kernel's pages."""
    return sum(row["private_bytes"] for row in ledger["rows"] if not row["owner"].startswith(("libraries", "files")))


def kinds_of(ledger):
    """Of objects, those that make a difference."""
    return {(row["owner"], row["detail"]) for row in ledger["rows"]
            if row["owner"].startswith("python.") and row["bytes"] > MIB // 8}


class Unshared(HeapTest):
    def assert_unshared(self, ledger, mode):
        pid = ledger["pid"]
        true = private_bytes(pid, "Private_Dirty")
        self.assertAlmostEqual(private_of(ledger), true, delta=UNSHARED_WITHIN * max(true, 10 * MIB), msg=(mode, pid))
        # What is private without having been written was made so by who read it.
        self.assertLess(private_bytes(pid, "Private_Clean"), MIB // 4)

    def read_family(self, target, mode):
        """The ledgers of parent and worker, when both have come to where they wait."""
        for pid in (target.pid, target.truth["worker_pid"]):
            wait_until_conversing(pid)
        parent, worker = self.heap(target.pid, "--children", "--consistency", mode)["processes"]
        self.assertEqual((parent["parent"], worker["parent"]), (None, target.pid))
        self.assertEqual((parent["pid"], worker["pid"]), (target.pid, target.truth["worker_pid"]))
        for ledger in (parent, worker):
            self.assert_unshared(ledger, mode)
        # The worker has the names of types in the file alone: it has used none yet.
        self.assertEqual(kinds_of(worker), kinds_of(parent))
        return parent, worker

    def test_what_a_forked_worker_has_unshared(self):
        with Target("heap_known.py", "--fork") as target:
            for mode in MODES:
                with self.subTest(mode, after="fork"):
                    for ledger in self.read_family(target, mode):
                        self.assertLess(private_of(ledger), SHARED_SHARE * ledger["rss_bytes"])
            unshared = target.ask("unshare")["unshared_bytes"]
            for mode in MODES:
                with self.subTest(mode, after="writing"):
                    for ledger in self.read_family(target, mode):
                        private = sum(row["private_bytes"] for row in ledger["rows"]
                                      if (row["owner"], row["detail"]) == ("python.malloc", "bytearray buffers"))
                        self.assertAlmostEqual(private, unshared, delta=UNSHARED_WITHIN * unshared)
            text = self.text(target.pid, "--children")
            self.assertRegex(text, "owner MB % of RSS private count")
            self.assertIn("Since its fork each child has made private", text)


class Trim(HeapTest):
    GARBAGE_MIB = 64

    def test_what_malloc_trim_gives_back(self):
        for mode in MODES:
            with self.subTest(mode), Target("heap_truth.py", "--garbage-mib", self.GARBAGE_MIB) as target:
                ledger = self.ledger(target.pid, "--consistency", mode)
                before = smaps_rss(target.pid)
                self.assertEqual(target.ask("trim")["trimmed"], 1)
                fallen = before - smaps_rss(target.pid)
                said = ledger["malloc"]["trim_bytes"]
                print(f"{mode}: {said / MIB:.2f} MiB predicted, {fallen / MIB:.2f} MiB given back", flush=True)
                self.assertGreater(fallen, self.GARBAGE_MIB * MIB * 0.9)
                self.assertAlmostEqual(said, fallen, delta=TRIM_WITHIN * fallen)

    def test_sentences(self):
        with Target("heap_truth.py", "--garbage-mib", self.GARBAGE_MIB, "--threads", 16) as target:
            text = self.text(target.pid)
            self.assertRegex(text, r"malloc_trim\(0\) would give back \d+(\.\d+)? MB \(\d+(\.\d+)? % of RSS\)")
            self.assertRegex(text, r"\d+ thread arenas of malloc hold .* MALLOC_ARENA_MAX=1")


class Growth(HeapTest):
    def compared(self, pid, *arguments):
        """The JSON, whose sums add up."""
        result = tidemark("heap", "-p", pid, "--json", *arguments)
        self.assertEqual(result.status, 0, result.stderr)
        compared = json.loads(result.stdout)
        for process in compared["processes"]:
            self.assertTrue(process["adds_up"])
            self.assertEqual(process["matched_by"], "identity")
            self.assertEqual(sum(row["change_bytes"] for row in process["rows"]), process["row_change_bytes"])
            self.assertEqual(process["row_change_bytes"] + process["moved_change_bytes"], process["rss_change_bytes"])
            self.assertEqual(process["rss_after_bytes"] - process["rss_before_bytes"], process["rss_change_bytes"])
        return compared

    def assert_growth(self, compared, grown):
        process, = compared["processes"]
        for kind in ("bytearray", "tuple"):
            types = [row for row in process["types"] if row["type"] == f"builtins.{kind}"]
            self.assert_change(types, grown[f"{kind}s"], grown[f"{kind}_bytes"])
        first, second = process["types"][:2]
        self.assertEqual({first["type"], second["type"]}, {"builtins.bytearray", "builtins.tuple"})
        for owner, kind, size in (("python.malloc", "bytearray buffers", grown["bytearray_bytes"]),
                                  ("python.pymalloc", "tuple", grown["tuple_bytes"])):
            self.assert_change([row for row in process["rows"] if (row["owner"], row["detail"]) == (owner, kind)], None, size)

    def assert_change(self, rows, count, size):
        row, = rows
        self.assertAlmostEqual(row["change_bytes"], size, delta=GROWTH_WITHIN * size)
        self.assertEqual(row["after_bytes"] - row["before_bytes"], row["change_bytes"])
        if count is not None:
            self.assertAlmostEqual(row["after_count"] - row["before_count"], count, delta=GROWTH_WITHIN * count)

    def test_against_a_saved_ledger(self):
        for mode in MODES:
            with self.subTest(mode), tempfile.TemporaryDirectory() as directory, Target("heap_known.py") as target:
                saved = Path(directory) / "before.json"
                self.text(target.pid, "--save", saved, "--consistency", mode)
                grown = target.ask("grow")
                self.assert_growth(self.compared(target.pid, "--diff", saved, "--consistency", mode), grown)
                self.assertRegex(self.text(target.pid, "--diff", saved), "bytearray.*tuple|tuple.*bytearray")

    def test_native_leak_while_it_is_watched(self):
        """--growth: what leaks is no Python object, and its blocks are of one size."""
        block = 100_000
        with Target("native_leak.py", "--block-bytes", block, "--rate-mb-per-s", 20) as target:
            before = target.ask("status")["leaked_bytes"]
            compared = self.compared(target.pid, "--growth", "1s")
            leaked = target.ask("status")["leaked_bytes"] - before
            self.assertLess(1, compared["apart_seconds"])
            process, = compared["processes"]
            first = process["rows"][0]
            self.assertEqual(first["owner"], "malloc.in_use")
            # How much of it was leaked between the two ledgers the program does not know.
            self.assertGreater(first["change_bytes"], LEAST_LEAKED)
            self.assertLessEqual(first["change_bytes"], leaked + LEAST_LEAKED)
            size = process["native_sizes"][0]
            self.assertAlmostEqual(size["chunk_bytes"], block, delta=32)
            self.assertAlmostEqual(size["change_bytes"], first["change_bytes"], delta=GROWTH_WITHIN * first["change_bytes"])
            self.assertRegex(self.text(target.pid, "--growth", "500ms"), "malloc in use, not Python's")


if __name__ == "__main__":
    unittest.main()
