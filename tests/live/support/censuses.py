"""Censuses of tidemark objects, and what programs say of their own objects (fixtures/programs/objects_truth.py)."""

import collections
import json
import unittest

from .heaps import COLUMNS
from .runner import tidemark


def by_name(census):
    """Counts and bytes by type; several types of one name are one."""
    sums = collections.defaultdict(lambda: [0, 0])
    for row in census["types"]:
        sums[row["type"]][0] += row["count"]
        sums[row["type"]][1] += row["bytes"]
    return {name: tuple(both) for name, both in sums.items()}


def difference(before, after):
    """What came, by type; types that stayed as they were are left out."""
    names = set(before) | set(after)
    deltas = {name: tuple(after.get(name, (0, 0))[i] - before.get(name, (0, 0))[i] for i in (0, 1)) for name in names}
    return {name: delta for name, delta in deltas.items() if delta != (0, 0)}


class CensusTest(unittest.TestCase):
    """Every census that a test reads is checked: its rows add up to its summary."""

    maxDiff = None

    def objects(self, pid, *arguments, status=0):
        """The JSON of `tidemark objects -p PID`."""
        result = tidemark("objects", "-p", pid, "--json", *arguments)
        self.assertEqual(result.status, status, result.stderr)
        reading = json.loads(result.stdout)
        self.assertEqual(reading["schema"], 1)
        for process in reading["processes"]:
            if "--top" not in arguments and "--filter" not in arguments:
                self.assert_adds_up(process)
        return reading

    def census(self, pid, *arguments, status=0):
        """The one process of it."""
        reading = self.objects(pid, *arguments, status=status)
        self.assertEqual(len(reading["processes"]), 1)
        return reading["processes"][0]

    def assert_adds_up(self, census):
        summary, types = census["summary"], census["types"]
        self.assertEqual(summary["total_objects"], sum(row["count"] for row in types))
        self.assertEqual(summary["total_size"], sum(row["bytes"] for row in types))
        self.assertEqual(summary["unique_types"], len(types))
        for row in types:
            self.assertGreater(row["count"], 0, row)

    def text(self, pid, *arguments, status=0):
        """What it says; no line is wider than 80 columns."""
        result = tidemark("objects", "-p", pid, *arguments)
        self.assertEqual(result.status, status, result.stderr)
        for line in result.stdout.splitlines():
            self.assertLessEqual(len(line), COLUMNS, line)
        return result.stdout
