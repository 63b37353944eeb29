#!/usr/bin/env python3
"""What a ledger of a heap costs us and the target: racing, stopped, frozen, and in low-memory mode.

After one run of each that does not count, the ways come in turns. Beside them, in the same rounds, stand the target's own
fork() (a pause of frozen is a copy of page tables, as that is; the forks are as far apart as the pauses) and the bare copy
of the heap's pages (what stopped cannot be faster than). The target spins on its clock meanwhile: its largest gap is
what it noticed. Own CPU is the kernel's figure of the whole run (wait4), own memory its VmHWM. Nothing is asserted.
"""

import argparse
import json
import subprocess
import time
from typing import NamedTuple

import figures
import subjects
from figures import Spread
from subjects import WAYS, Target

MB = 1 << 20
SETTLE_S = 0.2


class Run(NamedTuple):
    cpu_s: float
    peak_mb: float
    read_mb: float
    pause_ms: float
    gap_ms: float
    bound: float  # of RSS


def run_once(target, arguments, seconds):
    """One ledger, while the target spins."""
    made = subjects.snapshot("heap", target, arguments, seconds, SETTLE_S)
    ledger = made.process
    # Not ru_maxrss: it survives exec, and is that of the Python that forked.
    return Run(made.cpu_s, made.cost["own_rss_bytes"] / MB, made.cost["bytes_read"] / MB, made.cost["pause_ms"],
               made.gap_ms, ledger["bound_bytes"] / ledger["rss_bytes"])


def copy_once(target, binary):
    return json.loads(subprocess.run([binary, str(target.pid)], check=True, capture_output=True).stdout)["copy_ms"]


def fork_once(target):
    time.sleep(SETTLE_S)  # as rare as a freeze is: its caches are as cold
    return target.ask("fork")["fork_ms"]


def measure(megabytes, rounds, seconds, copier):
    runs = {way: [] for way in WAYS}
    forks, copies = [], []
    with Target(subjects.HERE / "targets" / "heap.py", "--mb", megabytes) as target:
        rss = target.truth["rss"] / MB
        for number in range(rounds + 1):
            counts = number > 0
            for way, arguments in WAYS.items():
                run = run_once(target, arguments, seconds)
                if counts:
                    runs[way].append(run)
            fork, copy = fork_once(target), copy_once(target, copier)
            if counts:
                forks.append(fork)
                copies.append(copy)
    return rss, runs, forks, copies


def report(rss, runs, forks, copies):
    print(f"\nheap of {rss:.0f} MB RSS; its own fork() {Spread.of(forks).text(1)} ms, bare copy {Spread.of(copies).text(0)} ms")
    print("  way          own CPU s           own MB   read MB    pause ms            largest gap ms")
    for way, made in runs.items():
        print(f"  {way:<13}{Spread.of([run.cpu_s for run in made]).text(2):<20}"
              f"{max(run.peak_mb for run in made):<9.0f}{max(run.read_mb for run in made):<11.0f}"
              f"{Spread.of([run.pause_ms for run in made]).text(1):<20}{Spread.of([run.gap_ms for run in made]).text(1)}")
    print(f"  frozen pause / fork()      {figures.ratios([run.pause_ms for run in runs['frozen']], forks).text(2)}   (limit 1.5)")
    print(f"  stopped pause / bare copy  {figures.ratios([run.pause_ms for run in runs['stopped']], copies).text(2)}")
    for way in ("stopped", "frozen"):
        over = max(run.peak_mb / run.read_mb for run in runs[way])
        print(f"  {way}: own memory / read  {over:.2f}   (limit 1.25)")
    print(f"  racing: bound {Spread.of([100 * run.bound for run in runs['racing']]).text(2)} % of RSS")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mb", type=int, action="append", help="sizes of heaps (default 100, 1000, 4000)")
    parser.add_argument("--quick", action="store_true", help="only shows that it runs")
    arguments = parser.parse_args()
    sizes = [30] if arguments.quick else arguments.mb or [100, 1000, 4000]
    rounds = 1 if arguments.quick else arguments.rounds
    copier = subjects.tidemark_binary().with_name("tidemark_heap_copy")
    print("tidemark heap: median [least, most] of", rounds, "rounds after one that does not count")
    for size in sizes:
        seconds = 1.0 if arguments.quick else 1.5 + size / 400
        report(*measure(size, rounds, seconds, copier))


if __name__ == "__main__":
    main()
