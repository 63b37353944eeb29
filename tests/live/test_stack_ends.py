#!/usr/bin/python3
"""Targets that exit, exec and fork while their stacks are read, again and again: right errors, no crash, and a target
that never notices."""

import json
import subprocess
import unittest

from support import DEBIAN_PYTHON, RecordingTest, Target, on_host_interpreters, status_fields, tidemark

LOOKS = 40
GONE = 3  # exit status: a target could not be opened
PARTIAL = 4  # a stack moved each time that it was read
CONSISTENCIES = ("racing", "stopped")
# Each child lives a moment, calls a little and ends in one of three ways. The parent says each pid before it lets go.
FORKS = r"""
import os, sys, time
def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(100))
def child(number):
    work(0.01 * (number % 4))
    if number % 3 == 0:
        os.execv("/bin/sleep", ["sleep", "0.02"])
    if number % 3 == 1:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(0.02)"])
    os._exit(7)
wrong = 0
for number in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        child(number)
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    wrong += status != ((7 << 8) if number % 3 == 2 else 0)
print("wrong", wrong, flush=True)
"""

# As deep as Python goes by itself: copying and naming all that takes much longer than stopping the few threads.
DEEP = """
import protocol, sys, threading
def dive(depth, leaf):
    return dive(depth - 1, leaf) if depth else leaf()
sys.setrecursionlimit(6000)
threading.stack_size(64 << 20)
inside = threading.Barrier(9)
def leaf():
    inside.wait()
    threading.Event().wait()
for _ in range(8):
    threading.Thread(target=dive, args=(5000, leaf), daemon=True).start()
inside.wait()
protocol.say_ready(protocol.identity())
protocol.converse({"status": protocol.identity})
"""


def stack(pid, consistency):
    return tidemark("stack", "-p", pid, "--json", "--consistency", consistency)


class StackEnds(RecordingTest):
    def check_look(self, look, pid):
        """A look at a process that may have gone: stacks that make sense, reasons for those that moved each time, or one
        reason and the status for it."""
        self.assertGreaterEqual(look.status, 0, f"a signal ended tidemark: {look}")
        if look.status in (0, PARTIAL):
            processes = json.loads(look.stdout)["processes"]
            self.assertEqual([process["pid"] for process in processes], [pid])
            missing = [thread["failure"] for thread in processes[0]["threads"] if thread["failure"]]
            self.assertEqual(look.status, PARTIAL if missing or processes[0]["gaps"] else 0, look)
            for thread in processes[0]["threads"]:
                self.assertNotEqual(thread["frames"] is None, thread["failure"] is None, look)
                for frame in thread.get("frames") or ():
                    self.assertTrue(frame["function"])
                    self.assertTrue(frame["file"])
        else:
            self.assertEqual(look.status, GONE, look)
            self.assertIn(str(pid), look.stderr)
        return look.status

    @on_host_interpreters
    def test_children_that_exec_and_exit_under_our_eyes(self, python):
        for consistency in CONSISTENCIES:
            with self.subTest(consistency=consistency):
                with subprocess.Popen([python.path, "-c", FORKS, str(LOOKS)], stdout=subprocess.PIPE, text=True) as parent:
                    seen = []
                    for line in parent.stdout:
                        if line.startswith("wrong"):
                            break
                        pid = int(line)
                        statuses = [self.check_look(stack(pid, consistency), pid) for _ in range(3)]
                        seen += statuses
                self.assertEqual((line, parent.wait()), ("wrong 0\n", 0))
                print(f"{python.name} {consistency}: {seen.count(0)} read, {seen.count(GONE)} gone", flush=True)
                self.assertIn(GONE, seen)

    @on_host_interpreters
    def test_a_parent_that_forks_all_the_time_is_read_each_time(self, python):
        for consistency in CONSISTENCIES:
            with self.subTest(consistency=consistency), Target("short_lived.py", python=python) as target:
                target.send("sequence", 3 * LOOKS, 0.01)
                for _ in range(LOOKS):
                    self.assertEqual(self.check_look(stack(target.pid, consistency), target.pid), 0)
                answer = target.next_line()
                self.assertEqual(answer["statuses"], [0] * (3 * LOOKS))

    @on_host_interpreters
    def test_a_recording_of_stacks_goes_through_exec_and_ends_with_the_target(self, python):
        with Target("waits_on_line.py", "--threads", 2, python=python) as target:
            with self.recording("-p", target.pid, "-i", "10ms", "--stacks", first_rows=5, name=python.name) as recording:
                before = target.truth["pid"]
                for _ in range(3):
                    target.send("exec")
                    self.assertEqual(target.next_line()["pid"], before)
                    recording.wait_for_more_rows(5)
                target.close()
                recording.wait()
        self.assertEqual((recording.status, recording.stderr), (0, ""))
        lines = self.recorded(python.name).lines
        self.assertEqual((lines[-1]["type"], lines[-1]["why"]), ("end", "targets_gone"))
        self.assertEqual(lines[-1]["rows"], len(self.recorded(python.name).rows))

    def test_a_stop_that_outlasts_max_pause_shows_nothing_and_lets_go(self):
        with Target(("-c", DEEP), python=DEBIAN_PYTHON) as target:
            whole = stack(target.pid, "stopped")
            self.assertEqual(whole.status, 0, whole.stderr)
            [process] = json.loads(whole.stdout)["processes"]
            for share in (2, 4, 8, 16):  # of the time that it takes on this machine; less than the stop alone is told as such
                limit_ms = max(1, int(process["stop"]["pause_ms"] / share))
                look = tidemark("stack", "-p", target.pid, "--consistency", "stopped", "--max-pause", f"{limit_ms}ms")
                if look.status == GONE:
                    break
            self.assertEqual((look.status, look.stdout), (GONE, ""), (process["stop"], limit_ms))
            self.assertIn("could not be read in that time (--max-pause) and goes on", look.stderr)
            self.assertEqual(target.ask("status")["pid"], target.pid)
            self.assertNotIn(status_fields(target.pid)["State"][0], "Tt")


if __name__ == "__main__":
    unittest.main()
