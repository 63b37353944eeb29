"""N threads, each below a stack of D frames. They wait; or, with --moving, each wakes up every so often and waits in
another leaf function on the next turn, so that hardly two looks see the same stack."""

import argparse
import itertools
import threading
import time

import protocol

FRAMES_ABOVE = 4  # of a thread's own: _bootstrap, _bootstrap_inner, run; and the leaf
LEAVES = 4


def leaf_0(wait):
    return wait()


def leaf_1(wait):
    low = 1
    return wait(), low


def leaf_2(wait):
    low, high = 1, 2
    return wait(), low, high


def leaf_3(wait):
    low, middle, high = 1, 2, 3
    return wait(), low, middle, high


def dive(frames, wait, leaves, ended):
    if frames > 0:
        return dive(frames - 1, wait, leaves, ended)
    for leaf in leaves:
        leaf(wait)
        if ended.is_set():
            return None
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--depth", type=int, default=20, help="frames of each thread")
    parser.add_argument("--moving", type=float, default=0, help="seconds between two turns of a thread")
    options = parser.parse_args()
    ended = threading.Event()
    inside = threading.Barrier(options.threads + 1)
    leaves = [leaf_0, leaf_1, leaf_2, leaf_3][:LEAVES]

    def body():
        if options.moving:
            wait, turns = lambda: time.sleep(options.moving), itertools.cycle(leaves)
        else:
            held = threading.Lock()
            held.acquire()
            wait, turns = held.acquire, leaves
        inside.wait()
        dive(options.depth - FRAMES_ABOVE - 2, wait, turns, ended)

    for _ in range(options.threads):
        threading.Thread(target=body, daemon=True).start()
    inside.wait()
    time.sleep(0.2)  # the threads go from the barrier to where they wait
    protocol.say_ready({"threads": options.threads, "depth": options.depth})
    protocol.converse({"status": protocol.identity})
    ended.set()


if __name__ == "__main__":
    main()
