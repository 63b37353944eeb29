"""Spins on its own clock when told to, counts its turns, and remembers the longest time between two of them."""

import time

import protocol

WARM_UP_S = 0.03


def spin(seconds):
    """Turns made in `seconds` and the largest gap between two readings of the clock."""
    clock = time.perf_counter
    turns = 0
    largest_gap = 0.0
    last = clock()
    end = last + seconds
    while last < end:
        now = clock()
        gap = now - last
        if gap > largest_gap:
            largest_gap = gap
        last = now
        turns += 1
    return turns, largest_gap


def segment(seconds):
    spin(WARM_UP_S)  # the processor wakes up and the caches fill: not counted
    turns, largest_gap_s = spin(float(seconds))
    return {"turns": turns, "largest_gap_us": largest_gap_s * 1e6}


def main():
    protocol.say_ready({})
    protocol.converse({"status": protocol.identity, "segment": segment})


if __name__ == "__main__":
    main()
