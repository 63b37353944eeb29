#!/usr/bin/python3
"""Recorded growth is the growth that the programs account for: Python objects, native memory, and none at all."""

import json
import unittest
import urllib.request

from support import RecordingTest, Target, on_host_interpreters, wait_for

INTERVAL = ("-i", "50ms")
SETTLED_TICKS = 3
MIB = 1 << 20
# The kernel batches RSS counters per CPU (some hundred KiB), and an answer itself costs the program some pages.
RSS_SLACK_MIB = 2.0
# The web application's first leak besides starts a thread, whose stack and arena come on top.
APP_SLACK_MIB = 4.0
LEAK_CHUNKS = 32
GC_COLUMNS = ("gc_gen0_count", "gc_gen1_count", "gc_gen2_count", "gc_gen0_collections", "gc_gen1_collections",
              "gc_collected", "gc_uncollectable", "gc_garbage")


def rss_mib(row):
    return float(row["memory_rss_mb"])


class Leaks(RecordingTest):
    def row_now(self, recording):
        """A row that began after this call."""
        recording.wait_for_more_rows(SETTLED_TICKS)
        return self.rows_so_far(recording)[-1]

    @staticmethod
    def request(target, method, path):
        url = f"http://127.0.0.1:{target.truth['port']}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
            return json.load(answer)

    def test_leak_of_the_web_application_and_its_release(self):
        with Target("leak_app.py") as target:
            self.request(target, "GET", "/status")  # what the first request imports is no leak
            with self.recording("-p", target.pid, *INTERVAL) as recording:
                before = self.row_now(recording)
                self.request(target, "POST", "/leak/start?chunk_mb=1&tick_sec=0.01")
                wait_for(lambda: self.request(target, "GET", "/status")["chunks_held"] >= LEAK_CHUNKS, "it has leaked")
                account = self.request(target, "POST", "/leak/stop")
                after = self.row_now(recording)
                freed = self.request(target, "POST", "/leak/stop?free_memory=true")
                released = self.row_now(recording)
        leaked_mib = account["alloc_bytes"] / MIB
        self.assertGreaterEqual(leaked_mib, LEAK_CHUNKS)
        self.assertAlmostEqual(rss_mib(after) - rss_mib(before), leaked_mib, delta=APP_SLACK_MIB)
        # Blocks of 1 MiB are mapped one by one and go back to the system as soon as they are freed.
        self.assertEqual(freed["chunks_held"], 0)
        self.assertAlmostEqual(rss_mib(released), rss_mib(before), delta=APP_SLACK_MIB)
        self.assertAlmostEqual(float(released["memory_hwm_mb"]), rss_mib(after), delta=APP_SLACK_MIB)
        self.assertEqual(after["process_name"], "leak_app.py")

    @on_host_interpreters
    def test_native_leak_grows_while_the_collector_stands_still(self, python):
        with Target("native_leak.py", python=python) as target:
            with self.recording("-p", target.pid, *INTERVAL, name=python.name) as recording:
                target.ask("leak", 0)
                first = target.ask("leak", 0)
                before = self.row_now(recording)
                second = target.ask("leak", 500)
                after = self.row_now(recording)
        leaked_mib = (second["leaked_bytes"] - first["leaked_bytes"]) / MIB
        self.assertAlmostEqual(rss_mib(after) - rss_mib(before), leaked_mib, delta=RSS_SLACK_MIB)
        self.assertAlmostEqual(float(after["memory_anon_mb"]) - float(before["memory_anon_mb"]), leaked_mib,
                               delta=RSS_SLACK_MIB)
        self.assertEqual(second["python_objects"], first["python_objects"])
        self.assertEqual([after[column] for column in GC_COLUMNS], [before[column] for column in GC_COLUMNS])
        # Each answer collects once before it counts its objects.
        self.assertEqual(int(after["gc_gen2_collections"]) - int(before["gc_gen2_collections"]), 1)

    @on_host_interpreters
    def test_steady_program_does_not_grow(self, python):
        # It turns only when asked, so that its account is final when it answers.
        with Target("steady.py", "--tick-s", 3600, python=python) as target:
            with self.recording("-p", target.pid, *INTERVAL, name=python.name) as recording:
                target.ask("turns", 200)
                before = self.row_now(recording)
                account = target.ask("turns", 200)
                after = self.row_now(recording)
        self.assertAlmostEqual(rss_mib(after), rss_mib(before), delta=0.25)
        stats = account["gc_stats"]
        self.assertEqual([int(after[f"gc_gen{number}_collections"]) for number in range(3)],
                         [one["collections"] for one in stats])
        self.assertEqual(int(after["gc_collected"]), sum(one["collected"] for one in stats))
        self.assertGreaterEqual(int(after["gc_collected"]) - int(before["gc_collected"]),
                                200 * account["cycles_per_turn"])


if __name__ == "__main__":
    unittest.main()
