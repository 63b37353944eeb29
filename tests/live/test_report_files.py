#!/usr/bin/python3
"""`report` and `compare` as commands: which files they take, what they refuse, rules and exit statuses."""

import json
import os
import unittest

from support import RecordingTest, Target, read_csv, tidemark

HEADER = "timestamp,elapsed_seconds,process_name,pid,cpu_percent,memory_rss_mb,memory_percent"
COLUMNS = 80
MIB = 1 << 20


def rows(values, name="worker", pid=7, interval_s=1.0):
    return [f"2025-12-09 23:{42 + int(i * interval_s) // 60:02}:{int(i * interval_s) % 60:02},{i * interval_s:.2f},"
            f"{name},{pid},5.0,{value:.2f},1.0" for i, value in enumerate(values)]


def leak(count, per_sample=1.0):
    return [100 + i * per_sample for i in range(count)]


class Commands(RecordingTest):
    def write(self, name, lines):
        path = self.directory / name
        path.write_text("\n".join([HEADER, *lines]) + "\n")
        return path

    def refused(self, status, *arguments):
        shown = tidemark(*arguments)
        self.assertEqual((shown.status, shown.stdout), (status, ""), shown)
        self.assertTrue(shown.stderr.startswith(f"tidemark {arguments[0]}: "), shown.stderr)
        return shown.stderr

    def test_rules_decide_the_exit_status(self):
        path = self.write("leak.csv", rows(leak(200)))
        for rule, status in (("growth>20MB", 1), ("growth>20GB", 0), ("verdict=growing", 1), ("verdict=steady", 0),
                             ("slope>5MB/h", 1), ("peak>2GB", 0), ("retained>30%", 1), ("worker:growth>1MB", 1),
                             ("other:growth>1MB", 4)):
            with self.subTest(rule):
                shown = tidemark("report", path, "--fail-on", rule)
                self.assertEqual(shown.status, status, shown)
                self.assertEqual(rule in shown.stderr, status != 0)
                self.assertIn(rule, shown.stdout)
        both = tidemark("report", path, "--fail-on", "growth>20GB", "--fail-on", "growth>20MB")
        self.assertEqual(both.status, 1)
        self.assertNotIn("20GB", both.stderr)

    def test_too_short_for_a_rule_is_not_a_silent_pass(self):
        path = self.write("short.csv", rows(leak(12)))
        self.assertEqual(tidemark("report", path, "--fail-on", "slope>5MB/h").status, 4)
        self.assertEqual(tidemark("report", path, "--fail-on", "slope>5MB/h", "--fail-on", "growth>5MB").status, 1)

    def test_files_that_are_no_recordings(self):
        empty = self.directory / "empty.csv"
        empty.touch()
        self.assertIn("empty", self.refused(3, "report", empty))
        foreign = self.directory / "sales.csv"
        foreign.write_text("date,amount\n2025-01-01,3\n")
        self.assertIn("no column timestamp", self.refused(3, "report", foreign))
        self.assertIn("does not exist", self.refused(3, "report", self.directory / "none.csv"))
        self.assertIn("regular", self.refused(3, "report", self.directory))
        binary = self.directory / "binary.csv"
        binary.write_bytes(os.urandom(4096))
        self.refused(3, "report", binary)
        broken = self.directory / "broken.jsonl"
        broken.write_text("no json\n")
        self.refused(3, "report", broken)
        self.assertIn("does not exist", self.refused(3, "compare", foreign.with_name("a.csv"), foreign))

    def test_wrong_options_name_what_is_right(self):
        path = self.write("a.csv", rows(leak(5)))
        for arguments, hint in ((["report"], "FILE"), (["report", path, "--fail-on", "grwth>2MB"], "growth"),
                                (["report", path, "--format", "html"], "markdown"),
                                (["report", path, "--threshold", "rise=3"], "growth=4MB"),
                                (["report", path, "--phases", "load"], "FROM..TO"),
                                (["report", path, "--limit", "much"], "8GB"),
                                (["report", path, "--warm-up", "long"], "5m"),
                                (["compare", path], "BEFORE AFTER")):
            with self.subTest(arguments):
                self.assertIn(hint, self.refused(2, *arguments))

    def test_lost_rows_are_counted_and_named(self):
        lines = rows(leak(50))
        lines[10] = "2025-12-09 23:42:10,10.00,worker,7"
        lines[20] += ",surplus"
        shown = tidemark("report", self.write("holes.csv", lines))
        self.assertEqual(shown.status, 0)
        text = " ".join(shown.stdout.split())
        self.assertIn("2 rows could not be read", text)
        self.assertIn("holes.csv line 12", text)
        self.assertIn("line 22", text)
        self.assertLessEqual(max(map(len, shown.stdout.splitlines())), COLUMNS)

    def test_output_file_and_formats(self):
        path = self.write("leak.csv", rows(leak(100)))
        out = self.directory / "report.md"
        self.assertEqual(tidemark("report", path, "--format", "markdown", "-o", out)[:2], (0, ""))
        self.assertTrue(out.read_text().startswith("#"))
        ascii_only = tidemark("report", path, "--ascii").stdout
        self.assertTrue(ascii_only.isascii())
        self.assertFalse(tidemark("report", path).stdout.isascii())
        self.assertEqual(tidemark("report", path, "-o", self.directory / "no/report").status, 2)

    def test_options_change_what_is_found(self):
        path = self.write("leak.csv", rows(leak(400, 0.02)))  # 8 MB in all
        def kind(*options):
            shown = tidemark("report", path, "--json", *options)
            return json.loads(shown.stdout)["recordings"][0]["tree"]["verdict"]["kind"]
        self.assertEqual(kind(), "growing")
        self.assertEqual(kind("--threshold", "growth=20MB"), "steady")
        self.assertEqual(kind("--threshold", "samples=1000"), "too_short")

    def test_phases_by_time_and_baseline_phase(self):
        path = self.write("steps.csv", rows([100] * 60 + [300] * 60 + [100] * 60))
        shown = tidemark("report", path, "--json", "--phases", "load=1m..2m", "--phases", "idle=..1m",
                         "--baseline-phase", "idle")
        recording = json.loads(shown.stdout)["recordings"][0]
        phases = recording["phases"][0]["phases"]
        self.assertEqual([(phase["phase"], phase["peak_bytes"] / MIB) for phase in phases], [("idle", 100), ("load", 300)])
        self.assertEqual(recording["tree"]["baseline_bytes"] / MIB, 100)
        self.assertEqual(recording["tree"]["verdict"]["kind"], "peak_released")
        missing = tidemark("report", path, "--baseline-phase", "lunch")
        self.assertIn("lunch", missing.stdout + missing.stderr)

    def test_several_files_are_several_recordings(self):
        first, second = self.write("a.csv", rows(leak(40))), self.write("b.csv", rows([50] * 40))
        recordings = json.loads(tidemark("report", first, second, "--json").stdout)["recordings"]
        self.assertEqual([one["tree"]["verdict"]["kind"] for one in recordings], ["growing", "steady"])

    def test_rotated_set_is_one_recording(self):
        path = self.directory / "x.csv"
        with Target("steady.py") as target:
            recorded = tidemark("record", "-p", target.pid, "-i", "10ms", "-d", "1500ms", "--rotate", "8k", "-o", path)
        self.assertEqual(recorded.status, 0, recorded)
        files = sorted(self.directory.glob("x*.csv"))
        self.assertGreater(len(files), 2)
        whole = json.loads(tidemark("report", path, "--json").stdout)["recordings"]
        named = json.loads(tidemark("report", *files, "--json").stdout)["recordings"]
        self.assertEqual((len(whole), len(named)), (1, 1))
        self.assertEqual(whole[0]["tree"], named[0]["tree"])
        self.assertEqual(whole[0]["tree"]["samples"], sum(len(read_csv(file)) for file in files))

    def test_compare_says_what_the_fix_did(self):
        before = self.write("before.csv", rows([100 + 20.0 * i for i in range(195)]))
        after = self.write("after.csv", rows([100 + (i % 3) * 0.1 for i in range(195)]))
        shown = tidemark("compare", before, after)
        self.assertEqual((shown.status, shown.stderr), (0, ""))
        self.assertLessEqual(max(map(len, shown.stdout.splitlines())), COLUMNS)
        self.assertRegex(shown.stdout, "less|no growth")
        changes = json.loads(tidemark("compare", before, after, "--json").stdout)
        self.assertEqual(changes["schema"], 1)
        self.assertEqual(tidemark("compare", before, after, "--fail-on", "growth>20MB").status, 0)
        self.assertEqual(tidemark("compare", after, before, "--fail-on", "growth>20MB").status, 1)

    def test_piped_text_has_no_terminal_codes(self):
        path = self.write("leak.csv", rows(leak(100)))
        self.assertNotIn("\x1b", tidemark("report", path).stdout)


if __name__ == "__main__":
    unittest.main()
