#!/usr/bin/python3
"""The fixture programs tell the truth: each, on each interpreter it runs on, against /proc seen from outside."""

import json
import os
import shutil
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from support import (PROGRAMS, Redis, Target, command_line, descendants, embedding, on_each_listed_interpreter,
                     on_host_interpreters, resident_bytes, status_fields, thread_ids, wait_for, wait_until_all_read)

MIB = 1 << 20
# The kernel batches RSS counters per CPU, and an answer itself costs the program some pages.
RSS_SLACK_BYTES = 2 * MIB
NOBODY = 65534


class FixtureTest(unittest.TestCase):
    def assert_rss(self, stated_bytes, pid):
        self.assertAlmostEqual(stated_bytes, resident_bytes(pid), delta=RSS_SLACK_BYTES)

    def assert_ends_with_stdin(self, target):
        self.assertEqual(target.close(), 0)
        self.assertFalse(Path(f"/proc/{target.popen_pid}").exists())


class WaitsOnLine(FixtureTest):
    def assert_figures_held(self, target, said):
        """The program is woken after all its threads were blocked: what it then finds is what it had said."""
        wait_until_all_read(target.pid)
        woken = target.ask("status")
        for name, found in woken["after_wait"].items():
            self.assertEqual(found, said[name], name)
        return woken

    def assert_place(self, target, place, tag):
        source = target.python.outside(place["file"]).read_text().splitlines()
        self.assertTrue(source[place["line"] - 1].endswith("# " + tag))

    @on_each_listed_interpreter
    def test_figures_are_still_true_when_it_wakes(self, python):
        for mode in ("enabled", "disabled"):
            with Target("waits_on_line.py", "--threads", 3, "--gc", mode, python=python) as target:
                self.assertEqual(target.truth["gc_enabled"], mode == "enabled")
                self.assertTrue(all(count > 0 for count in target.truth["gc_count"]))
                again = self.assert_figures_held(target, target.truth)
                self.assert_figures_held(target, again)
                self.assertGreater(again["gc_stats"][0]["collections"], target.truth["gc_stats"][0]["collections"])
                self.assert_ends_with_stdin(target)

    @on_each_listed_interpreter
    def test_threads_and_places_are_those_of_the_kernel_and_the_source(self, python):
        with Target("waits_on_line.py", "--threads", 3, "--depth", 5, python=python) as target:
            truth = target.truth
            self.assertEqual(truth["python"], python.version)
            self.assertEqual(truth["native_ids"], thread_ids(target.pid))
            self.assertEqual(truth["ppid"], os.getpid())
            self.assertEqual(truth["main"]["native_id"], target.pid)
            self.assertEqual(truth["main"]["function"], "wait_for_command")
            self.assert_place(target, truth["main"], "WAIT-MAIN")
            self.assert_place(target, truth["main"]["stack"][1], "CALL-WAIT")
            functions = [place["function"] for place in truth["main"]["stack"]]
            self.assertEqual(functions, ["wait_for_command", "run", *["descend"] * 6, "live", "main", "<module>"])
            for depth, thread in enumerate(truth["threads"]):
                self.assert_place(target, thread, "WAIT-THREAD")
                self.assertEqual(sum(place["function"] == "thread_body" for place in thread["stack"]), depth + 1)

    @on_each_listed_interpreter
    def test_garbage_and_frozen_objects(self, python):
        with Target("waits_on_line.py", "--garbage", 5, "--freeze", python=python) as target:
            self.assertEqual(target.truth["gc_garbage"], 5)
            # An instance and, where that is an object of its own (before 3.11), its dict.
            self.assertIn(sum(stats["uncollectable"] for stats in target.truth["gc_stats"]), (5, 10))
            self.assertGreater(target.truth["gc_frozen"], 1000)
            self.assert_figures_held(target, target.truth)

    @on_each_listed_interpreter
    def test_spinning_main_thread_burns_cpu_on_its_line(self, python):
        with Target("waits_on_line.py", "--spin", "--threads", 1, python=python) as target:
            self.assert_place(target, target.truth["main"], "SPIN-MAIN")
            self.assertEqual(target.truth["native_ids"], thread_ids(target.pid))
            wait_until_all_read(target.pid, spinning={target.pid})
            woken = target.ask("status")
            self.assertEqual(woken["after_wait"]["gc_count"], target.truth["gc_count"])
            self.assert_ends_with_stdin(target)

    @on_each_listed_interpreter
    def test_forked_child_waits_and_its_parent_stays(self, python):
        for kind in ("main", "thread"):
            with Target("waits_on_line.py", "--fork", kind, "--threads", 2, python=python) as target:
                self.assertEqual(target.truth["ppid"], target.popen_pid)
                self.assertEqual(descendants(target.popen_pid), [target.pid])
                self.assertEqual(target.truth["native_ids"], thread_ids(target.pid))
                self.assertEqual(target.truth["main"]["native_id"], target.pid)
                self.assert_figures_held(target, target.truth)
                self.assert_ends_with_stdin(target)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to make a namespace")
    @on_each_listed_interpreter
    def test_in_a_pid_namespace_of_its_own(self, python):
        unshare = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
        with Target("waits_on_line.py", "--threads", 2, python=python, prefix=unshare) as target:
            self.assertEqual(target.pid, 1)
            outer = target.outer_pid
            self.assertEqual(descendants(target.popen_pid), [outer])
            inner_ids = [status_fields(f"{outer}/task/{tid}")["NSpid"].split()[-1] for tid in thread_ids(outer)]
            self.assertEqual(sorted(map(int, inner_ids)), target.truth["native_ids"])
            self.assert_ends_with_stdin(target)

    @on_each_listed_interpreter
    def test_exec_keeps_the_pid(self, python):
        with Target("waits_on_line.py", "--threads", 1, python=python) as target:
            second = target.ask("exec")
            self.assertEqual((second["pid"], second["image"]), (target.pid, 2))
            self.assertEqual(second["native_ids"], thread_ids(target.pid))
            target.send("exec", "/bin/cat", "-")
            wait_for(lambda: command_line(target.pid) == [b"/bin/cat", b"-"], "cat took the process over")
            self.assert_ends_with_stdin(target)

    @on_each_listed_interpreter
    def test_exit_command(self, python):
        with Target("waits_on_line.py", python=python) as target:
            target.send("exit")
            self.assertEqual(target.close(), 0)


class Subinterpreters(FixtureTest):
    @on_each_listed_interpreter
    def test_threads_of_all_interpreters_are_those_of_the_kernel(self, python):
        with Target("subinterpreters.py", "--interpreters", 2, "--threads", 2, python=python) as target:
            threads = target.truth["threads"]
            self.assertEqual(sorted({thread["native_id"] for thread in threads}), thread_ids(target.pid))
            places = [(thread["interpreter"], thread["stack"][0]["function"]) for thread in threads]
            waiting = [(number, "wait_in_subinterpreter") for number in (1, 2) for _ in range(3)]
            self.assertEqual(sorted(places), [(0, "run_subinterpreter"), (0, "run_subinterpreter"),
                                              (0, "wait_for_command"), *waiting])
            for thread in threads:
                line = target.python.outside(thread["file"]).read_text().splitlines()[thread["line"] - 1]
                self.assertRegex(line, r"# (RUN|WAIT)-[A-Z]+$")
            wait_until_all_read(target.pid)
            self.assert_ends_with_stdin(target)


class Embedded(FixtureTest):
    @on_each_listed_interpreter
    def test_in_the_first_thread_and_in_another(self, python):
        if not python.has_library:
            return
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            program = embedding(python, directory)
            self.assertIsNotNone(program, f"{python} has no headers or no shared library")
            for options in ((), ("--thread",)):
                words = [*options, program.inside(PROGRAMS / "waits_on_line.py"), "--threads", "2"]
                with Target(words, python=program) as target:
                    beside = set(thread_ids(target.pid)) - set(target.truth["native_ids"])
                    self.assertEqual(beside, {target.pid} if options else set())
                    self.assertEqual(target.truth["main"]["native_id"] == target.pid, not options)
                    self.assert_ends_with_stdin(target)


class Growth(FixtureTest):
    @on_host_interpreters
    def test_native_leak_grows_outside_python(self, python):
        with Target("native_leak.py", python=python) as target:
            first = target.ask("leak", 0)
            before = resident_bytes(target.pid)
            after = target.ask("leak", 500)
            self.assertEqual(after["leaked_bytes"] - first["leaked_bytes"], 500 * 100_000)
            self.assertEqual(after["python_objects"], first["python_objects"])
            grown = resident_bytes(target.pid) - before
            self.assertAlmostEqual(grown, 500 * 100_000, delta=RSS_SLACK_BYTES)
            self.assert_rss(after["rss_bytes"], target.pid)
            self.assert_ends_with_stdin(target)

    @on_host_interpreters
    def test_native_leak_by_itself(self, python):
        with Target("native_leak.py", "--rate-mb-per-s", 20, python=python) as target:
            wait_for(lambda: target.ask("status")["leaked_bytes"] > 4 * MIB, "4 MiB leaked")
            self.assertEqual(target.ask("status")["python_objects"], target.ask("status")["python_objects"])

    @on_host_interpreters
    def test_steady_stays(self, python):
        with Target("steady.py", python=python) as target:
            first = target.ask("turns", 200)
            second = target.ask("turns", 200)
            self.assertGreaterEqual(second["turns"], first["turns"] + 200)
            self.assertEqual(second["python_objects"], first["python_objects"])
            self.assertAlmostEqual(second["rss_bytes"], first["rss_bytes"], delta=MIB // 4)
            collected = [truth["gc_stats"][0]["collected"] for truth in (first, second)]
            self.assertGreaterEqual(collected[1] - collected[0], 200 * second["cycles_per_turn"])
            self.assert_rss(second["rss_bytes"], target.pid)
            self.assert_ends_with_stdin(target)

    @on_host_interpreters
    def test_leak_worker_and_its_children(self, python):
        options = ("--rate-mb-per-s", 40, "--threads", 2, "--children", 2)
        with Target("leak_worker.py", *options, python=python) as target:
            self.assertEqual(sorted(target.truth["children"]), sorted(descendants(target.pid)))
            self.assertEqual(len(thread_ids(target.pid)), 3)
            before = {pid: resident_bytes(pid) for pid in (target.pid, *target.truth["children"])}
            first = target.ask("status")
            wait_for(lambda: target.ask("status")["held_bytes"] > first["held_bytes"] + 8 * MIB, "8 MiB more held")
            second = target.ask("status")
            for pid in (target.pid, *target.truth["children"]):
                self.assertGreater(resident_bytes(pid) - before[pid], 4 * MIB)
            for held, held_before in zip(second["children_held_bytes"], first["children_held_bytes"]):
                self.assertGreater(held, held_before)
            self.assert_ends_with_stdin(target)

    @on_host_interpreters
    def test_leak_worker_ends_by_itself(self, python):
        with Target("leak_worker.py", "--duration", 0.1, python=python) as target:
            self.assertEqual(target.wait(), 0)

    def test_children_of_a_killed_parent_end(self):
        with Target("leak_worker.py", "--children", 3) as target:
            target.kill()
            target.wait_for_children()


class Processes(FixtureTest):
    @unittest.skipUnless(os.geteuid() == 0, "needs root to drop it")
    @on_host_interpreters
    def test_changed_user(self, python):
        with Target("changes_user.py", python=python) as target:
            worker = target.truth["worker_pid"]
            self.assertEqual(descendants(target.pid), [worker])
            self.assertEqual(status_fields(worker)["Uid"].split(), [str(NOBODY)] * 4)
            self.assertEqual(status_fields(worker)["Groups"], "")
            self.assertEqual(status_fields(target.pid)["Uid"].split(), ["0"] * 4)
            # Not dumpable since it changed its user: the kernel gives its io and fd to root.
            self.assertEqual(os.stat(f"/proc/{worker}/io").st_uid, 0)
            wait_for(lambda: target.ask("status")["worker_held_bytes"] > 0, "the worker works")
            self.assert_ends_with_stdin(target)

    @on_host_interpreters
    def test_short_lived_children_are_counted(self, python):
        with Target("short_lived.py", python=python) as target:
            burst = target.ask("burst", 20, 0.01)
            self.assertEqual((burst["forked"], burst["alive"], len(set(burst["pids"]))), (20, 0, 20))
            sequence = target.ask("sequence", 5, 0)
            self.assertEqual((sequence["forked"], sequence["statuses"]), (25, [0] * 5))
            self.assertEqual(descendants(target.pid), [])
            self.assert_ends_with_stdin(target)

    @on_host_interpreters
    def test_module_of_a_package(self, python):
        with Target(["-m", "demo_pkg.worker"], python=python) as target:
            self.assertEqual(target.truth["module"], "demo_pkg.worker")
            self.assertEqual([os.fsencode(word) for word in target.truth["command_line"]], command_line(target.pid))
            self.assertEqual(command_line(target.pid)[1:], [b"-m", b"demo_pkg.worker"])
            self.assert_ends_with_stdin(target)

    @on_host_interpreters
    def test_odd_comm_and_arguments(self, python):
        comm = b'a),"\n\t\xff\x1b S 1'
        with Target("odd_name.py", "--comm-hex", comm.hex(), b"\xff,\"'\n)", python=python) as target:
            self.assertEqual(bytes.fromhex(target.truth["comm_hex"]), comm)
            stat = Path(f"/proc/{target.pid}/stat").read_bytes()
            self.assertEqual(stat[stat.index(b"(") + 1:stat.rindex(b")")], comm)
            words = [bytes.fromhex(word) for word in target.truth["argv_hex"]]
            self.assertEqual(words, command_line(target.pid))
            self.assertEqual(words[-1], b"\xff,\"'\n)")
            self.assert_ends_with_stdin(target)

    def test_odd_file_name(self):
        with tempfile.TemporaryDirectory() as directory:
            script = os.path.join(os.fsencode(directory), b'a,"b)\n\xff.py')
            shutil.copy(PROGRAMS / "odd_name.py", script)
            with Target([script]) as target:
                self.assertEqual(bytes.fromhex(target.truth["script_hex"]), os.path.basename(script))


class Services(FixtureTest):
    def request(self, target, method, path):
        url = f"http://127.0.0.1:{target.truth['port']}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
            return json.load(answer)

    def test_leak_app(self):
        with Target("leak_app.py") as target:
            self.assertEqual(self.request(target, "GET", "/status")["pid"], target.pid)
            before = resident_bytes(target.pid)
            self.request(target, "POST", "/leak/start?chunk_mb=1&tick_sec=0.01")
            with self.assertRaises(urllib.error.HTTPError):
                self.request(target, "POST", "/leak/start")
            wait_for(lambda: self.request(target, "GET", "/status")["chunks_held"] >= 30, "30 chunks held")
            stopped = self.request(target, "POST", "/leak/stop")
            self.assertEqual(stopped["bytes_held"], stopped["chunks_held"] * MIB)
            self.assertEqual(stopped["alloc_bytes"], stopped["bytes_held"])
            grown = resident_bytes(target.pid) - before
            self.assertAlmostEqual(grown, stopped["bytes_held"], delta=2 * RSS_SLACK_BYTES)
            self.assert_rss(stopped["rss_mb"] * MIB, target.pid)
            freed = self.request(target, "POST", "/leak/stop?free_memory=true")
            self.assertEqual((freed["chunks_held"], freed["alloc_chunks"]), (0, stopped["chunks_held"]))
            self.assertEqual(target.ask("status")["bytes_held"], 0)
            self.assertLess(resident_bytes(target.pid) - before, grown / 4)
            self.assert_ends_with_stdin(target)

    def test_rq_worker_peaks_in_its_horse_and_returns(self):
        with Redis() as redis, Target("rq_worker.py", "--redis-port", redis.port) as target:
            started = target.ask("start", 64, 60)
            horse = started["horse_pid"]
            self.assertEqual(started["worker_pid"], target.pid)
            self.assertEqual(descendants(target.pid), [horse])
            self.assert_rss(started["horse_rss_peak_bytes"], horse)
            done = target.ask("finish")
            self.assertFalse(Path(f"/proc/{horse}").exists())
            peak = done["horse_rss_peak_bytes"] - done["horse_rss_before_bytes"]
            self.assertAlmostEqual(peak, 64 * MIB, delta=RSS_SLACK_BYTES)
            self.assertAlmostEqual(done["horse_rss_after_bytes"], done["horse_rss_before_bytes"], delta=RSS_SLACK_BYTES)
            self.assert_rss(done["worker_rss_after_bytes"], target.pid)
            self.assertEqual(target.ask("run", 16, 0.05)["jobs_done"], 2)
            self.assert_ends_with_stdin(target)

    def test_rq_worker_ends_in_the_middle_of_a_job(self):
        with Redis() as redis, Target("rq_worker.py", "--redis-port", redis.port) as target:
            target.ask("start", 8, 60)
            self.assert_ends_with_stdin(target)


if __name__ == "__main__":
    unittest.main()
