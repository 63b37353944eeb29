#!/usr/bin/python3
"""Stacks of a program that never stands still and that states all stacks it can have: a reading may be lost, but what is
accepted was there. tidemark_oracle_reader does the reading and the counting."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import (Target, on_each_interpreter, on_processors_of_their_own, tidemark_binary, wait_for,
                     wait_until_all_read)

# By hand 100,000 (docs/overhead.md has the figures); in CI fewer, so that all interpreters have their turn.
READINGS = int(os.environ.get("TIDEMARK_ORACLE_READINGS") or 5_000)
# One takes a third of a millisecond on an idle machine, 25 on a crowded one.
STOPS = int(os.environ.get("TIDEMARK_ORACLE_STOPS") or 1_000)
NAIVE_READINGS = 5_000
# Of callees of 10 us and more. A processor that others take turns on makes the reader slow, not wrong: the best of a few
# rounds counts for what is accepted, all of them for what is wrong.
ACCEPTED_AT_LEAST = 0.95
WRONG_AT_MOST = 0.001
ROUNDS = 3
FASTEST, QUICK, SLOWER, SLOW = 0, 1, 10, 20  # us that a callee is busy
READER_PATIENCE_S = 600


class StackOracle(unittest.TestCase):
    def read(self, python, mode, callee_us, readings):
        """What the reader counted. The target and the reader have a processor each, where there are two."""
        reader = tidemark_binary().with_name("tidemark_oracle_reader")
        for_target, for_reader = on_processors_of_their_own()
        with Target("switches.py", "--callee-us", callee_us, python=python, prefix=for_target) as target, \
                tempfile.TemporaryDirectory(prefix="tidemark-oracle-") as directory:
            truth = Path(directory, "truth")
            truth.write_text(json.dumps(target.truth))
            wait_until_all_read(target.pid, spinning={target.pid})
            wait_for(lambda: target.ask("status")["turns"] > 0, "the first turn")
            before = target.ask("status")["turns"]
            command = [*for_reader, reader, str(target.pid), truth, mode, str(readings)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=READER_PATIENCE_S)
            turns = target.ask("status")["turns"] - before
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        counts = json.loads(done.stdout)
        self.assertEqual(counts["accepted"] + counts["lost"], readings)
        self.assertGreater(turns, 0)
        print(f"{python.name} {mode}, callees of {callee_us} us ({target.truth['steps']} steps), {turns} turns: "
              f"{counts}", flush=True)
        return counts

    @on_each_interpreter
    def test_nothing_is_wrong_of_a_target_that_stands_still(self, python):
        counts = self.read(python, "stopped", FASTEST, STOPS)
        self.assertEqual(counts["wrong"], 0)
        # To 3.10 a frame that returns says so before it is popped, and is refused for that moment.
        self.assertGreaterEqual(counts["accepted"], 0.9 * STOPS)

    @on_each_interpreter
    def test_hardly_anything_is_wrong_or_lost_of_a_target_that_runs(self, python):
        for callee_us in (SLOWER, SLOW):
            with self.subTest(callee_us=callee_us):
                accepted = []
                while len(accepted) < ROUNDS and max(accepted, default=0) < ACCEPTED_AT_LEAST * READINGS:
                    counts = self.read(python, "racing", callee_us, READINGS)
                    self.assertLessEqual(counts["wrong"], WRONG_AT_MOST * counts["accepted"])
                    accepted.append(counts["accepted"])
                self.assertGreaterEqual(max(accepted), ACCEPTED_AT_LEAST * READINGS, accepted)

    @on_each_interpreter
    def test_the_quickest_switchers_are_published(self, python):
        # Nothing is promised of them; but what is accepted must be better than what a naive reader says.
        for callee_us in (FASTEST, QUICK):
            with self.subTest(callee_us=callee_us):
                counts = self.read(python, "racing", callee_us, READINGS)
                naive = self.read(python, "naive", callee_us, NAIVE_READINGS)
                self.assertGreater(counts["accepted"], 0)
                self.assertLess(counts["wrong"] * naive["accepted"], naive["wrong"] * counts["accepted"])

    @on_each_interpreter
    def test_a_reader_that_follows_frames_one_by_one_is_caught(self, python):
        # Otherwise this oracle would show nothing.
        counts = self.read(python, "naive", FASTEST, NAIVE_READINGS)
        self.assertGreater(counts["wrong"], 0.05 * counts["accepted"])


if __name__ == "__main__":
    unittest.main()
