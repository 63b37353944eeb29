#!/usr/bin/env python3
"""What a census of a heap's objects costs us and the target, beside guppy3 and pympler that count the same inside it.

After one run of each that does not count, the ways come in turns. Own CPU is the kernel's figure of the whole run
(wait4); the fixed cost is that of an interpreter with nothing in it, and the cost of a block is what is beyond it. Own
memory is the VmHWM that the census says, beside it what it read of the target (stopped copies it). The target spins on
its clock meanwhile: its largest gap is what it noticed. The peers count a heap of --peer-blocks, each in a process of
its own that nothing was imported into, in the same rounds as a census of it: their CPU is that of the process, their
pause the time of the call, which does nothing but hold the GIL. Nothing is asserted.
"""

import argparse
import math
import os
from typing import NamedTuple

import figures
import stack_peers
import subjects
from figures import Spread
from subjects import WAYS, Target

LIMITED = ("racing", "stopped", "frozen")
MB = 1e6
LEAST_FREE_KB = 16_000_000  # for 30 million blocks and their copy


class Run(NamedTuple):
    cpu_s: float
    peak_mb: float
    read_mb: float
    pause_ms: float
    gap_ms: float  # nan: the census outlasted the spinning
    objects: int


class Heap(NamedTuple):
    blocks: int
    rss_mb: float
    runs: dict

    def cpu(self, way):
        return [run.cpu_s for run in self.runs[way]]


class PeerRun(NamedTuple):
    cpu_s: float
    pause_s: float
    grown_mb: float
    objects: int

    @property
    def us_per_object(self):
        return self.cpu_s / self.objects * 1e6


def heap_target(blocks, modules=()):
    path = os.pathsep.join(map(str, [subjects.PROGRAMS, *modules]))
    return Target(subjects.HERE / "targets" / "objects.py", "--blocks", blocks, env={"PYTHONPATH": path})


def run_once(target, arguments, seconds):
    """One census, while the target spins."""
    made = subjects.snapshot("objects", target, arguments, seconds)
    # Not ru_maxrss: it survives exec, and is that of the Python that forked.
    return Run(made.cpu_s, made.cost["own_rss_bytes"] / MB, made.cost["bytes_read"] / MB, made.cost["pause_ms"],
               made.gap_ms if made.ended_in_time else math.nan, made.process["summary"]["total_objects"])


def measure(blocks, rounds, seconds):
    runs = {way: [] for way in WAYS}
    with heap_target(blocks) as target:
        for number in range(rounds + 1):
            for way, arguments in WAYS.items():
                run = run_once(target, arguments, seconds)
                if number > 0:
                    runs[way].append(run)
        return Heap(target.truth["blocks"], target.truth["rss"] / MB, runs)


def peer_once(name, blocks):
    with heap_target(blocks, [stack_peers.peer("py-spy").parent.parent]) as target:
        target.send(name)
        said = target.next_line(3600)
        return PeerRun(said["cpu_s"], said["pause_s"], said["grown_bytes"] / MB, said["objects"])


def measure_peers(blocks, rounds, seconds):
    """The peers and, right beside each round of them, a census of the same heap."""
    runs = {name: [] for name in ("guppy", "muppy", *LIMITED)}
    with heap_target(blocks) as target:
        for number in range(rounds + 1):
            made = {name: peer_once(name, blocks) for name in ("guppy", "muppy")}
            made |= {way: run_once(target, WAYS[way], seconds) for way in LIMITED}
            if number > 0:
                for name, run in made.items():
                    runs[name].append(run)
    return runs


def seen_gaps(runs):
    gaps = [run.gap_ms for run in runs if not math.isnan(run.gap_ms)]
    return Spread.of(gaps).text(1) if gaps else "not seen"


def report(heap, fixed):
    print(f"\n{heap.blocks:,} blocks, {heap.rss_mb:.0f} MB RSS, {heap.runs['frozen'][0].objects:,} objects")
    print("  way          own CPU s           ns/block   own MB   read MB    pause ms              largest gap ms")
    for way, made in heap.runs.items():
        block = (Spread.of(heap.cpu(way)).median - Spread.of(fixed.cpu(way)).median) / heap.blocks * 1e9
        print(f"  {way:<13}{Spread.of(heap.cpu(way)).text(2):<20}{block:<11.0f}"
              f"{max(run.peak_mb for run in made):<9.0f}{max(run.read_mb for run in made):<11.0f}"
              f"{Spread.of([run.pause_ms for run in made]).text(1):<22}{seen_gaps(made)}")
    for way in ("stopped", "frozen"):
        print(f"  {way}: own memory / read  {max(run.peak_mb / run.read_mb for run in heap.runs[way]):.2f}   (limit 1.40)")


def report_growth(heaps, fixed):
    """By the medians: the sizes are measured one after the other."""
    print("\nns per block, most / least of the sizes (limit 1.5)")
    for way in WAYS:
        costs = [(Spread.of(heap.cpu(way)).median - Spread.of(fixed.cpu(way)).median) / heap.blocks for heap in heaps]
        print(f"  {way:<13}{max(costs) / min(costs):.2f}")


def report_peers(blocks, runs):
    print(f"\n{blocks:,} blocks, counted by the peers in the target and by tidemark beside it")
    print("  who          CPU s               us/object             pause s               grown MB   objects")
    for name in ("guppy", "muppy"):
        made = runs[name]
        print(f"  {name:<13}{Spread.of([run.cpu_s for run in made]).text(2):<20}"
              f"{Spread.of([run.us_per_object for run in made]).text(2):<22}"
              f"{Spread.of([run.pause_s for run in made]).text(2):<22}{max(run.grown_mb for run in made):<11.0f}"
              f"{made[-1].objects:,}")
    for way in LIMITED:
        made = runs[way]
        print(f"  {way:<13}{Spread.of([run.cpu_s for run in made]).text(2):<20}"
              f"{Spread.of([run.cpu_s / run.objects * 1e6 for run in made]).text(3):<22}"
              f"{Spread.of([run.pause_ms / 1e3 for run in made]).text(3):<22}{'0':<11}{made[-1].objects:,}")
    for name, limit in (("guppy", 10), ("muppy", 30)):
        for way in LIMITED:
            share = figures.ratios([run.us_per_object for run in runs[name]],
                                   [run.cpu_s / run.objects * 1e6 for run in runs[way]])
            print(f"  CPU per object, {name} / {way:<9}{share.text(1)}   (at least {limit})")


def spin_seconds(blocks):
    return 1.5 + blocks / 2e6


def has_room():
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        return next(int(line.split()[1]) for line in meminfo if line.startswith("MemAvailable:")) >= LEAST_FREE_KB


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--blocks", type=int, action="append",
                        help="sizes of heaps; 0: none (default 10^6, 10^7 and, where memory allows, 3*10^7)")
    parser.add_argument("--peer-blocks", type=int, action="append",
                        help="sizes of heaps that the peers count; 0: none (default 10^6, 10^7)")
    parser.add_argument("--quick", action="store_true", help="one short round without the peers: only shows that it runs")
    arguments = parser.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    sizes = [200_000] if arguments.quick else arguments.blocks or [10**6, 10**7] + [3 * 10**7] * has_room()
    peer_sizes = [] if arguments.quick else arguments.peer_blocks or [10**6, 10**7]
    print("tidemark objects: median [least, most] of", rounds, "rounds after one that does not count")
    fixed = measure(0, rounds, 1.0)
    print("\nfixed cost, of", f"{fixed.blocks:,} blocks of an idle interpreter, CPU s:")
    for way in WAYS:
        print(f"  {way:<13}{Spread.of(fixed.cpu(way)).text(3)}")
    heaps = []
    for size in filter(None, sizes):
        heaps.append(measure(size, rounds, spin_seconds(size)))
        report(heaps[-1], fixed)
    if len(heaps) > 1:
        report_growth(heaps, fixed)
    for size in filter(None, peer_sizes):
        report_peers(size, measure_peers(size, rounds, spin_seconds(size)))


if __name__ == "__main__":
    main()
