#!/usr/bin/python3
"""A target that watches itself: is it traced, and for how long at most did its clock stand still?

Speaks the protocol of fixtures/programs. One thread reads a clock without rest, one allocates, so that every tick finds a
running interpreter; a forked child does the same. `status` says what was seen since the start.
"""

import threading
import time

import family
import protocol

KEPT_BYTES = 64 * 1024
KEPT_BLOCKS = 200
SPIN_READINGS = 1000


class Watch:
    def __init__(self):
        self._largest_gap_ns = 0
        self._readings = 0
        self._tracers = set()
        self._kept = []

    def start(self):
        for body in (self._spin, self._allocate):
            threading.Thread(target=body, daemon=True).start()

    def _spin(self):
        last = time.monotonic_ns()
        while True:
            for _ in range(SPIN_READINGS):
                now = time.monotonic_ns()
                self._largest_gap_ns = max(self._largest_gap_ns, now - last)
                last = now
            self._readings += SPIN_READINGS
            self._tracers.add(tracer_pid())

    def _allocate(self):
        while True:
            self._kept.append({"body": bytearray(KEPT_BYTES)})
            del self._kept[:-KEPT_BLOCKS]

    def truth(self):
        return {"largest_gap_ns": self._largest_gap_ns, "readings": self._readings, "tracers": sorted(self._tracers)}


def tracer_pid():
    with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("TracerPid:"))


def live_in_child(life_fd):
    Watch().start()
    protocol.converse({}, fd=life_fd)


def main():
    children = family.Family()
    child = children.fork(live_in_child)
    watch = Watch()
    watch.start()
    try:
        protocol.say_ready({"child": child, **watch.truth()})
        protocol.converse({"status": watch.truth})
    finally:
        children.close()


if __name__ == "__main__":
    main()
