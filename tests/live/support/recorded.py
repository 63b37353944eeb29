"""A directory of the test's own, recordings in it, and what a finished recording says."""

import tempfile
import unittest
from pathlib import Path

from .recordings import read_csv, read_growing_csv, read_jsonl
from .runner import Recording
from .waiting import PATIENCE_S, wait_for


class Recorded:
    """What a recording left behind: `rows` of its CSV and `lines` of its JSONL."""

    def __init__(self, csv_path, jsonl_path):
        self.rows = read_csv(csv_path)
        self.lines = read_jsonl(jsonl_path)

    def rows_of(self, pid):
        return [row for row in self.rows if row["pid"] == str(pid)]

    def pids(self):
        return {int(row["pid"]) for row in self.rows}

    def events(self, kind, **wanted):
        """The lines of type `kind` whose fields have the values `wanted`."""
        return [line for line in self.lines
                if line["type"] == kind and all(line[name] == value for name, value in wanted.items())]

    def event(self, kind, **wanted):
        """The only such line."""
        found = self.events(kind, **wanted)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} {kind} lines with {wanted}, 1 expected: {found}")
        return found[0]


class RecordingTest(unittest.TestCase):
    """`directory` is empty at the start of each test and gone after it."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tidemark-live-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def recording(self, *arguments, name="run", **options):
        """A Recording into NAME.csv, which is watched, and NAME.jsonl."""
        outputs = [self.directory / f"{name}.csv", self.directory / f"{name}.jsonl"]
        return Recording(outputs, *arguments, **options)

    def recorded(self, name="run"):
        return Recorded(self.directory / f"{name}.csv", self.directory / f"{name}.jsonl")

    def record_rows(self, count, *arguments, name="run", **options):
        """Records until `count` rows are there, ends it by Ctrl-C, and gives what it left."""
        with self.recording(*arguments, name=name, first_rows=count, **options) as recording:
            pass
        self.assertEqual((recording.status, recording.stderr), (0, ""))
        return self.recorded(name)

    @staticmethod
    def rows_so_far(recording):
        """The whole rows of a recording that is being written."""
        return read_growing_csv(recording.outputs[0])

    def wait_until(self, recording, condition, what, patience_s=PATIENCE_S):
        """Returns when `condition(rows so far)` is true."""
        return wait_for(lambda: condition(self.rows_so_far(recording)), what, patience_s)

    def wait_for_row(self, recording, wanted, patience_s=PATIENCE_S):
        """Returns when a row has the cells `wanted`; the number of rows before the last such one."""
        def places(rows):
            return [place for place, row in enumerate(rows) if wanted.items() <= row.items()]
        return self.wait_until(recording, places, f"a row with {wanted}", patience_s)[-1]

    @staticmethod
    def wait_for_event(recording, kind, holding="", patience_s=PATIENCE_S):
        """Returns when a line of type `kind`, with that text in it, is in the JSONL, which is the second output."""
        begin = f'{{"type":"{kind}",'.encode()
        wait_for(lambda: any(line.startswith(begin) and holding.encode() in line
                             for line in recording.outputs[1].read_bytes().split(b"\n")),
                 f"a {kind} line {holding}", patience_s)

    def files(self):
        return sorted(path.name for path in self.directory.iterdir())
