#!/usr/bin/env python3
"""Own CPU per row, without PSS, beside psutil reading the same columns and beside the bare kernel reads; own RSS.

Recorders of the same tree take turns, round after round, each alone and at the same interval. All are metered from
outside by the kernel's CPU clock of the process between two moments of the running recording, so the start counts for
nobody and waking up, finding the tree and writing the file count for everybody. A ratio is that of neighbours in one
round; [least, most] are over the rounds. Nothing is asserted.
"""

import argparse
import collections
import platform
import tempfile
from typing import NamedTuple

import psutil

import figures
import subjects

TICKS_WITHOUT_PAUSE = 2000
RSS_LIMIT_MB = 15


class Case(NamedTuple):
    title: str
    tree: object
    count: int
    interval_s: float
    wanted_ratio: int


CASES = (
    Case("1 process, not Python, every 10 ms", subjects.plain_tree, 1, 0.01, 20),
    Case(f"{subjects.CROWD} processes, not Python, every 100 ms", subjects.plain_tree, subjects.CROWD, 0.1, 20),
    Case("1 Python process, interpreter columns too, every 10 ms", subjects.python_tree, 1, 0.01, 15),
    Case(f"{subjects.CROWD} Python processes, interpreter columns too, every 100 ms", subjects.python_tree,
         subjects.CROWD, 0.1, 15),
)


def measure_round(case, pid, directory, seconds, costs, peaks):
    """Each looks once; `costs` gets us per row by name."""
    with subjects.tidemark_recorder(pid, case.interval_s, directory, case.count) as recorder:
        costs["tidemark"].append(recorder.cost_over(seconds).us_per_row)
        peaks.append(recorder.peak_rss_bytes() / 1e6)
        tick_files = recorder.files_of_the_machine()
    for name, flags in (("psutil", ()), ("least", ("--least",))):
        with subjects.psutil_peer(pid, case.interval_s, directory, case.count, *flags) as recorder:
            costs[name].append(recorder.cost_over(seconds).us_per_row)
    pids = [pid, *subjects.procfs.descendants(pid)]
    ticks = max(1, round(seconds / case.interval_s))
    costs["paced"].append(subjects.kernel_reads(pids, case.interval_s, ticks, tick_files).us_per_row)
    costs["tight"].append(subjects.kernel_reads(pids, 0, TICKS_WITHOUT_PAUSE // case.count, []).us_per_row)


def line(name, spread, remark=""):
    print(f"  {name:<29}{spread.text(1):>25}  {remark}".rstrip())


def report(case, costs, peaks):
    print(case.title)
    line("tidemark", figures.Spread.of(costs["tidemark"]))
    line("psutil, the same columns", figures.Spread.of(costs["psutil"]))
    line("psutil, the least", figures.Spread.of(costs["least"]))
    line("bare reads, same interval", figures.Spread.of(costs["paced"]))
    line("bare reads, no pause", figures.Spread.of(costs["tight"]))
    line("psutil / tidemark", figures.ratios(costs["psutil"], costs["tidemark"]), f"wanted: {case.wanted_ratio}")
    line("psutil, the least / tidemark", figures.ratios(costs["least"], costs["tidemark"]))
    line("psutil / bare reads", figures.ratios(costs["psutil"], costs["paced"]))
    line("tidemark / bare reads", figures.ratios(costs["tidemark"], costs["paced"]))
    line("tidemark's peak RSS, MB", figures.Spread.of(peaks), f"limit: {RSS_LIMIT_MB}")
    print(flush=True)


def run(case, rounds, seconds):
    costs, peaks = collections.defaultdict(list), []
    with case.tree(case.count) as pid, tempfile.TemporaryDirectory() as directory:
        for _ in range(rounds):
            measure_round(case, pid, directory, seconds, costs, peaks)
    report(case, costs, peaks)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each recorder in each round")
    parser.add_argument("--quick", action="store_true", help="one short round: only to see that it runs")
    options = parser.parse_args()
    rounds, seconds = (1, 0.3) if options.quick else (options.rounds, options.seconds)
    print(f"Own CPU, microseconds per row: median [least, most] of {rounds} x {seconds:g} s")
    processes = len(psutil.pids())
    print(f"Python {platform.python_version()}, psutil {psutil.__version__}, {processes} processes on the machine\n")
    for case in CASES:
        run(case, rounds, seconds)


if __name__ == "__main__":
    main()
