#!/usr/bin/python3
"""`tidemark stack` and `record --stacks`: the stacks of all threads are those that the target states itself."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import (PROGRAMS, RecordingTest, Target, interpreters, on_each_interpreter, recorded_stacks, status_fields,
                     tidemark, tidemark_binary, wait_for, wait_until_all_read)

THREADS = 3
NO_SUCH_PID = 2**22 + 1  # above the kernel's PID_MAX_LIMIT
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
TERMINAL_COLUMNS = 80
DEEP = 150
TICKS = 5

FORKS = """
import os, family, protocol
children = family.Family()
def wait(life):
    os.read(life, 1)  # WAIT-CHILD
for _ in range(2):
    children.fork(wait)
protocol.say_ready({"children": children.pids})
protocol.converse({})
children.close()
"""

# A child that is no Python, and one that has ended and is not reaped.
ODD_CHILDREN = """
import os, subprocess, time, protocol
cat = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
zombie = os.fork()
if zombie == 0:
    os._exit(0)
os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
protocol.say_ready({"cat": cat.pid, "zombie": zombie})
protocol.converse({})
cat.stdin.close()
cat.wait()
"""


def stated(truth, name):
    """(native id, name, frames innermost first) of a thread of a truth, as `stack` must have them."""
    return (truth["native_id"], truth["name"],
            [(frame[name], frame["file"], frame["line"]) for frame in truth["stack"]])


def read(thread):
    """The same of a thread as tidemark has it."""
    return (thread["native_id"], thread["name"],
            [(frame["function"], frame["file"], frame["line"]) for frame in thread["frames"]])


class StackTest(RecordingTest):
    def stack(self, *arguments, status=0, prefix=()):
        """What it prints, having ended with `status` and nothing on standard error."""
        done = tidemark("stack", *arguments) if not prefix else self.run_with(prefix, *arguments)
        self.assertEqual((done.status, done.stderr), (status, ""), done.stdout)
        return done.stdout

    def json(self, *arguments, status=0):
        found = json.loads(self.stack(*arguments, "--json", status=status))
        self.assertEqual(found["schema"], 1)
        return found

    def refused(self, *arguments, status=3, prefix=()):
        """Standard error of a run that prints nothing else."""
        done = tidemark("stack", *arguments) if not prefix else self.run_with(prefix, *arguments)
        self.assertEqual((done.status, done.stdout), (status, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Atidemark stack: .*\nhint: .*\n\Z")
        return done.stderr

    def run_with(self, prefix, *arguments):
        """Another user must be able to run the binary: the tree may lie in root's home."""
        directory = Path(tempfile.mkdtemp(prefix="tidemark-stack-"))
        self.addCleanup(shutil.rmtree, directory)
        directory.chmod(0o755)
        shutil.copy(tidemark_binary(), directory / "tidemark")
        done = subprocess.run([*prefix, directory / "tidemark", "stack", *map(str, arguments)], capture_output=True,
                              text=True, timeout=60, check=False)
        return type(tidemark("--version"))(done.returncode, done.stdout, done.stderr)

    def waiting(self, python, *options, env=None):
        return Target("waits_on_line.py", "--threads", THREADS, *options, python=python, env=env)

    @staticmethod
    def name_key(python):
        """A code object has a qualified name since 3.11."""
        return "qualname" if tuple(map(int, python.minor.split("."))) >= (3, 11) else "function"

    def truth_of(self, target, python):
        threads = [target.truth["main"], *target.truth["threads"]]
        return sorted(stated(thread, self.name_key(python)) for thread in threads)


class Truth(StackTest):
    @on_each_interpreter
    def test_json_equals_what_the_target_says_of_itself(self, python):
        with self.waiting(python) as target:
            wait_until_all_read(target.pid)
            found = self.json("-p", target.pid)
            truth = self.truth_of(target, python)
        [process] = found["processes"]
        self.assertEqual((process["pid"], process["python"], process["failure"]), (target.pid, python.version, None))
        self.assertEqual(sorted(map(read, process["threads"])), truth)
        self.assertEqual([thread["holds_gil"] for thread in process["threads"]], [False] * (THREADS + 1))
        self.assertEqual([thread["running"] for thread in process["threads"]], [False] * (THREADS + 1))
        self.assertEqual({thread["interpreter"] for thread in process["threads"]}, {0})
        self.assertGreater(found["cost"]["bytes_read"], 0)
        self.assertEqual((found["consistency"], found["cost"]["longest_pause_ms"]), ("racing", 0.0))

    @on_each_interpreter
    def test_the_source_lines_are_those_of_the_files(self, python):
        with self.waiting(python) as target:
            wait_until_all_read(target.pid)
            [process] = self.json("-p", target.pid)["processes"]
            [without] = self.json("-p", target.pid, "--no-source")["processes"]
            root = Path(f"/proc/{target.pid}/root")
            frames = [frame for thread in process["threads"] for frame in thread["frames"]]
            self.assertGreater(len(frames), THREADS)
            for frame in frames:
                lines = (root / frame["file"].lstrip("/")).read_text(encoding="utf-8").splitlines()
                self.assertEqual(frame["source"], lines[frame["line"] - 1].strip())
        self.assertFalse(any("source" in frame for thread in without["threads"] for frame in thread["frames"]))

    @on_each_interpreter
    def test_text_has_each_thread_and_its_frames_in_order(self, python):
        with self.waiting(python) as target:
            wait_until_all_read(target.pid)
            text = self.stack("-p", target.pid)
            truth = self.truth_of(target, python)
        self.assertLessEqual(max(map(len, text.splitlines())), TERMINAL_COLUMNS, text)
        self.assertIn(f"(pid {target.pid}): Python {python.version}, layout ", text.replace("\n", " "))
        for native_id, name, frames in truth:
            part = text.partition(f"\nThread {native_id} {name}: idle\n")[2].partition("\n\n")[0]
            places = re.findall(r"^  (\S.*?)  (\S+):(\d+)$", part, re.MULTILINE)
            self.assertEqual([(function, int(line)) for function, _, line in places],
                             [(function, line) for function, _, line in frames], text)
        self.assertEqual(text.count("  # WAIT-THREAD\n"), THREADS)
        self.assertIn("\nCost: ", text)

    @on_each_interpreter
    def test_collapsed_is_what_flamegraph_reads(self, python):
        with self.waiting(python) as target:
            wait_until_all_read(target.pid)
            lines = self.stack("-p", target.pid, "--collapsed").splitlines()
            truth = self.truth_of(target, python)
        expected = []
        for native_id, name, frames in truth:
            places = [f"{function} ({file}:{line})" for function, file, line in reversed(frames)]
            expected.append(";".join([f"waits_on_line.py({target.pid})", f"{name}({native_id})", *places]) + " 1")
        self.assertEqual(sorted(lines), sorted(expected))

    @on_each_interpreter
    def test_who_holds_the_gil_runs(self, python):
        for environment, has_gil in python.gil_modes:
            self.check_spinning(python, environment, has_gil)

    def check_spinning(self, python, environment, has_gil):
        with self.waiting(python, "--spin", "--depth", DEEP, env=environment) as target:
            wait_until_all_read(target.pid, spinning={target.pid})
            [process] = self.json("-p", target.pid, "--running")["processes"]
            text = self.stack("-p", target.pid)
            everything = self.stack("-p", target.pid, "--all")
            main = stated(target.truth["main"], self.name_key(python))
        [thread] = process["threads"]
        self.assertEqual(process["threads_left_out"], THREADS + 1)
        self.assertEqual((thread["holds_gil"], thread["running"]), (has_gil, True))
        self.assertEqual("holds the GIL" in text, has_gil)
        # The innermost frame stands in the truth as it is once the target spins; its callers do too.
        self.assertEqual(read(thread), main)
        self.assertGreater(len(main[2]), DEEP)
        self.assertRegex(text, r"\n  … \d+ more frames \(--all shows them\)\n")
        self.assertEqual(everything.count("  descend  "), DEEP + 1)


class Trees(StackTest):
    @on_each_interpreter
    def test_children_come_after_their_parent(self, python):
        with Target(["-c", FORKS], python=python) as target:
            children = target.truth["children"]
            for child in children:
                wait_until_all_read(child)
            found = self.json("-p", target.pid, "--children")
            alone = self.json("-p", target.pid)
        self.assertEqual([(process["pid"], process["parent"]) for process in found["processes"]],
                         [(target.pid, None), *((child, target.pid) for child in sorted(children))])
        for process in found["processes"][1:]:
            [thread] = process["threads"]
            self.assertEqual(thread["native_id"], process["pid"])
            self.assertEqual(thread["frames"][0]["function"], "wait")
        self.assertEqual([process["pid"] for process in alone["processes"]], [target.pid])

    def test_children_that_are_no_python_are_listed_with_the_reason_and_are_no_error(self):
        with Target(["-c", ODD_CHILDREN]) as target:
            found = self.json("-p", target.pid, "--children")
            text = self.stack("-p", target.pid, "--children")
        reasons = {process["pid"]: process["failure"] for process in found["processes"]}
        self.assertEqual(reasons, {target.pid: None, target.truth["cat"]: "not_python", target.truth["zombie"]: "gone"})
        self.assertRegex(text, rf"cat \(pid {target.truth['cat']}, child of {target.pid}\)\.\n  Not read: ")


class Refused(StackTest):
    def test_no_such_process(self):
        self.assertIn(f"no process with pid {NO_SUCH_PID}", self.refused("-p", NO_SUCH_PID))

    def test_not_python(self):
        with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as cat:
            message = self.refused("-p", cat.pid)
            cat.stdin.close()
        self.assertIn("(not_python)", message)
        self.assertIn(f"tidemark record -p {cat.pid}", message)

    def test_a_zombie_has_ended(self):
        with Target(["-c", ODD_CHILDREN]) as target:
            self.assertIn("(a zombie)", self.refused("-p", target.truth["zombie"]))

    def test_a_thread_is_not_a_process(self):
        with self.waiting("/usr/bin/python3") as target:
            thread = target.truth["threads"][0]["native_id"]
            self.assertIn(f"-p {target.pid}", self.refused("-p", thread))

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_another_users_process_ends_in_the_advice_of_all_commands(self):
        with self.waiting("/usr/bin/python3") as target:
            message = self.refused("-p", target.pid, prefix=NOBODY)
        self.assertIn(f"tidemark doctor -p {target.pid} says what is refused and why", message)

    def test_one_of_two_is_partial(self):
        with self.waiting("/usr/bin/python3") as target:
            done = tidemark("stack", "-p", NO_SUCH_PID, "-p", target.pid, "--json")
        self.assertEqual(done.status, 4)
        self.assertIn(f"no process with pid {NO_SUCH_PID}", done.stderr)
        missing, found = json.loads(done.stdout)["processes"]
        self.assertEqual((missing["pid"], missing["failure"], missing["threads"]), (NO_SUCH_PID, "gone", []))
        self.assertEqual(len(found["threads"]), THREADS + 1)

    def test_usage(self):
        for arguments in ((), ("-p", "x"), ("-p", "1", "--name", "x"), ("-p", "1", "--consistency", "frozen"),
                          ("-p", "1", "--max-pause", "1s"), ("-p", "1", "--json", "--collapsed"), ("word",)):
            self.refused(*arguments, status=2)


class Stopped(StackTest):
    @on_each_interpreter
    def test_stopped_reads_the_same_and_says_the_pause(self, python):
        with self.waiting(python) as target:
            wait_until_all_read(target.pid)
            found = self.json("-p", target.pid, "--consistency", "stopped")
            text = self.stack("-p", target.pid, "--consistency", "stopped")
            truth = self.truth_of(target, python)
            answer = target.ask("status")
        [process] = found["processes"]
        self.assertEqual(sorted(map(read, process["threads"])), truth)
        self.assertEqual(process["stop"]["threads"], THREADS + 1)
        self.assertGreater(process["stop"]["pause_ms"], 0)
        self.assertEqual(process["stop"]["pause_ms"], found["cost"]["longest_pause_ms"])
        self.assertEqual(process["stop"]["interrupted_calls"], {})  # read(2) is restarted by the kernel
        self.assertRegex(text.replace("\n", " "), r"It stood still for \d+\.\d\d ms\.")
        self.assertEqual(answer["gc_count"][1:], target.truth["gc_count"][1:])

    def test_a_process_that_is_stopped_already_stays_so(self):
        with self.waiting("/usr/bin/python3") as target:
            wait_until_all_read(target.pid)
            os.kill(target.pid, signal.SIGSTOP)
            wait_for(lambda: status_fields(target.pid)["State"].startswith("T"), "the stop")
            [process] = self.json("-p", target.pid, "--consistency", "stopped")["processes"]
            self.assertEqual(len(process["threads"]), THREADS + 1)
            self.assertTrue(status_fields(target.pid)["State"].startswith("T"))
            os.kill(target.pid, signal.SIGCONT)


class Recorded(StackTest):
    @on_each_interpreter
    def test_recorded_stacks_resolve_to_the_truth(self, python):
        with self.waiting(python) as target:
            wait_until_all_read(target.pid)
            name = "run-" + python.name
            recorded = self.record_rows(TICKS, "-p", target.pid, "-i", "50ms", "--stacks", name=name)
            truth = self.truth_of(target, python)
        readings = list(recorded_stacks(recorded.lines))
        self.assertGreaterEqual(len(readings), TICKS)
        for sample, threads in readings:
            if threads is None:
                self.assertIn("stacks:", sample["gaps"])
            else:
                self.assertEqual(sorted(map(read, threads)), truth)
        self.assertIsNotNone(readings[0][1])
        # Nothing moved: said once, referred to by a number from then on.
        self.assertEqual(len(recorded.events("stacks")), 1)
        self.assertTrue(all(isinstance(sample["stacks"], int) for sample, threads in readings[1:] if threads))

    def test_a_rotated_set_reads_file_by_file(self):
        python = next(python for python in interpreters() if python.path is not None and python.is_read)
        with self.waiting(python) as target:
            wait_until_all_read(target.pid)
            output = self.directory / "soak.jsonl"
            done = tidemark("record", "-q", "-p", target.pid, "-i", "20ms", "-d", "1s", "--stacks", "-o", output,
                            "--rotate", "16k")
            truth = self.truth_of(target, python)
        self.assertEqual((done.status, done.stderr), (0, ""))
        self.assertGreater(len(self.files()), 2)
        for path in self.directory.iterdir():
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            for _, threads in recorded_stacks(lines):
                if threads is not None:
                    self.assertEqual(sorted(map(read, threads)), truth)
        report = tidemark("report", output)
        self.assertEqual((report.status, report.stderr), (0, ""))

    def test_a_csv_alone_has_no_place_for_stacks(self):
        done = tidemark("record", "-p", os.getpid(), "--stacks", "-o", self.directory / "x.csv")
        self.assertEqual(done.status, 2)
        self.assertIn("hint: add -o FILE.jsonl", done.stderr)
        self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()
