"""A parent and its forked workers, lightly busy: each makes and collects a few cycles and rewrites a small buffer."""

import argparse

import family
import protocol
from steady import SteadyWork

BUFFER_MIB = 1
CYCLES = 20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=49)
    parser.add_argument("--tick-s", type=float, default=0.2)
    options = parser.parse_args()

    def child_body(life_fd):
        work = SteadyWork(BUFFER_MIB, CYCLES)
        protocol.converse({}, fd=life_fd, tick_s=options.tick_s, on_tick=work.turn)

    workers = family.Family()
    for _ in range(options.children):
        workers.fork(child_body)
    work = SteadyWork(BUFFER_MIB, CYCLES)
    protocol.say_ready({"children": len(workers.pids)})
    protocol.converse({"status": work.truth}, tick_s=options.tick_s, on_tick=work.turn)
    workers.close()


if __name__ == "__main__":
    main()
