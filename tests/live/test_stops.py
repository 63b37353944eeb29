#!/usr/bin/python3
"""A target that is stopped or frozen notices the time and nothing else; what it may notice is counted
(native/stopper.cpp)."""

import collections
import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

from support import DEBIAN_PYTHON, Target, on_each_interpreter, tidemark_binary, wait_for

BINARIES = Path(tidemark_binary()).parent
STOPPER, BLOCKED_CALLS, RESTLESS = (BINARIES / f"tidemark_{name}" for name in ("stopper", "blocked_calls", "restless"))
# signal(7): these fail with EINTR when their process is stopped and goes on, and are not made anew by the kernel.
CUT_BY_A_STOP = {"epoll_wait", "epoll_pwait2", "recv with SO_RCVTIMEO", "sigtimedwait", "semop", "semtimedop"}
LONG_PAUSE_MS = 20_000
PATIENT_MS = 20_000


class Stopper:
    """Context manager around the driver."""

    def __enter__(self):
        self._process = subprocess.Popen([STOPPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.pauses_ns = []
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def stop(self, pid, hold_us=0, max_pause_ms=LONG_PAUSE_MS, settle_ms=PATIENT_MS, verb="stop"):
        self._process.stdin.write(f"{verb} {pid} {hold_us} {max_pause_ms} {settle_ms}\n")
        answer = json.loads(self._process.stdout.readline())
        if "pause_ns" in answer:
            self.pauses_ns.append(answer["pause_ns"])
        return answer

    def children(self):
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()

    def pauses_text(self):
        pauses = sorted(self.pauses_ns)
        return f"pause median {pauses[len(pauses) // 2] / 1e6:.2f} ms, longest {pauses[-1] / 1e6:.2f} ms"


def task_states(pid):
    """(state, tracer) of each thread of `pid`; empty when it has gone."""
    states = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            fields = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
            states.append((fields["State"][0], int(fields["TracerPid"])))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return states


class StopTest(unittest.TestCase):
    def assert_stands_alone(self, pid):
        """Nobody traces it and nothing keeps it stopped; a thread that is just leaving its stop is waited for."""
        wait_for(lambda: all(state not in "tT" and tracer == 0 for state, tracer in task_states(pid)),
                 f"{pid} runs and is traced by nobody")


class BlockedCalls(StopTest):
    STOPS = 60

    def cut_calls(self, target):
        """EINTR by the kernel's name of the call, as the target has met it."""
        counts = collections.Counter()
        for kind in target.ask("status")["kinds"]:
            counts[kind["call"]] += kind["cut"]
        return +counts

    def all_have_ended(self, target):
        return all(kind["ended"] >= 2 for kind in target.ask("status")["kinds"]
                   if kind["ends"] and kind["name"] not in CUT_BY_A_STOP)

    def test_each_kind_of_call_when_stopped(self):
        self.check_each_kind_of_call("stop")

    def test_each_kind_of_call_when_frozen(self):
        self.check_each_kind_of_call("freeze")

    def check_each_kind_of_call(self, verb):
        counted, restarted, stops = collections.Counter(), 0, 0
        with Target([], python=BLOCKED_CALLS) as target, Stopper() as stopper:
            give_up_at = time.monotonic() + 120
            while stops < self.STOPS or not self.all_have_ended(target):
                self.assertLess(time.monotonic(), give_up_at, "a call that should time out never does")
                report = stopper.stop(target.pid, verb=verb)
                self.assertEqual(report.get("released_by"), "request", report)
                self.assertTrue(report.get("reaped", True), report)
                counted.update(report["interrupted"])
                restarted += report["restarted_epoll_waits"]
                stops += 1
                wait_for(lambda: self.cut_calls(target) == counted, f"the target has met what was counted: {counted}")
            kinds = target.ask("status")["kinds"]
            self.assert_stands_alone(target.pid)
        for kind in kinds:
            with self.subTest(kind["name"]):
                self.assertEqual((kind["early"], kind["wrong"]), (0, 0))
                if kind["name"] not in CUT_BY_A_STOP:
                    self.assertEqual(kind["cut"], 0)
        self.assertGreater(restarted, self.STOPS)  # three threads wait without end
        self.assertEqual(set(counted), {kind["call"] for kind in kinds if kind["name"] in CUT_BY_A_STOP})
        print(f"{len(kinds)} kinds of calls, {verb} {stops} times: {restarted} endless epoll_waits restarted, "
              f"cut: {dict(counted)}; {stopper.pauses_text()}", file=sys.stderr)


class PythonTargets(StopTest):
    STOPS = 60

    @on_each_interpreter
    def test_every_way_of_waiting_when_stopped(self, python):
        self.check_every_way_of_waiting(python, "stop")

    @on_each_interpreter
    def test_every_way_of_waiting_when_frozen(self, python):
        self.check_every_way_of_waiting(python, "freeze")

    def check_every_way_of_waiting(self, python, verb):
        with Target("many_waits.py", "--copies", 4, python=python) as target, Stopper() as stopper:
            before = target.ask("status")["turns"]
            stops = 0

            def all_have_turned():
                turns = target.ask("status")["turns"]
                return all(turns[name] >= before[name] + 2 for name in before)

            while stops < self.STOPS or not all_have_turned():
                os.kill(target.pid, signal.SIGUSR1)
                report = stopper.stop(target.pid, hold_us=random.randrange(1000), verb=verb)
                self.assertEqual(report.get("released_by"), "request", report)
                self.assertTrue(report.get("reaped", True), report)
                stops += 1
                self.assertEqual(target.ask("status")["problems"], [])
            self.assertGreater(target.ask("status")["signals"], 0)
            self.assert_stands_alone(target.pid)
            print(f"{python.name}: {verb} {stops} times, {report['threads']} threads, {stopper.pauses_text()}",
                  file=sys.stderr)


class Restless(StopTest):
    def start(self, *words):
        process = subprocess.Popen([RESTLESS, *map(str, words)], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def outcome(self, stopper, pid, **options):
        """"request", or the kind of an error that is an ordinary end here."""
        answer = stopper.stop(pid, **options)
        if "error" in answer:
            self.assertIn(answer["error"], ("gone", "busy"), answer)
            return answer["error"]
        self.assertIn(answer["released_by"], ("request", "target_exit"), answer)
        return answer["released_by"]

    def test_a_thread_that_replaces_the_program(self):
        for verb in ("stop", "freeze"):
            with self.subTest(verb):
                self.check_a_thread_that_replaces_the_program(verb)

    def check_a_thread_that_replaces_the_program(self, verb):
        process = self.start("exec", 0)
        outcomes = collections.Counter()

        def number():
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            return int(words[2]) if len(words) > 2 else -1  # none while the new program is being set up

        with Stopper() as stopper:
            for _ in range(300):
                outcomes[self.outcome(stopper, process.pid, settle_ms=50, verb=verb)] += 1
                self.assertIsNone(process.poll())
        self.assert_stands_alone(process.pid)
        seen = number()
        wait_for(lambda: number() > max(seen, 1), "the program is replaced again")
        self.assertGreater(outcomes["request"], 0)
        print(f"{verb}: a target that calls execve in a thread: {dict(outcomes)}", file=sys.stderr)

    def test_a_target_that_forks(self):
        process = self.start("fork")
        with Stopper() as stopper:
            for turn in range(400):
                self.assertEqual(self.outcome(stopper, process.pid, verb="freeze" if turn % 2 else "stop"), "request")
        self.assertIsNone(process.poll())  # no wait for a child has failed
        self.assert_stands_alone(process.pid)

    def test_targets_that_exit(self):
        for verb in ("stop", "freeze"):
            with self.subTest(verb):
                self.check_targets_that_exit(verb)

    def check_targets_that_exit(self, verb):
        outcomes = collections.Counter()
        with Stopper() as stopper:
            for _ in range(200):
                process = self.start("exit", random.randrange(5))
                outcomes[self.outcome(stopper, process.pid, hold_us=random.randrange(500), verb=verb)] += 1
                self.assertEqual(process.wait(30), 5)
            self.assertEqual(stopper.children(), [])
        self.assertGreater(outcomes["request"], 0)
        print(f"{verb}: targets that exit: {dict(outcomes)}", file=sys.stderr)


class SomebodyElse(StopTest):
    def test_strace_keeps_its_target(self):
        with Target("steady.py", python=DEBIAN_PYTHON) as target, Stopper() as stopper:
            try:
                strace = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(target.pid)])
            except FileNotFoundError:
                self.skipTest("no strace")
            try:
                wait_for(lambda: (task_states(target.pid)[0][1]) == strace.pid, "strace traces it")
                answer = stopper.stop(target.pid)
                self.assertEqual(answer["error"], "busy")
                self.assertIn(f"traced by {strace.pid} (strace)", answer["detail"])
                self.assertEqual(task_states(target.pid)[0][1], strace.pid)
            finally:
                strace.terminate()
                strace.wait()
            self.assertEqual(stopper.stop(target.pid)["released_by"], "request")
            target.ask("turns", 1)


if __name__ == "__main__":
    unittest.main()
