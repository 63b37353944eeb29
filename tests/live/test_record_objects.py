#!/usr/bin/python3
"""record --census: objects by type beside the CSV and in the JSONL, continued, whole after kill -9; report names what grew."""

import json
import signal
import subprocess
import unittest

from support import RecordingTest, Target, read_csv, read_growing_csv, read_jsonl, tidemark, wait_for

EVERY = ("-i", "100ms", "--census", "1s")
COLUMNS = ["timestamp", "elapsed_seconds", "process_name", "pid", "type", "count", "bytes", "held_bytes"]
ORDER, RIDER, OTHERS = "__main__.Order", "__main__.Rider", "(other types)"
FIGURES = ("count", "bytes", "held_bytes")
STEPS, STEP = 2, 20_011


def censuses_of(rows, pid):
    """One dict of type to its figures for each census, in time's order."""
    found = {}
    for row in rows:
        if row["pid"] == str(pid):
            types = found.setdefault(float(row["elapsed_seconds"]), {})
            if row["type"] in types:
                raise AssertionError(f"two rows of {row['type']} at {row['elapsed_seconds']}")
            types[row["type"]] = {name: int(row[name]) for name in FIGURES}
    return found


class Objects(RecordingTest):
    @property
    def objects_path(self):
        return self.directory / "run.objects.csv"

    def wait_for_censuses(self, pid, count):
        """Returns when that many more than now are whole."""
        before = len(censuses_of(read_growing_csv(self.objects_path), pid))
        wait_for(lambda: len(censuses_of(read_growing_csv(self.objects_path), pid)) >= before + count,
                 f"{count} censuses of {pid}")

    def record_growth(self, target, steps, *arguments):
        with self.recording("-p", target.pid, *EVERY, *arguments) as recording:
            self.wait_for_censuses(target.pid, 1)
            for _ in range(steps):
                truth = target.ask("grow", STEP)
                self.wait_for_censuses(target.pid, 2)  # the first may have begun before
        self.assertEqual((recording.status, recording.stderr), (0, ""))
        return truth

    def assert_rows(self, rows, pid):
        """Complete, ordered, each at a tick of the recording."""
        self.assertEqual(list(rows[0]), COLUMNS)
        ticks = {(row["timestamp"], row["elapsed_seconds"], row["process_name"], row["pid"])
                 for row in read_csv(self.directory / "run.csv")}
        for row in rows:
            self.assertIn(tuple(row[name] for name in COLUMNS[:4]), ticks)
        times = [float(row["elapsed_seconds"]) for row in rows]
        self.assertEqual(times, sorted(times))
        for types in censuses_of(rows, pid).values():
            self.assertIn(OTHERS, types)

    def test_known_growth_in_both_formats(self):
        with Target("grows_objects.py") as target:
            first = target.truth
            last = self.record_growth(target, STEPS)
            pid = target.pid
        rows = read_csv(self.objects_path)
        self.assert_rows(rows, pid)
        censuses = list(censuses_of(rows, pid).values())
        for truth, census in ((first, censuses[0]), (last, censuses[-1])):
            self.assertEqual(census[ORDER]["count"], truth["orders"])
            self.assertEqual(census[ORDER]["bytes"], truth["orders"] * truth["order_bytes"])
        self.assertEqual(censuses[0][RIDER]["count"], first["riders"])
        samples = {line["elapsed_seconds"]: line["objects"] for line in read_jsonl(self.directory / "run.jsonl")
                   if line["type"] == "sample" and "objects" in line}
        self.assertEqual(list(samples), list(censuses_of(rows, pid)))
        for objects, census in zip(samples.values(), censuses):
            self.assertEqual({row["type"]: {name: row[name] for name in FIGURES} for row in objects["types"]}, census)
            self.assertEqual(sum(row["count"] for row in census.values()), objects["summary"]["total_objects"])
            self.assertEqual(sum(row["bytes"] for row in census.values()), objects["summary"]["total_size"])
        self.check_reports(pid, STEPS * STEP, first["order_bytes"])

    def check_reports(self, pid, objects, each_bytes):
        for name in ("run.csv", "run.jsonl"):
            text = tidemark("report", self.directory / name)
            self.assertEqual((text.status, text.stderr), (0, ""))
            self.assertRegex(" ".join(text.stdout.split()),
                             rf"grows_objects\.py\[{pid}\]: .*__main__\.Order \+\d+\.\d+ MB \(\d+ % of the growth of "
                             rf"objects\), \+{objects:,} objects\.")
            report = json.loads(tidemark("report", "--json", self.directory / name).stdout)
            process, = report["recordings"][0]["objects"]
            grown = process["types"][0]
            self.assertEqual((grown["type"], grown["growth_objects"], grown["growth_bytes"]),
                             (ORDER, objects, objects * each_bytes))
            self.assertGreater(grown["share_percent"], 50)
            self.assertNotIn(RIDER, [one["type"] for one in process["types"]])

    def test_types_that_go_and_those_below_the_top(self):
        with Target("grows_objects.py", "--orders", 0) as target:
            with self.recording("-p", target.pid, *EVERY, "--census-top", "3") as recording:
                self.wait_for_censuses(target.pid, 1)
                target.ask("shrink")
                self.wait_for_censuses(target.pid, 2)
                target.ask("grow", 500_009)  # the largest of all
                self.wait_for_censuses(target.pid, 2)
            self.assertEqual((recording.status, recording.stderr), (0, ""))
            pid = target.pid
        censuses = list(censuses_of(read_csv(self.objects_path), pid).values())
        self.assertEqual(len(censuses[0]), 4)
        self.assertNotIn(ORDER, censuses[0])
        self.assertEqual(censuses[-1][ORDER]["count"], 500_009)

    def test_continued(self):
        with Target("grows_objects.py") as target:
            self.record_growth(target, 1)
            before = self.objects_path.read_bytes()
            self.record_growth(target, 1, "--append")
            pid = target.pid
        self.assertTrue(self.objects_path.read_bytes().startswith(before))
        self.assert_rows(read_csv(self.objects_path), pid)
        self.check_reports(pid, 2 * STEP, target.truth["order_bytes"])

    def test_killed_recorder_leaves_whole_lines(self):
        with Target("grows_objects.py") as target:
            with self.recording("-p", target.pid, *EVERY) as recording:
                self.wait_for_censuses(target.pid, 2)
                recording.interrupt(signal.SIGKILL)
            rows = read_csv(self.objects_path)
            self.assert_rows(rows, target.pid)
            self.assertGreaterEqual(len(censuses_of(rows, target.pid)), 2)
            self.record_growth(target, 1, "--append")
            self.assert_rows(read_csv(self.objects_path), target.pid)

    def test_process_without_python(self):
        """Why there is none is said once; that is no failure of the recording."""
        sleeper = subprocess.Popen(["/bin/sleep", "600"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)  # the first of the two
        recorded = self.record_rows(20, "-p", sleeper.pid, *EVERY)
        self.assertEqual([line["reason"] for line in recorded.events("error", source="objects")], ["not_python"])
        self.assertEqual(self.objects_path.read_text(), ",".join(COLUMNS) + "\n")
        self.assertNotIn("Objects", tidemark("report", self.directory / "run.csv").stdout)


if __name__ == "__main__":
    unittest.main()
