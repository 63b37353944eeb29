#!/usr/bin/python3
"""`report` on real recordings: each fixture has its verdict, and the figures are those that the programs account for."""

import json
import subprocess
import unittest
from pathlib import Path

from support import DEBIAN_PYTHON, RecordingTest, Redis, Target, read_csv, tidemark

MIB = 1 << 20
INTERVAL = ("-i", "50ms")
TICKS = 120
# The kernel batches RSS counters per CPU, and an answer itself costs the program some pages.
RSS_SLACK_BYTES = 4 * MIB
COLUMNS = 80


class Reports(RecordingTest):
    def report(self, name="run", *options, suffix="csv"):
        """The only recording of the JSON report."""
        shown = tidemark("report", self.directory / f"{name}.{suffix}", "--json", *options)
        self.assertEqual((shown.status, shown.stderr), (0, ""))
        recordings = json.loads(shown.stdout)["recordings"]
        self.assertEqual(len(recordings), 1)
        return recordings[0]

    def record_fixture(self, program, *words, ticks=TICKS, **options):
        with Target(program, *words, **options) as target:
            with self.recording("-p", target.pid, *INTERVAL, first_rows=2) as recording:
                recording.wait_for_more_rows(ticks * len({row["pid"] for row in self.rows_so_far(recording)}))

    def assert_verdict(self, expected, report):
        self.assertEqual(report["tree"]["verdict"]["kind"], expected, report["tree"])

    def test_leaking_worker_and_its_children_grow(self):
        self.record_fixture("leak_worker.py", "--rate-mb-per-s", 4, "--children", 1)
        for suffix in ("csv", "jsonl"):
            report = self.report(suffix=suffix)
            self.assert_verdict("growing", report)
            slope = report["tree"]["trend"]["medians"]
            self.assertAlmostEqual(slope["bytes_per_hour"] / MIB / 3600, 8.0, delta=0.8)
            self.assertLessEqual(slope["lower_bytes_per_hour"], slope["bytes_per_hour"])
            self.assertEqual([name["verdict"]["kind"] for name in report["names"]], ["growing"])
            self.assertEqual(report["names"][0]["processes"], 2)
            self.assertEqual({process["verdict"]["kind"] for process in report["processes"]}, {"growing"})
            rows = {row["after_hours"]: row["bytes"] for row in report["forecast"]["rows"]}
            self.assertAlmostEqual((rows[1] - rows[0]) / MIB, report["forecast"]["bytes_per_hour"] / MIB, delta=0.01)

    def test_native_leak_grows(self):
        self.record_fixture("native_leak.py", "--rate-mb-per-s", 4)
        report = self.report()
        self.assert_verdict("growing", report)
        self.assertEqual(report["tree"]["gc"]["collections"], [0, 0, 0])

    def test_steady_program_is_steady(self):
        self.record_fixture("steady.py", "--tick-s", 0.01)
        report = self.report()
        self.assert_verdict("steady", report)
        self.assertIsNone(report["forecast"])
        self.assertGreater(sum(report["tree"]["gc"]["collections"]), 0)

    def test_too_short_recording_says_so_and_has_its_levels(self):
        self.record_fixture("steady.py", ticks=5)
        report = self.report()
        self.assert_verdict("too_short", report)
        rows = read_csv(self.directory / "run.csv")
        self.assertAlmostEqual(report["tree"]["end_bytes"] / MIB, float(rows[-1]["memory_rss_mb"]), places=4)

    def test_levels_are_those_of_the_rows(self):
        self.record_fixture("steady.py", "--tick-s", 0.01)
        levels = [float(row["memory_rss_mb"]) for row in read_csv(self.directory / "run.csv")]
        tree = self.report()["tree"]
        self.assertEqual(tree["samples"], len(levels))
        self.assertAlmostEqual(tree["start_bytes"] / MIB, levels[0], places=4)
        self.assertAlmostEqual(tree["peak"]["bytes"] / MIB, max(levels), places=4)
        self.assertGreaterEqual(tree["vm_hwm_bytes"] / MIB + 0.0001, max(levels))


class Jobs(RecordingTest):
    """An rq worker through three jobs, each a phase: the table of the fix-verification report."""

    JOBS = (("short audio", 40), ("long audio", 200), ("short again", 20))

    def test_three_jobs_of_an_rq_worker(self):
        accounts = []
        with Redis() as redis, Target("rq_worker.py", "--redis-port", redis.port) as target:
            with self.recording("-p", target.pid, *INTERVAL) as recording:
                recording.wait_for_more_rows(40)
                for label, mib in self.JOBS:
                    marked = tidemark("mark", label, f"mib={mib}", "--recording", recording.outputs[0])
                    self.assertEqual(marked.status, 0, marked.stderr)
                    accounts.append(target.ask("run", mib, 0.5))
                    recording.wait_for_more_rows(10)
                recording.wait_for_more_rows(60)
        for suffix in ("csv", "jsonl"):
            shown = tidemark("report", self.directory / f"run.{suffix}", "--json")
            report = json.loads(shown.stdout)["recordings"][0]
            self.check_phases(report, accounts, with_fields=suffix == "jsonl")
            self.assertEqual(report["tree"]["verdict"]["kind"], "peak_released", report["tree"])
        self.check_text(tidemark("report", self.directory / "run.jsonl").stdout)

    def check_phases(self, report, accounts, with_fields):
        tree = report["phases"][0]["phases"]
        self.assertEqual([phase["phase"] for phase in tree], [label for label, _ in self.JOBS])
        for phase, (_, mib), account in zip(tree, self.JOBS, accounts):
            self.assertEqual(phase["fields"], {"mib": str(mib)} if with_fields else {})
            grown = phase["peak_bytes"] - phase["before_bytes"]
            self.assertGreater(grown, account["bytes"])  # the work-horse itself comes on top
            self.assertAlmostEqual(phase["delta_bytes"], 0, delta=RSS_SLACK_BYTES)
            self.assertAlmostEqual(phase["delta_bytes"], phase["after_bytes"] - phase["before_bytes"], delta=1)
            self.assertGreater(phase["recovered_percent"], 90)

    def check_text(self, text):
        self.assertLessEqual(max(map(len, text.splitlines())), COLUMNS, text)
        for label, mib in self.JOBS:
            self.assertIn(label, text)
            self.assertIn(f"mib={mib}", text)
        self.assertIn("Peak released", text)


class Foreign(RecordingTest):
    """CSVs as people write them with psutil."""

    def record(self, program, *words):
        path = self.directory / "psutil.csv"
        with Target(program, *words) as target:
            subprocess.run([DEBIAN_PYTHON, Path(__file__).parent / "support/psutil_recorder.py",
                            str(target.pid), str(TICKS), "0.05", path], check=True)
        shown = tidemark("report", path, "--json")
        self.assertEqual((shown.status, shown.stderr), (0, ""))
        return json.loads(shown.stdout)["recordings"][0]

    def test_leaking_worker(self):
        report = self.record("leak_worker.py", "--rate-mb-per-s", 4, "--children", 1)
        self.assertEqual(report["format"], "foreign_csv")
        self.assertEqual(report["tree"]["verdict"]["kind"], "growing", report["tree"])
        self.assertEqual(report["ticks"]["count"], TICKS)
        self.assertEqual(report["names"][0]["processes"], 2)
        self.assertAlmostEqual(report["tree"]["trend"]["medians"]["bytes_per_hour"] / MIB / 3600, 8.0, delta=0.8)

    def test_steady_program(self):
        report = self.record("steady.py", "--tick-s", 0.01)
        self.assertEqual(report["tree"]["verdict"]["kind"], "steady", report["tree"])


if __name__ == "__main__":
    unittest.main()
