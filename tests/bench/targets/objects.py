"""The heap of fixtures/programs/many_objects.py, which spins on its clock, or counts its objects with a peer, when told to.

`segment SECONDS` spins and gives the largest gap; what is spun over touches no object of the heap. `guppy` and `muppy`
give the processor time of the peer, the time for which its thread did nothing else, and what the process grew by at
its peak. Such a target is started for one count: a peer leaves memory behind.
"""

import argparse
import time

import protocol
from many_objects import heap_of, truth
from spinner import segment


def guppy():
    from guppy import hpy

    heap = hpy().heap()
    return heap.count, heap.size


def muppy():
    from pympler import muppy, summary

    rows = summary.summarize(muppy.get_objects())
    return sum(row[1] for row in rows), sum(row[2] for row in rows)


def peak_bytes():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


def measured(count):
    before = protocol.rss_bytes()
    with open("/proc/self/clear_refs", "w", encoding="ascii") as clear:
        clear.write("5")  # the peak begins anew
    began, cpu_began = time.perf_counter(), time.process_time()
    objects, size = count()
    return {"objects": objects, "bytes": size, "cpu_s": time.process_time() - cpu_began,
            "pause_s": time.perf_counter() - began, "grown_bytes": peak_bytes() - before}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=1_000_000)
    kept = heap_of(parser.parse_args().blocks)
    protocol.say_ready(truth(kept))
    protocol.converse({"segment": segment, "guppy": lambda: measured(guppy), "muppy": lambda: measured(muppy)})


if __name__ == "__main__":
    main()
