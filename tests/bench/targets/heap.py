"""A heap of about so many MB of an application's objects; spins on its clock, and forks, when told to.

`segment SECONDS` spins and gives the largest gap; `fork` gives how long os.fork() took the parent (the child ends at
once). What is spun over touches no object of the heap.
"""

import argparse
import os
import time

import protocol
from many_objects import Order, Point
from spinner import segment

MB = 1_000_000


def some_objects(number):
    """About 2.2 KB in 30 blocks or so."""
    return (Order(number), [Point(number + index, float(index)) for index in range(4)],
            {"id": number, "name": str(number), "tags": ["a" * 20, "b" * 40], "size": number * 3.5},
            bytes(200 + number % 300), "text " * 40)


def heap_of(size):
    kept = []
    while True:
        for _ in range(2000):
            kept.append(some_objects(len(kept)))
        if protocol.rss_bytes() >= size:
            return kept


def fork():
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    took = time.perf_counter() - began
    os.waitpid(pid, 0)
    return {"fork_ms": took * 1e3}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=100)
    kept = heap_of(parser.parse_args().mb * MB)
    protocol.say_ready({"objects": len(kept), "rss": protocol.rss_bytes()})
    protocol.converse({"segment": segment, "fork": fork})


if __name__ == "__main__":
    main()
