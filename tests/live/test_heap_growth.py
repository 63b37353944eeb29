#!/usr/bin/python3
"""What two ledgers of one process say of it: of what is shared with its parent, of what malloc would give back, of growth."""

import json
import tempfile
import unittest
from pathlib import Path

from support import Target, resident_bytes, tidemark, wait_for
from support.heaps import EXACT, MODES, HeapTest, bytes_of, smaps_rss

MIB = 1 << 20
UNSHARED_WITHIN = 0.02
TRIM_WITHIN = 0.05
GROWTH_WITHIN = 0.05


def private_dirty(pid):
    """Of the anonymous mappings, bytes."""
    total, is_anonymous = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            is_anonymous = words[4] == "0" and words[1].endswith("p")
        elif words[0] == "Private_Dirty:" and is_anonymous:
            total += int(words[1]) * 1024
    return total


def private_of(ledger):
    """Of what lies in anonymous mappings."""
    return sum(row["private_bytes"] for row in ledger["rows"] if not row["owner"].startswith(("libraries", "files")))


class Unshared(HeapTest):
    def assert_unshared(self, ledger, pid):
        self.assertAlmostEqual(private_of(ledger), private_dirty(pid), delta=UNSHARED_WITHIN * private_dirty(pid))

    def test_what_a_forked_worker_has_unshared(self):
        with Target("heap_known.py", "--fork") as target:
            worker = target.truth["worker_pid"]
            for mode in MODES:
                with self.subTest(mode, after="fork"):
                    parent, child = self.heap(target.pid, "--children", "--consistency", mode)["processes"]
                    self.assertEqual((parent["parent"], child["pid"], child["parent"]), (None, worker, target.pid))
                    self.assert_unshared(parent, target.pid)
                    self.assert_unshared(child, worker)
            unshared = target.ask("unshare")["unshared_bytes"]
            for mode in MODES:
                with self.subTest(mode, after="writing"):
                    for ledger in self.heap(target.pid, "--children", "--consistency", mode)["processes"]:
                        self.assert_unshared(ledger, ledger["pid"])
                        private = sum(row["private_bytes"] for row in ledger["rows"]
                                      if (row["owner"], row["detail"]) == ("python.malloc", "bytearray"))
                        self.assertAlmostEqual(private, unshared, delta=UNSHARED_WITHIN * unshared)
            text = self.text(target.pid, "--children")
            self.assertIn("private", text)
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
    def assert_growth(self, compared, grown):
        process, = compared["processes"]
        self.assertTrue(process["adds_up"])
        self.assertEqual(process["matched_by"], "identity")
        self.assertEqual(sum(row["change_bytes"] for row in process["rows"]), process["row_change_bytes"])
        self.assertEqual(process["row_change_bytes"] + process["moved_change_bytes"], process["rss_change_bytes"])
        self.assertEqual(process["rss_after_bytes"] - process["rss_before_bytes"], process["rss_change_bytes"])
        for kind in ("bytearray", "tuple"):
            types = [row for row in process["types"] if row["type"] == kind]
            self.assert_change(types, grown[f"{kind}s"], grown[f"{kind}_bytes"])
        first, second = process["types"][:2]
        self.assertEqual({first["type"], second["type"]}, {"bytearray", "tuple"})
        self.assert_change([row for row in process["rows"] if (row["owner"], row["detail"]) == ("python.malloc", "bytearray")],
                           None, grown["bytearray_bytes"])
        self.assert_change([row for row in process["rows"] if (row["owner"], row["detail"]) == ("python.pymalloc", "tuple")],
                           None, grown["tuple_bytes"])

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
                result = tidemark("heap", "-p", target.pid, "--diff", saved, "--json", "--consistency", mode)
                self.assertEqual(result.status, 0, result.stderr)
                self.assert_growth(json.loads(result.stdout), grown)
                self.assertRegex(self.text(target.pid, "--diff", saved), "bytearray.*tuple|tuple.*bytearray")
