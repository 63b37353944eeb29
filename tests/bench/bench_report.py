#!/usr/bin/env python3
"""`tidemark report` of a million rows beside the bare CSV parser over the same file; own peak RSS.

The file has all columns of a recording, in widths as real ones have: 20 processes, 8 of them Python, 50,000 ticks. The
programs take turns, round after round; the bare parser also runs against itself (A/A), which shows what the machine
does to two equal programs. A ratio is that of neighbours in one round; [least, most] are over the rounds. Time is wall
time from start to exit. The report parses on a second thread: without a free second core its ratio is that of the CPU
times. Nothing is asserted.
"""

import argparse
import datetime
import os
import pathlib
import subprocess
import tempfile
import time
from typing import NamedTuple

import figures

PROCESSES = 20
PYTHON_PROCESSES = 8
ROWS, QUICK_ROWS = 1_000_000, 20_000
START = datetime.datetime(2026, 11, 21, 5, 53)
INTERVAL_S = 0.25
WANTED_RATIO = 1.5
RSS_LIMIT_MB = 200
RSS_COLUMN = 5


class Run(NamedTuple):
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float


def header(tidemark, directory):
    """The columns as this build writes them."""
    path = pathlib.Path(directory, "columns.csv")
    subprocess.run([tidemark, "record", "--quiet", "-i", "0.1", "-o", path, "--", "sleep", "0.2"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path.read_text().splitlines()[0].split(",")


def mib(value):
    """As the recorder writes it."""
    return (f"{value:.6f}".rstrip("0") + "0") if value % 1 == 0 else f"{value:.6f}".rstrip("0")


def tick_cells(tick):
    stamp = (START + datetime.timedelta(milliseconds=250 * tick + 13)).isoformat(timespec="milliseconds") + "Z"
    ticks_of_phase = 10_000
    return {"timestamp": stamp, "elapsed_seconds": f"{tick * INTERVAL_S + 0.000123:.6f}",
            "system_available_mb": mib(8000 + tick * 37 % 1000 / 256), "phase": f"job {tick // ticks_of_phase}"}


def process_cells(tick, number):
    pages = 20_000 + number * 1000 + tick // 7 + (tick * number) % 97
    rss = pages / 256
    cells = {"process_name": f"worker-{number % 5}", "pid": str(4951 + number), "cpu_percent": f"{tick * 7 % 400 / 3:.2f}",
             "memory_rss_mb": mib(rss), "memory_percent": f"{rss / 160:.4f}",
             "process_started": f"2026-11-21T05:51:{number:02d}.120Z", "ppid": "1", "state": "S", "threads": "5",
             "memory_vms_mb": mib(rss + 300), "memory_vmpeak_mb": mib(rss + 301), "memory_hwm_mb": mib(rss + 1),
             "memory_data_mb": mib(rss - 8), "memory_anon_mb": mib(rss - 12), "memory_file_mb": "12.0",
             "memory_shmem_mb": "0.0", "memory_swap_mb": "0.0", "minor_faults": str(123_456 + tick * 3),
             "major_faults": "11", "voluntary_switches": str(tick * 5), "involuntary_switches": str(tick),
             "open_fds": "33", "io_read_mb": "17.25", "io_write_mb": mib(tick / 256), "sample_cost_ms": "0.212"}
    if number < PYTHON_PROCESSES:
        cells |= {"cgroup_memory_mb": mib(rss * 21), "cgroup_working_set_mb": mib(pages // 2), "python_threads": "6",
                  "cgroup_limit_mb": "4096.0", "gc_enabled": "1", "gc_gen0_count": str(tick % 700),
                  "gc_gen1_count": str(tick % 10), "gc_gen2_count": str(tick % 9),
                  "gc_gen0_collections": str(tick // 7), "gc_gen1_collections": str(tick // 70),
                  "gc_gen2_collections": str(tick // 700), "gc_collected": str(tick * 11), "gc_uncollectable": "0",
                  "gc_garbage": "0", "python_function": "Worker.run", "python_file": "/srv/app/worker/main.py",
                  "python_line": str(42 + tick % 100)}
    return cells


def write_recording(path, columns, rows):
    with open(path, "w", encoding="ascii") as file:
        file.write(",".join(columns) + "\n")
        for tick in range(rows // PROCESSES):
            shared = tick_cells(tick)
            for number in range(PROCESSES):
                cells = shared | process_cells(tick, number)
                file.write(",".join([cells.get(name, "") for name in columns]) + "\n")


def run(command):
    begin = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure(commands, rounds):
    for command in commands.values():
        run(command)  # the file into the page cache
    runs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def report(runs):
    seconds = {name: [one.seconds for one in many] for name, many in runs.items()}
    for name, many in runs.items():
        peak = max(one.peak_rss_mb for one in many)
        print(f"  {name:<32}{figures.Spread.of(seconds[name]).text(3):>24} s   peak RSS {peak:.0f} MB")
    floor = seconds["bare parser"]
    print(f"  {'bare parser / itself':<32}{figures.ratios(seconds['bare parser again'], floor).text(2):>24}")
    print(f"  {'bare parser, one cell / bare':<32}{figures.ratios(seconds['bare parser, one cell'], floor).text(2):>24}")
    ratio = figures.ratios(seconds["tidemark report"], floor).text(2)
    print(f"  {'tidemark report / bare parser':<32}{ratio:>24}     wanted: at most {WANTED_RATIO}, "
          f"RSS under {RSS_LIMIT_MB} MB")
    cpu = {name: [one.cpu_seconds for one in many] for name, many in runs.items()}
    print(f"  {'the same in CPU time':<32}{figures.ratios(cpu['tidemark report'], cpu['bare parser']).text(2):>24}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true", help="few rows, one round: only to see that it runs")
    options = parser.parse_args()
    rounds, rows = (1, QUICK_ROWS) if options.quick else (options.rounds, options.rows)
    tidemark = pathlib.Path(os.environ["TIDEMARK"])
    floor = tidemark.parent / "tidemark_csv_floor"
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "million.csv")
        write_recording(path, header(tidemark, directory), rows)
        print(f"{rows} rows, {path.stat().st_size / 1e6:.0f} MB: median [least, most] of {rounds} rounds")
        report(measure({"bare parser": [floor, path], "bare parser again": [floor, path],
                        "bare parser, one cell": [floor, path, RSS_COLUMN],
                        "tidemark report": [tidemark, "report", path]}, rounds))


if __name__ == "__main__":
    main()
