#!/usr/bin/python3
"""The census of a program's objects against what the program says of them itself, at one and the same moment."""

import unittest

from support import Target, on_each_interpreter, trace_refs_python
from support.censuses import CensusTest, by_name, difference
from support.heaps import EXACT

# The collector forgets tuples, dicts (to 3.13) and frozensets (from 3.15 on) that can be in no cycle, and to 3.10 has no
# frame that runs: gc.get_objects() has not all of them.
SOMETIMES_UNTRACKED = {"builtins.tuple", "builtins.dict", "builtins.frozenset", "builtins.frame"}
HEAD_OF_BYTES = 33
LINE_OF_ACCOUNT = HEAD_OF_BYTES + (1 << 16) + 1
BYTE = HEAD_OF_BYTES + 1
ALLOCATORS = ({}, {"PYTHONMALLOC": "malloc"}, {"PYTHONMALLOC": "debug"})


def sizes_known(census):
    """Types whose __sizeof__ is followed: of the others the census says itself that it is not."""
    return {row["type"] for row in census["types"]} - {row["type"] for row in census["types"] if row.get("has_own_sizeof")}


def version_of(target):
    return tuple(int(number) for number in target.truth["python"].split(".")[:2])


class Truth(CensusTest):
    def assert_as_collector_says(self, census, stated):
        ours, known = by_name(census), sizes_known(census)
        for name, (count, size) in stated.items():
            if name in SOMETIMES_UNTRACKED:
                self.assertGreaterEqual(ours[name][0], count, name)
                continue
            with self.subTest(type=name):
                self.assertEqual(ours.get(name, (0, 0))[0], count)
                if name in known:
                    self.assertEqual(ours[name][1], size)

    @on_each_interpreter
    def test_tracked_objects(self, python):
        """All that gc.get_objects() gives while the program stands still; racing, too, that is exact."""
        if python.kind == "free-threaded":
            return
        with Target("objects_truth.py", python=python) as target:
            stated = target.ask_and_rest("count")["types"]
            census = self.census(target.outer_pid)
            self.assertEqual((census["consistency"], census["coverage"]["share"]), ("racing", 1))
            self.assertEqual(census["summary"]["gc_thresholds"], target.truth["gc_thresholds"])
            self.assert_as_collector_says(census, stated)

    @on_each_interpreter
    def test_known_objects(self, python):
        """What comes between two censuses is what was made, and nothing else; with each allocator."""
        if python.kind == "free-threaded":
            return
        for environment in ALLOCATORS:
            with Target("objects_truth.py", python=python, env=environment) as target:
                # A round before: what the first one leaves in caches of look-ups is there then.
                for command in ("count", "build", "clear"):
                    target.ask_and_rest(command)
                for mode in EXACT if not environment else EXACT[-1:]:
                    with self.subTest(mode=mode, **environment):
                        before = self.census(target.outer_pid, "--consistency", mode)
                        stated = target.ask_and_rest("build")["types"]
                        after = self.census(target.outer_pid, "--consistency", mode)
                        self.assert_as_collector_says(after, stated)
                        target.ask_and_rest("clear")
                        added = {name: tuple(both) for name, both in target.truth["added"].items()}
                        came = difference(by_name(before), by_name(after))
                        if version_of(target) < (3, 11) and came.get("builtins.code", (0, 0))[0] == 0:
                            came.pop("builtins.code", None)  # code that has run often gets caches of its opcodes
                        self.assertEqual(came, added)

    @on_each_interpreter
    def test_places(self, python):
        """Where the collector has them, as gc.get_objects(generation=…) and what gc.freeze() found say."""
        if python.kind == "free-threaded":
            return
        with Target("objects_truth.py", python=python) as target:
            stated = target.ask_and_rest("places")
            for position, name in enumerate(("builtins.dict", "builtins.tuple")):
                with self.subTest(type=name):
                    census = self.census(target.outer_pid, "--consistency", "frozen", "--type", name)
                    focus, = census["focuses"]
                    places = dict(focus["places"])
                    frozen = places.pop("frozen")
                    self.assertGreaterEqual(frozen, stated["frozen"][position])
                    self.assertLessEqual(frozen, stated["frozen"][position] + stated["frozen_before"])
                    self.assertEqual([places.get(f"generation {number}", 0) for number in range(3)],
                                     [counts[position] for counts in stated["generations"]])
                    self.assertEqual(places.get("unknown", 0), 0)
                    self.assertEqual(sum(focus["places"].values()), by_name(census)[name][0])
                    if name == "builtins.tuple":
                        self.assertGreater(focus["places"]["untracked"], 0)


class AllObjects(CensusTest):
    """The build that keeps a list of all its objects: counts and sizes of every type there is, none left out."""

    # What is there when it waits and was not when it listed, and the one that the list leaves out.
    ONLY_OURS = {
        "builtins.bytes": (2, LINE_OF_ACCOUNT + BYTE),  # the line that it wrote; what its read() is to fill
        "builtins.dict": (2, 2 * 64),  # the counts and the sizes, empty by then
        "builtins.int": (1, 32),  # the last address that it looked at
        "builtins.module": (1, 72),  # sys, whose method sys.getobjects() is: it leaves out its self
    }

    def test_all_objects(self):
        python = trace_refs_python(self)
        with Target("objects_truth.py", python=python) as target:
            target.ask_and_rest("whole")  # fills caches
            for before, mode in (("count", "stopped"), ("build", "frozen")):
                with self.subTest(after=before, mode=mode):
                    target.ask_and_rest(before)
                    whole = target.ask_and_rest("whole")["types"]
                    stated = {name: tuple(both) for name, both in whole.items() if both[0]}
                    census = self.census(target.outer_pid, "--consistency", mode)
                    self.assertGreater(len(stated), 100)
                    self.assertEqual(difference(stated, by_name(census)), self.ONLY_OURS)
                    self.assertEqual([row["type"] for row in census["types"] if row.get("has_own_sizeof")], [])


if __name__ == "__main__":
    unittest.main()
