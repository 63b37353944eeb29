#!/usr/bin/python3
"""The frame of a program that never stands still: a reading may be torn, but then it says so and names nothing."""

import collections
import unittest

from support import RecordingTest, Target, on_each_interpreter, on_processors_of_their_own, wait_until_all_read

ROWS = 600
INTERVAL = ("-i", "10ms")


def frame_gaps(row):
    """The reasons for which a row has no frame."""
    return [gap for gap in row["gaps"].split() if gap.partition(":")[0] in ("python", "threads", "frame")]


class FrameOracle(RecordingTest):
    def check_pairs(self, python, *options, tolerated=0.0):
        for_target, for_tidemark = on_processors_of_their_own()
        with Target("alternates.py", *options, python=python, prefix=for_target) as target:
            wait_until_all_read(target.pid, spinning={target.pid})
            before = target.truth["turns"]
            recorded = self.record_rows(ROWS, "-p", target.pid, *INTERVAL, name=python.name, prefix=for_tidemark)
            after = target.ask("status")["turns"]
        rows = recorded.rows_of(target.pid)
        possible = {(function, target.truth["file"], str(line))
                    for function, lines in target.truth["lines"].items() for line in lines}
        seen = [(row["python_function"], row["python_file"], row["python_line"]) for row in rows]
        accepted = [pair for pair in seen if any(pair)]
        impossible = [pair for pair in accepted if pair not in possible]
        gaps = collections.Counter(gap for row in rows for gap in frame_gaps(row))
        functions = collections.Counter(function for function, _, _ in accepted)
        print(f"{python.name} {options}: {len(rows)} rows over {after - before} turns, {len(accepted)} accepted "
              f"{dict(functions)}, {len(impossible)} impossible, gaps {dict(gaps)}", flush=True)
        self.assertGreater(after - before, len(rows))  # the stack moved between any two rows
        self.assertLessEqual(len(impossible), tolerated * len(accepted), impossible)
        self.assertGreater(len(accepted), 0)
        # What was not accepted is counted: each row has a frame or the one reason why not.
        for pair, row in zip(seen, rows):
            self.assertEqual(len(frame_gaps(row)), 0 if any(pair) else 1, row)

    @on_each_interpreter
    def test_frames_that_come_and_go(self, python):
        self.check_pairs(python)

    @on_each_interpreter
    def test_code_objects_that_come_and_go_at_the_same_address(self, python):
        # A code object that is freed and made again with the same bytes in the same places between two reads cannot be
        # told from one that stayed; before the names were read from one copy, 38 of 116 were impossible here.
        self.check_pairs(python, "--make-code", tolerated=0.01)


if __name__ == "__main__":
    unittest.main()
