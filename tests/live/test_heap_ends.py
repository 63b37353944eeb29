#!/usr/bin/python3
"""tidemark heap is killed at any instant, and so are its targets while they are read: the other one goes on."""

import json
import os
import random
import subprocess
import time
import unittest
from pathlib import Path

from support import Target, status_fields, thread_ids, tidemark_binary, wait_for
from support.heaps import CANNOT_OPEN, MODES, HeapTest

KILLS = int(os.environ.get("TIDEMARK_HEAP_KILLS", 25))
WHOLE_RUN_AFTER = 5  # kills
ENDS = int(os.environ.get("TIDEMARK_HEAP_ENDS", 4))


def started(pid, mode):
    return subprocess.Popen([tidemark_binary(), "heap", "-p", str(pid), "--json", "--consistency", mode],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def random_instants(pid, mode, count):
    """Seconds after the start of a run, spread over as long as one takes here."""
    began = time.monotonic()
    started(pid, mode).communicate(timeout=60)
    whole = time.monotonic() - began
    return [whole * (number + random.random()) / count for number in range(count)]


def zombies(pid):
    """Children of the process that have ended and that it has not waited for."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in children if status_fields(child)["State"].startswith("Z")]


def stands_alone(pid):
    """No thread of it is stopped or traced."""
    fields = [status_fields(f"{pid}/task/{tid}") for tid in thread_ids(pid)]
    return all(field["State"][0] not in "tT" and field["TracerPid"] == "0" for field in fields)


class Killed(HeapTest):
    def check_kills(self, mode):
        """A run that is killed leaves at most one zombie; the next one that ends by itself has it waited for."""
        left = [0]
        with Target("steady.py", "--buffer-mib", 16) as target:
            for number, instant in enumerate(random_instants(target.pid, mode, KILLS)):
                before = target.ask("status")["turns"]
                reader = started(target.pid, mode)
                time.sleep(instant)
                reader.kill()
                reader.communicate(timeout=60)
                wait_for(lambda: stands_alone(target.pid), "no thread of the target is stopped or traced")
                wait_for(lambda: target.ask("status")["turns"] > before, "the target goes on")
                # A clone dies with its tracer, a moment after us.
                wait_for(lambda: len(self.children(target.pid)) == len(zombies(target.pid)), "no clone runs")
                left.append(len(zombies(target.pid)))
                self.assertLessEqual(left[-1], left[-2] + 1)
                if number % WHOLE_RUN_AFTER == WHOLE_RUN_AFTER - 1:
                    self.ledger(target.pid, "--consistency", mode)
                    if mode == "frozen":
                        self.assertEqual(self.children(target.pid), [])
                        left.append(0)
        print(f"{mode}: {KILLS} kills, at most {max(left)} zombies at once", flush=True)

    @staticmethod
    def children(pid):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    def test_when_stopped(self):
        self.check_kills("stopped")

    def test_when_frozen(self):
        self.check_kills("frozen")


class Fleeting(HeapTest):
    """It may have been read before, and then has a ledger; else it has gone, or may be another program now."""

    def outcome(self, target, mode, instant, end):
        reader = started(target.pid, mode)
        time.sleep(instant)
        end(target)
        out, errors = reader.communicate(timeout=60)
        self.assertIn(reader.returncode, (0, CANNOT_OPEN), (out, errors))
        if reader.returncode == 0:
            for process in json.loads(out)["processes"]:
                self.assert_adds_up(process)
            self.assertEqual(errors, "")
            return "read"
        self.assertRegex(errors, r"^tidemark heap: .*\n(hint: .*\n)?$")
        return errors.splitlines()[0]

    def check(self, end, patterns):
        for mode in MODES:
            with Target("heap_known.py", "--mib", 20) as target:
                instants = random_instants(target.pid, mode, ENDS)
            for instant in instants:
                with self.subTest(mode), Target("heap_known.py", "--mib", 20) as target:
                    said = self.outcome(target, mode, instant, end)
                    self.assertRegex(said, f"^read$|{patterns}")

    def test_a_target_that_is_killed(self):
        self.check(lambda target: target.kill(), "no process with pid|ended while it was read")

    def test_a_target_that_becomes_another_program(self):
        def execute(target):
            target.ask("exec")
        self.check(execute, "executed another program while it was read")


if __name__ == "__main__":
    unittest.main()
