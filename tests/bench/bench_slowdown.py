#!/usr/bin/env python3
"""What being recorded every 10 ms costs a target that spins on its clock.

Segments of 0.25 s come in threes, in random order: one `on` (tidemark is attached and takes its ticks) and two `off`
(no tidemark runs). `on` against the first `off` is the slowdown; the second `off` against the first is the control,
A against A: what the same arithmetic shows where there is nothing to see. Before every segment, on or off, tidemark is
started, attaches and writes its first rows; before an `off` it is ended again, so that the only difference is whether
it still looks. The target warms up 30 ms in each segment before it counts. Nothing is asserted.
"""

import argparse
import contextlib
import os
import random
import statistics
import tempfile

import figures
import subjects
from subjects import Target

INTERVAL_S = 0.01
KINDS = ("on", "off", "control")


def measured_segment(target, kind, seconds, directory, stacks):
    """The target's answer, with the rows that tidemark wrote meanwhile."""
    with contextlib.ExitStack() as attached:
        recorder = attached.enter_context(subjects.tidemark_recorder(target.pid, INTERVAL_S, directory, 1, stacks))
        if kind != "on":
            attached.close()
        rows_before = recorder.rows()
        answer = target.ask("segment", seconds)
        answer["rows"] = recorder.rows() - rows_before
    return answer


def measure(target, triples, seconds, directory, stacks):
    """A list of answers for each kind; answers of one index are of one triple."""
    order = random.Random(1)
    answers = {kind: [] for kind in KINDS}
    for _ in range(triples):
        for kind in order.sample(KINDS, len(KINDS)):
            answers[kind].append(measured_segment(target, kind, seconds, directory, stacks))
    return answers


def slowdown_percent(slower, faster):
    """How many percent fewer turns, pair by pair; positive is slower."""
    return [100 * (1 - a["turns"] / b["turns"]) for a, b in zip(slower, faster, strict=True)]


def slowdown_line(name, percents):
    low, high = figures.median_interval(percents)
    mean = statistics.fmean(percents)
    return f"  {name:<20}{statistics.median(percents):+7.2f} % [{low:+.2f}, {high:+.2f}]   mean {mean:+.2f} %"


def gap_line(name, answers):
    gaps = sorted(answer["largest_gap_us"] for answer in answers)
    return f"  {name:<20}{statistics.median(gaps):9.0f} {gaps[int(0.95 * (len(gaps) - 1))]:9.0f} {gaps[-1]:9.0f}"


def report(answers, seconds):
    on, off, control = (answers[kind] for kind in KINDS)
    rows = statistics.fmean(answer["rows"] for answer in on)
    print(f"Slowdown, median of {len(on)} pairs with its 95 % bootstrap interval")
    print(slowdown_line("on against off", slowdown_percent(on, off)))
    print(slowdown_line("off against off", slowdown_percent(control, off)))
    print("Largest gap of the spinning clock in a segment, us: median, 95 %, largest")
    for name, kind in (("on", on), ("off", off), ("off, control", control)):
        print(gap_line(name, kind))
    print(f"Ticks in a segment: {rows:.1f} on (of {seconds / INTERVAL_S:.0f} and the warm-up's),", end=" ")
    print(f"{statistics.fmean(answer['rows'] for answer in off + control):.1f} off", flush=True)


@contextlib.contextmanager
def placed(pinned):
    """With `pinned`, this process and the recorders that it starts stay off the target's processor."""
    allowed = sorted(os.sched_getaffinity(0))
    if not pinned:
        yield None
        return
    if len(allowed) < 2:
        raise SystemExit("bench_slowdown.py: --pinned needs two processors")
    os.sched_setaffinity(0, set(allowed[1:]))
    try:
        yield {allowed[0]}
    finally:
        os.sched_setaffinity(0, set(allowed))


def run(triples, seconds, pinned, stacks):
    where = "the target on a processor of its own" if pinned else "no process pinned"
    what = "with the stacks of all threads" if stacks else "without stacks"
    print(f"{3 * triples} segments of {seconds:g} s, a tick every {INTERVAL_S * 1000:.0f} ms {what}, {where}")
    program = subjects.HERE / "targets" / "spinner.py"
    with placed(pinned) as processors, Target(program) as target, tempfile.TemporaryDirectory() as directory:
        if processors:
            os.sched_setaffinity(target.pid, processors)
        report(measure(target, triples, seconds, directory, stacks), seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=240)
    parser.add_argument("--seconds", type=float, default=0.25, help="of a segment")
    parser.add_argument("--pinned", action="store_true", help="the target gets a processor of its own")
    parser.add_argument("--stacks", action="store_true", help="record --stacks")
    parser.add_argument("--quick", action="store_true", help="four short threes: only to see that it runs")
    options = parser.parse_args()
    triples, seconds = (4, 0.1) if options.quick else (options.triples, options.seconds)
    run(triples, seconds, options.pinned, options.stacks)


if __name__ == "__main__":
    main()
