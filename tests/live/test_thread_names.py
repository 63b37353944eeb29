#!/usr/bin/python3
"""What we read of dicts, attributes and thread names is what the program itself says of them, on each interpreter."""

import os
import time
import unittest

from support import Target, on_each_interpreter
from support.object_reader import ObjectReader
from support.waiting import PATIENCE_S

WATCH_READINGS = 200
SEEN_CHURNED = 20
# The first is ended again: ids have gaps. The module has another name since 3.13.
SUBINTERPRETERS = """
import json, os, sys, threading
try:
    import _interpreters as subinterpreters
except ImportError:
    import _xxsubinterpreters as subinterpreters
ended, named, without = [subinterpreters.create() for _ in range(3)]
subinterpreters.destroy(ended)
subinterpreters.run_string(named, "import threading; threading.current_thread().name = 'in a subinterpreter'")
subinterpreters.run_string(without, "import sys; sys.modules.pop('threading', None)")
print(json.dumps({"ready": True, "pid": os.getpid(), "ident": threading.get_ident(),
                  "ids": [0, int(named), int(without)]}), flush=True)
sys.stdin.read()
"""


def on_processors_of_their_own():
    """Words before the target and before the reader: on one processor the target stands still while it is read."""
    first, second = (sorted(os.sched_getaffinity(0)) * 2)[:2]
    return [("taskset", "--cpu-list", str(number)) for number in (first, second)]


def churned(pairs):
    return {name for _, name in pairs if name.startswith("churn ")}


class ThreadNames(unittest.TestCase):
    def read_names(self, reader):
        """The names in the main interpreter, and whether they are the same object as last time."""
        answer = reader.ask("names")
        [main] = answer["interpreters"]
        self.assertEqual(main["id"], 0)
        self.assertNotIn("error", main)
        return main["names"], main["same_object"]

    @on_each_interpreter
    def test_names_are_those_that_threading_says(self, python):
        with Target("names_threads.py", python=python) as target, ObjectReader(target.pid) as reader:
            self.assertGreater(len(target.truth["names"]), 48)
            self.assertEqual(len(target.truth["nameless"]), 2)
            self.assertEqual(self.read_names(reader), (target.truth["names"], False))
            self.assertEqual(self.read_names(reader), (target.truth["names"], True))
            for command in (["rename"], ["end", 20], ["start", 70], ["end", 5], ["status"]):
                truth = target.ask(*command)
                names, is_same = self.read_names(reader)
                self.assertEqual((command, names), (command, truth["names"]))
                self.assertEqual(is_same, command == ["status"])
                # Who has seen nothing before reads the same.
                with ObjectReader(target.pid) as fresh:
                    self.assertEqual(self.read_names(fresh)[0], truth["names"])

    @on_each_interpreter
    def test_attributes_and_items_are_those_that_the_program_says(self, python):
        with Target("names_threads.py", "--threads", 0, python=python) as target, ObjectReader(target.pid) as reader:
            for made in target.truth["objects"]:
                answer = reader.ask("attributes", made["address"])
                self.assertNotIn("error", answer, made)
                self.assertEqual((made["type"], sorted(answer["items"])), (made["type"], sorted(made["attributes"])))
            for made in target.truth["dicts"]:
                answer = reader.ask("dict", made["address"])
                self.assertEqual(answer["items"], made["items"])

    @on_each_interpreter
    def test_names_of_threads_that_come_and_go(self, python):
        """An ident is soon another thread's: who mixes two moments gives it the name of the one before."""
        for_target, for_reader = on_processors_of_their_own()
        with Target("names_threads.py", python=python, prefix=for_target) as target:
            with ObjectReader(target.pid, prefix=for_reader) as reader:
                target.ask("churn")
                seen, torn, readings = set(), 0, 0
                give_up_at = time.monotonic() + PATIENCE_S
                while len(churned(seen)) < SEEN_CHURNED and time.monotonic() < give_up_at:
                    watched = reader.ask("watch", WATCH_READINGS)
                    seen |= {(ident, name) for ident, name in watched["pairs"]}
                    torn, readings = torn + watched["torn"], readings + WATCH_READINGS
            pairs = target.ask("churned")["pairs"]
        print(f"{python.name}: {len(seen)} pairs, {len(churned(seen))} of threads that lived for a moment, "
              f"{torn} of {readings} readings torn", flush=True)
        self.assertEqual([pair for pair in seen if pair[1] in pairs and pairs[pair[1]] != pair[0]], [])
        self.assertGreaterEqual(len(churned(seen)), SEEN_CHURNED)

    @on_each_interpreter
    def test_each_interpreter_has_threads_of_its_own(self, python):
        with Target(["-c", SUBINTERPRETERS], python=python) as target, ObjectReader(target.pid) as reader:
            found = reader.ask("names")["interpreters"]
        self.assertEqual([each["id"] for each in found], target.truth["ids"])
        named, without = found[1:]
        self.assertEqual(found[0]["names"], {str(target.truth["ident"]): "MainThread"})
        self.assertEqual(named["names"], {str(target.truth["ident"]): "in a subinterpreter"})
        self.assertIn("threading is not imported", without["error"])

    @on_each_interpreter
    def test_program_without_threading_has_no_names(self, python):
        program = "import os, sys; sys.modules.pop('threading', None); " \
                  "os.write(1, b'{\"ready\": true, \"pid\": %d}\\n' % os.getpid()); os.read(0, 1)"
        with Target(["-S", "-c", program], python=python) as target, ObjectReader(target.pid) as reader:
            for _ in range(2):
                [main] = reader.ask("names")["interpreters"]
                self.assertIn("threading is not imported", main["error"])


if __name__ == "__main__":
    unittest.main()
