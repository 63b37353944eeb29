#!/usr/bin/env python3
"""Own CPU per thread stack beside py-spy and austin, and the wall time of one `tidemark stack` beside `py-spy dump`.

Each sampler runs twice in a round, for a short and for a long time, at the same rate: what the long run took more than
the short one, CPU and stacks, is the cost of its stacks without its start and end. Samplers take turns, round after
round. A ratio is that of neighbours in one round; [least, most] are over the rounds; `tidemark again` is tidemark
against itself. All of them take idle threads too. Targets wait, or with --moving change their innermost frame all the
time. Nothing is asserted.
"""

import argparse
import collections
import statistics
import time

import figures
import stack_peers
import subjects
from subjects import Target

SECONDS = (1, 3)
QUICK_SECONDS = (0.3, 1)
TURN_S = 0.02  # of a moving thread
THREADS, DEPTHS = (1, 16, 128), (20, 200)
WANTED = {"austin": 5, "py-spy": 25}
DUMPS = 20


def samplers(threads, is_quick):
    own = [stack_peers.tidemark_ticks(), stack_peers.tidemark_ticks()._replace(name="tidemark again"),
           stack_peers.tidemark_record(threads)]
    # Peers take whole seconds.
    return own if is_quick else own + [stack_peers.austin(), stack_peers.py_spy(), stack_peers.py_spy("--nonblocking")]


def cost_per_stack(sampler, pid, seconds):
    """us of CPU, and the share of ticks that it kept, of the long run less the short one."""
    short, long = (sampler.run(pid, duration) for duration in seconds)
    stacks = long.stacks - short.stacks
    if stacks <= 0:
        raise RuntimeError(f"{sampler.name}: {short}, {long}")
    return (long.cpu_ns - short.cpu_ns) / stacks / 1000, stacks, long.lost - short.lost


def wanted_text(name):
    return f"wanted: {WANTED[name]}" if name in WANTED else ""


def report(title, costs, kept, lost):
    print(title)
    for name, values in costs.items():
        print(f"  {name:<27}{figures.Spread.of(values).text(2):>24} us   {100 * statistics.fmean(kept[name]):5.0f} % of the stacks"
              f", {sum(lost[name])} lost")
    own = costs["tidemark, stacks alone"]
    for name, values in costs.items():
        if values is not own:
            print(f"  {name + ' / tidemark':<38}{figures.ratios(values, own).text(1):>22}  {wanted_text(name)}".rstrip())
    if "austin" in costs:
        record = costs["tidemark record --stacks"]
        for name in ("austin", "py-spy"):
            print(f"  {name + ' / tidemark record --stacks':<38}{figures.ratios(costs[name], record).text(1):>22}")
    print(flush=True)


def measure(python, threads, depth, moving, rounds, seconds, is_quick):
    costs, kept, lost = (collections.defaultdict(list) for _ in range(3))
    program = subjects.HERE / "targets" / "stacks.py"
    words = ("--threads", threads, "--depth", depth, "--moving", TURN_S if moving else 0)
    expected = (seconds[1] - seconds[0]) * stack_peers.RATE_HZ * (threads + 1)  # and the main thread
    with Target(program, *words, python=python) as target:
        for _ in range(rounds):
            for sampler in samplers(threads + 1, is_quick):
                cost, stacks, losses = cost_per_stack(sampler, target.pid, seconds)
                costs[sampler.name].append(cost)
                kept[sampler.name].append(stacks / expected)
                lost[sampler.name].append(losses)
    report(f"{threads} threads at depth {depth}, {'moving' if moving else 'waiting'}", costs, kept, lost)


def wall_ms(command):
    begin = time.perf_counter()
    stack_peers.ended(command)
    return 1000 * (time.perf_counter() - begin)


def measure_dumps(python, threads, dumps, is_quick):
    commands = {"tidemark stack": lambda pid: [subjects.tidemark_binary(), "stack", "-p", pid],
                "tidemark stack again": lambda pid: [subjects.tidemark_binary(), "stack", "-p", pid]}
    if not is_quick:
        commands["py-spy dump"] = lambda pid: [stack_peers.peer("py-spy"), "dump", "-p", pid]
        commands["py-spy dump --nonblocking"] = lambda pid: [stack_peers.peer("py-spy"), "dump", "-p", pid, "--nonblocking"]
    times = collections.defaultdict(list)
    program = subjects.HERE / "targets" / "stacks.py"
    with Target(program, "--threads", threads, python=python) as target:
        for _ in range(dumps):
            for name, command in commands.items():
                times[name].append(wall_ms(command(target.pid)))
    print(f"Once, {threads} threads at depth 20: wall time, ms, of {dumps} by turns")
    for name, values in times.items():
        print(f"  {name:<27}{figures.Spread.of(values).text(1):>24}"
              f"   / tidemark {figures.ratios(values, times['tidemark stack']).text(2)}")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=subjects.DEBIAN_PYTHON, help="the interpreter of the targets")
    parser.add_argument("--quick", action="store_true", help="one short round without the peers: only to see that it runs")
    options = parser.parse_args()
    rounds, seconds, dumps = (1, QUICK_SECONDS, 1) if options.quick else (options.rounds, SECONDS, DUMPS)
    print(f"Stacks of {options.python} at {stack_peers.RATE_HZ} Hz: own CPU, us per thread stack, median [least, most] of "
          f"{rounds} x {seconds[1]} s less {seconds[0]} s")
    for sampler in samplers(1, options.quick):
        print(f"  {sampler.name}: {sampler.shown()}")
    if not options.quick:
        print("  " + ", ".join(stack_peers.version_of(stack_peers.peer(name)) for name in ("py-spy", "austin")))
    print()
    for threads in THREADS:
        for depth in DEPTHS:
            measure(options.python, threads, depth, False, rounds, seconds, options.quick)
    for threads in THREADS[1:]:
        measure(options.python, threads, DEPTHS[0], True, rounds, seconds, options.quick)
    for threads in THREADS:
        measure_dumps(options.python, threads, dumps, options.quick)


if __name__ == "__main__":
    main()
