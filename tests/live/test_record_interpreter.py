#!/usr/bin/python3
"""The interpreter columns against what the interpreter says of itself while it stands still on a known line."""

import os
import subprocess
import unittest

from support import (Recorded, RecordingTest, Target, command_line, on_each_interpreter, on_host_interpreters,
                     tidemark_binary, wait_for, wait_until_all_read)

TICKS = 5
INTERVAL = ("-i", "20ms")
ORIGINS = ("builtin", "debug_offsets")
ORIGINS_OF_PYDEBUG = ("dwarf",)  # no table is made for them, and they state little of themselves
NAMESPACES = ("unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child")
INTERPRETER_COLUMNS = ("python_threads", "gil_holder", "gc_enabled", "gc_gen0_count", "gc_gen1_count", "gc_gen2_count",
                       "gc_gen0_collections", "gc_gen1_collections", "gc_gen2_collections", "gc_collected",
                       "gc_uncollectable", "gc_garbage", "python_function", "python_file", "python_line")


def stated_columns(truth):
    """The interpreter columns that a program's own account calls for."""
    stats = truth["gc_stats"]
    return {
        "python_threads": len(truth["native_ids"]),
        "gil_holder": truth["main"]["native_id"] if truth["spinning"] and truth["has_gil"] else "",
        "gc_enabled": int(truth["gc_enabled"]),
        **{f"gc_gen{number}_count": count for number, count in enumerate(truth["gc_count"])},
        **{f"gc_gen{number}_collections": one["collections"] for number, one in enumerate(stats)},
        "gc_collected": sum(one["collected"] for one in stats),
        "gc_uncollectable": sum(one["uncollectable"] for one in stats),
        "gc_garbage": truth["gc_garbage"],
        "python_function": truth["main"]["qualname"],
        "python_file": truth["main"]["file"],
        "python_line": truth["main"]["line"],
    }


def reasons_for_giving_up(recorded):
    """Of the errors. That one is still starting is said when the machine gave it no time for half a second, and it is
    tried again."""
    return [error["reason"] for error in recorded.events("error") if error["reason"] != "starting"]


class InterpreterTest(RecordingTest):
    def assert_rows_state(self, rows, truth):
        """Every row holds what the program said; a value is never near, and never missing."""
        wanted = {column: str(value) for column, value in stated_columns(truth).items()}
        self.assertEqual(set(wanted), set(INTERPRETER_COLUMNS))
        self.assertGreater(len(rows), 0)
        for row in rows:
            self.assertEqual({column: row[column] for column in wanted}, wanted)
            self.assertEqual(row["gaps"], "")

    def assert_recorded(self, target, pid, name):
        """A recording of `pid`, which stands still, states what its program said."""
        wait_until_all_read(pid, spinning={pid} if target.truth["spinning"] else ())
        recorded = self.record_rows(TICKS, "-p", pid, *INTERVAL, name=name)
        self.assert_rows_state(recorded.rows_of(pid), target.truth)
        found = recorded.event("python", pid=pid)
        self.assertEqual(found["version"], target.truth["python"])
        origin, _, micro = found["layout_origin"].partition(", ")
        self.assertIn(origin, ORIGINS_OF_PYDEBUG if target.python.kind == "pydebug" else ORIGINS)
        # Other releases have micro releases that no table was made from.
        self.assertIn(micro, ("",) if target.python.root is None else ("", "untested micro"))
        self.assertEqual(recorded.events("error"), [])


class StandingStill(InterpreterTest):
    @on_each_interpreter
    def test_collector_threads_and_frame(self, python):
        for mode in ("enabled", "disabled"):
            with Target("waits_on_line.py", "--threads", 3, "--gc", mode, "--depth", 4, python=python) as target:
                self.assert_recorded(target, target.pid, f"{python.name}-{mode}")

    @on_each_interpreter
    def test_garbage_and_frozen_objects(self, python):
        with Target("waits_on_line.py", "--garbage", 5, "--freeze", python=python) as target:
            self.assert_recorded(target, target.pid, python.name)

    @on_each_interpreter
    def test_holder_of_the_gil(self, python):
        for environment, has_gil in python.gil_modes:
            with Target("waits_on_line.py", "--spin", "--threads", 2, python=python, env=environment) as target:
                self.assertEqual(target.truth["has_gil"], has_gil)
                self.assert_recorded(target, target.pid, f"{python.name}-{has_gil}")

    @on_each_interpreter
    def test_forked_from_the_main_and_from_another_thread(self, python):
        for kind in ("main", "thread"):
            with Target("waits_on_line.py", "--fork", kind, "--threads", 2, python=python) as target:
                self.assert_recorded(target, target.pid, f"{python.name}-{kind}")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to make namespaces")
    @on_each_interpreter
    def test_in_namespaces_of_its_own(self, python):
        for options in ((), ("--spin",)):
            name = f"{python.name}-{len(options)}"
            with Target("waits_on_line.py", "--threads", 2, *options, python=python, prefix=NAMESPACES) as target:
                self.assertEqual(target.pid, 1)
                self.assert_recorded(target, target.outer_pid, name)


class Moving(InterpreterTest):
    @on_each_interpreter
    def test_figures_follow_the_program(self, python):
        name = python.name
        with Target("waits_on_line.py", "--threads", 1, python=python) as target:
            with self.recording("-p", target.pid, *INTERVAL, name=name) as recording:
                truths = []
                for _ in range(3):
                    truth = target.ask("status")
                    wait_until_all_read(target.pid)
                    first = recording.rows() + 1  # the row being written now may have begun before
                    recording.wait_for_more_rows(TICKS)
                    truths.append((truth, first, recording.rows()))
        rows = self.recorded(name).rows
        for truth, first, last in truths:
            self.assert_rows_state(rows[first:last], truth)
        self.assertEqual(len({row["gc_gen0_collections"] for _, first, last in truths for row in rows[first:last]}), 3)

    @on_host_interpreters
    def test_command_is_read_as_soon_as_its_interpreter_is_there(self, python):
        """The recorder meets it between execve and the loading of libpython, and must not give it up then."""
        outputs = [self.directory / f"{python.name}.csv", self.directory / f"{python.name}.jsonl"]
        files = [word for output in outputs for word in ("-o", output)]
        program = "import sys; print('here', flush=True); sys.stdin.read()"
        for _ in range(5):
            command = [tidemark_binary(), "record", "-q", *INTERVAL, *files, "--", python.path, "-c", program]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                self.addCleanup(process.kill)
                self.assertEqual(process.stdout.readline(), b"here\n")
                wait_for(lambda: outputs[0].exists() and b",<module>,<string>,1," in outputs[0].read_bytes(),
                         "the frame is recorded")
                process.stdin.close()
                self.assertEqual(process.wait(30), 0)
            recorded = Recorded(*outputs)
            self.assertEqual(reasons_for_giving_up(recorded), [])
            self.assertEqual(recorded.events("python")[-1]["version"], python.version)

    @on_each_interpreter
    def test_exec_to_itself_and_to_another_program(self, python):
        name = python.name
        with Target("waits_on_line.py", "--threads", 1, python=python) as target:
            with self.recording("-p", target.pid, *INTERVAL, name=name) as recording:
                target.ask("exec")
                # One turn further the new image's figures are others than any that the old one had.
                truth = target.ask("status")
                wait_until_all_read(target.pid)
                fresh = {column: str(value) for column, value in stated_columns(truth).items()}
                first = self.wait_for_row(recording, fresh)
                recording.wait_for_more_rows(TICKS)
                last = recording.rows()
                target.send("exec", "/bin/cat", "-")
                wait_for(lambda: command_line(target.pid) == [b"/bin/cat", b"-"], "cat took the process over")
                self.wait_for_row(recording, {"gaps": "python:not_python"})
                self.wait_for_event(recording, "error", '"reason":"not_python"')
                recording.wait_for_more_rows(TICKS)
        recorded = self.recorded(name)
        self.assert_rows_state(recorded.rows[first:last], truth)
        # An image that is met while it starts is named first without a layout.
        read = [line["version"] for line in recorded.events("python") if line["layout_origin"]]
        self.assertEqual(read, [python.version] * 2)
        after = recorded.rows[-1]
        self.assertEqual([after[column] for column in INTERPRETER_COLUMNS], [""] * len(INTERPRETER_COLUMNS))
        self.assertEqual((after["process_name"], after["gaps"]), ("waits_on_line.py", "python:not_python"))
        # That an interpreter was met while it started is no error.
        self.assertEqual(reasons_for_giving_up(recorded), ["not_python"])
        self.assertEqual(recorded.events("process_exit"), [])


if __name__ == "__main__":
    unittest.main()
