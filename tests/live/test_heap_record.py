#!/usr/bin/python3
"""record --heap: ledgers in the samples, their figures in three columns, rationed; and report on such a recording."""

import json
import unittest

from support import RecordingTest, Target, tidemark
from support.heaps import HeapTest

MIB = 1 << 20
MILLIONTH = 0.5e-6 * MIB
EVERY = ("-i", "100ms", "--heap", "1s")
COLUMNS = ("pymalloc_arenas_mb", "malloc_system_mb", "malloc_free_mb")
LISTS = {"types", "files", "arena_list", "held_arenas"}  # that grow with the heap
LEDGERS = 2  # at least


def figures(heap):
    """What the three columns are to be, in bytes."""
    arenas = heap["malloc"]["arenas"]
    free = sum(arena[name + "_bytes"] for arena in arenas for name in ("top", "bin", "fastbin", "tcache"))
    return (heap["pymalloc"]["arenas"] * heap["pymalloc"]["arena_bytes"],
            sum(arena["system_bytes"] for arena in arenas), free)


class Recorded(RecordingTest, HeapTest):
    def samples_with_heap(self, recorded, pid):
        return [line for line in recorded.events("sample", pid=pid) if line.get("heap")]

    def record(self, pid, cat):
        def enough(rows):
            filled = [row["pid"] for row in rows if row["malloc_system_mb"]]
            return filled.count(str(pid)) >= LEDGERS and str(cat) in filled

        with self.recording("-p", pid, *EVERY) as recording:
            self.wait_until(recording, enough, "ledgers of both")
        self.assertEqual((recording.status, recording.stderr), (0, ""))
        return self.recorded()

    def test_ledgers_of_python_and_of_its_child(self):
        with Target("heap_known.py", "--mib", 10, "--cat") as target:
            cat = target.truth["cat_pid"]
            target.rest()
            truth = self.ledger(target.pid, "--consistency", "stopped")
            recorded = self.record(target.pid, cat)
        samples = self.samples_with_heap(recorded, target.pid)
        for sample in samples:
            heap = sample["heap"]
            self.assert_adds_up(heap)
            self.assertEqual(heap["consistency"], "racing")
            self.assertFalse(LISTS & (heap.keys() | heap["pymalloc"].keys()), "lists that grow with the heap")
            self.assertEqual(figures(heap), figures(truth))  # it stands still
            for column, size in zip(COLUMNS, figures(heap)):
                self.assertGreater(size, 0)
                self.assertAlmostEqual(sample[column] * MIB, size, delta=2 * MILLIONTH, msg=column)
        others = self.samples_with_heap(recorded, cat)
        for sample in others:
            self.assert_adds_up(sample["heap"])
            self.assertIsNone(sample["heap"]["python"])
            self.assertEqual(sample["pymalloc_arenas_mb"], 0)
        self.assert_rows_match(recorded, [line for line in recorded.events("sample") if line.get("heap")])
        self.assertGreater(len(samples) * len(others), 0)
        # One error says that the child is no Python, and none that its heap is not one of Python's.
        self.assertEqual([line["source"] for line in recorded.events("error")], ["python"])
        self.check_report()

    def check_report(self):
        for name in ("run.csv", "run.jsonl"):
            for options in ((), ("--json",)):
                result = tidemark("report", self.directory / name, *options)
                self.assertEqual((result.status, result.stderr), (0, ""), name)
                self.assertIn("heap_known.py", result.stdout)
                if options:
                    json.loads(result.stdout)

    def assert_rows_match(self, recorded, samples):
        """A row of the CSV has the columns when the sample has a ledger, and only then."""
        filled = [row for row in recorded.rows if any(row[column] for column in COLUMNS)]
        self.assertEqual([tuple(float(row[column]) for column in COLUMNS) for row in filled],
                         [tuple(sample[column] for column in COLUMNS) for sample in samples])
        self.assertLess(len(filled), len(recorded.rows) / 2, "it is rationed")


if __name__ == "__main__":
    unittest.main()
