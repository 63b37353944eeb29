#!/usr/bin/python3
"""The pandas lines of a real fix-verification report run unchanged on our CSV; only file name and pid differ."""

import contextlib
import io
import math
import unittest

import pandas

from support import RecordingTest, Redis, Target

# Both code blocks of the report, to the letter.
MEMORY_ANALYSIS = """\
import pandas as pd

df = pd.read_csv('system_resources_20251209_234204.csv')
worker = df[df['pid'] == 4951]  # Worker Child Process

print(f"Memory Peak: {worker['memory_rss_mb'].max():.1f} MB")
print(f"Inference Start: {worker['memory_rss_mb'].iloc[0]:.1f} MB")  
print(f"Inference End: {worker['memory_rss_mb'].iloc[-1]:.1f} MB")
"""
CPU_ANALYSIS = """\
print(f"CPU Peak: {worker['cpu_percent'].max():.1f}%")
print(f"Avg CPU: {worker['cpu_percent'].mean():.1f}%")
print(f"Idle Time Ratio: {(worker['cpu_percent'] < 10).sum() / len(worker) * 100:.1f}%")
"""
REPORTS_FILE = "system_resources_20251209_234204.csv"
REPORTS_PID = "4951"
SEED_COLUMNS = ["timestamp", "elapsed_seconds", "process_name", "pid", "cpu_percent", "memory_rss_mb",
                "memory_percent"]
MIB = 1 << 20
PEAK_MIB = 64
# The kernel batches RSS counters per CPU, so a process's own reading and ours differ by some hundred KiB.
RSS_SLACK_MIB = 1.0
PRINTED = 0.0501  # half of the last digit that .1f prints


def run_lines_of_the_report(path, pid):
    """Executes both blocks in one namespace, as a notebook would; {label: printed figure}."""
    program = (MEMORY_ANALYSIS + CPU_ANALYSIS).replace(REPORTS_FILE, str(path)).replace(REPORTS_PID, str(pid))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, "the report", "exec"), {})
    pairs = [line.split(": ") for line in printed.getvalue().splitlines()]
    return {label: float(figure.rstrip("% MB")) for label, figure in pairs}


def calculate(rows):
    """The same figures without pandas."""
    rss = [float(row["memory_rss_mb"]) for row in rows]
    cpu = [float(row["cpu_percent"]) for row in rows]
    return {"Memory Peak": max(rss), "Inference Start": rss[0], "Inference End": rss[-1], "CPU Peak": max(cpu),
            "Avg CPU": math.fsum(cpu) / len(cpu),
            "Idle Time Ratio": 100 * sum(percent < 10 for percent in cpu) / len(cpu)}


class PandasLines(RecordingTest):
    def assert_figures(self, found, wanted):
        self.assertEqual(list(found), list(wanted))
        for label, figure in wanted.items():
            self.assertAlmostEqual(found[label], figure, delta=PRINTED, msg=label)

    def record_job(self, redis_port):
        """A recording of an rq worker through one job that peaks; the job's own account."""
        with Target("rq_worker.py", "--redis-port", redis_port) as target:
            with self.recording("-p", target.pid, "-i", "20ms") as recording:
                horse = target.ask("start", PEAK_MIB, 60)["horse_pid"]
                self.wait_for_row(recording, {"pid": str(horse)})
                recording.wait_for_more_rows(10)  # it stands at its peak meanwhile
                job = target.ask("finish")
                recording.wait_for_more_rows(10)
        self.assertEqual(recording.status, 0)
        return job

    def test_on_the_recording_of_an_rq_worker_whose_horse_peaks(self):
        with Redis() as redis:
            job = self.record_job(redis.port)
        path = self.directory / "run.csv"
        recorded = self.recorded()
        for pid in (job["worker_pid"], job["horse_pid"]):
            self.assert_figures(run_lines_of_the_report(path, pid), calculate(recorded.rows_of(pid)))

        peak = run_lines_of_the_report(path, job["horse_pid"])["Memory Peak"]
        self.assertGreaterEqual(peak, job["horse_rss_peak_bytes"] / MIB - RSS_SLACK_MIB)
        self.assertGreaterEqual(job["horse_rss_peak_bytes"] - job["horse_rss_before_bytes"], PEAK_MIB * MIB * 0.98)
        worker = run_lines_of_the_report(path, job["worker_pid"])
        self.assertAlmostEqual(worker["Inference Start"], job["worker_rss_before_bytes"] / MIB, delta=RSS_SLACK_MIB)
        self.assertAlmostEqual(worker["Inference End"], job["worker_rss_after_bytes"] / MIB, delta=RSS_SLACK_MIB)
        self.assertLess(worker["Memory Peak"] - worker["Inference Start"], PEAK_MIB / 8)
        recorded.event("process_exit", pid=job["horse_pid"])

    def test_seed_columns_come_first_with_their_types(self):
        with Target("waits_on_line.py") as target:
            self.record_rows(5, "-p", target.pid, "-i", "20ms")
        frame = pandas.read_csv(self.directory / "run.csv", parse_dates=["timestamp"])
        self.assertEqual(list(frame.columns[:7]), SEED_COLUMNS)
        kinds = {name: frame[name].dtype.kind for name in SEED_COLUMNS}
        self.assertEqual(kinds, {"timestamp": "M", "elapsed_seconds": "f", "process_name": "O", "pid": "i",
                                 "cpu_percent": "f", "memory_rss_mb": "f", "memory_percent": "f"})

    def test_on_a_process_that_works(self):
        with Target("waits_on_line.py", "--spin") as target:
            self.record_rows(20, "-p", target.pid, "-i", "20ms")
        path = self.directory / "run.csv"
        found = run_lines_of_the_report(path, target.pid)
        self.assert_figures(found, calculate(self.recorded().rows_of(target.pid)))
        self.assertGreater(found["CPU Peak"], 0)


if __name__ == "__main__":
    unittest.main()
