#!/usr/bin/python3
"""Which processes are in a recording, under which names, and how they come and go."""

import os
import shutil
import signal
import unittest
import uuid

from support import PROGRAMS, RecordingTest, Target, descendants, status_fields, tidemark, wait_for

INTERVAL = ("-i", "20ms")
TICKS = 4
INITIAL_PID_NAMESPACE = "pid:[4026531836]"
needs_fork_events = unittest.skipUnless(
    os.geteuid() == 0 and os.readlink("/proc/self/ns/pid") == INITIAL_PID_NAMESPACE,
    "fork events are for root in the first pid namespace")

# Commands: `fork [PID]` (a worker, with that pid if given), `end PID` (ends it, reaps it), `couple` (a worker with a
# worker of its own), `orphan` (ends the first of the two). All workers end with this program.
FAMILY = """
import os, time
import family, protocol

members = family.Family()
ends = {}

def wait_for_end(life_fd, end_fd):
    import select
    select.select([life_fd, end_fd], [], [])

def fork(pid=None):
    if pid:
        started = open("/proc/uptime").read()
        while open("/proc/uptime").read() == started:  # a new clock tick: another start time than the last one's
            time.sleep(0.001)
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(int(pid) - 1))
    end_read, end_write = os.pipe()
    child = members.fork(lambda life_fd: (os.close(end_write), wait_for_end(life_fd, end_read)))
    os.close(end_read)
    ends[child] = end_write
    return {"child": child}

def end(pid):
    os.close(ends.pop(int(pid)))
    return {"status": members.reap(int(pid))}

def couple():
    answer_read, answer_write = os.pipe()
    end_read, end_write = os.pipe()
    def middle(life_fd):
        os.close(end_write)
        inner = os.fork()
        if inner == 0:
            wait_for_end(life_fd, life_fd)
            os._exit(0)
        os.write(answer_write, str(inner).encode())
        wait_for_end(life_fd, end_read)
    outer = members.fork(middle)
    ends[outer] = end_write
    return {"outer": outer, "inner": int(os.read(answer_read, 32))}

protocol.say_ready({})
protocol.converse({"fork": fork, "end": end, "couple": couple})
members.close()
"""


def family(**options):
    return Target(["-c", FAMILY], **options)


class Tree(RecordingTest):
    def test_whole_tree_by_default(self):
        with Target("leak_worker.py", "--threads", 2, "--children", 3) as target:
            recorded = self.record_rows(4 * TICKS, "-p", target.pid, *INTERVAL)
        self.assertEqual(recorded.pids(), {target.pid, *target.truth["children"]})
        for pid in target.truth["children"]:
            self.assertEqual({row["ppid"] for row in recorded.rows_of(pid)}, {str(target.pid)})
            self.assertEqual(recorded.event("process_start", pid=pid)["ppid"], target.pid)
        self.assertEqual(recorded.event("end")["processes"], 4)

    def test_no_children(self):
        with Target("leak_worker.py", "--children", 2) as target:
            recorded = self.record_rows(TICKS, "-p", target.pid, "--no-children", *INTERVAL)
        self.assertEqual(recorded.pids(), {target.pid})

    def test_several_targets_of_one_tree_make_no_doubles(self):
        with Target("leak_worker.py", "--children", 2) as target:
            one, other = target.truth["children"]
            recorded = self.record_rows(3 * TICKS, "-p", one, "-p", target.pid, "-p", one, *INTERVAL)
        self.assertEqual(recorded.pids(), {target.pid, one, other})
        keys = [(row["elapsed_seconds"], row["pid"]) for row in recorded.rows]
        self.assertEqual(len(keys), len(set(keys)))

    def test_workers_that_appear_later_and_leave_earlier(self):
        with family() as target:
            with self.recording("-p", target.pid, *INTERVAL) as recording:
                child = target.ask("fork")["child"]
                self.wait_for_row(recording, {"pid": str(child)})
                recording.wait_for_more_rows(TICKS)
                self.assertEqual(target.ask("end", child)["status"], 0)
                recording.wait_for_more_rows(TICKS)
        recorded = self.recorded()
        self.assertGreater(float(recorded.rows_of(child)[0]["elapsed_seconds"]), 0)
        self.assert_exit_is_the_last_word(recorded, child)
        self.assertEqual(recorded.pids(), {target.pid, child})
        self.assertEqual(recorded.events("process_exit", pid=target.pid), [])

    def assert_exit_is_the_last_word(self, recorded, pid):
        """One process_exit, with the values of the last row, and no row of the process after it."""
        exit_line = recorded.event("process_exit", pid=pid)
        samples = recorded.events("sample", pid=pid)
        self.assertEqual(exit_line["last_seen_elapsed_seconds"], samples[-1]["elapsed_seconds"])
        self.assertGreater(len(exit_line["last"]), 30)
        for column, value in exit_line["last"].items():
            self.assertEqual(value, samples[-1][column], column)
        self.assertLess(recorded.lines.index(samples[-1]), recorded.lines.index(exit_line))

    def test_orphan_stays(self):
        with family() as target:
            couple = target.ask("couple")
            with self.recording("-p", target.pid, *INTERVAL) as recording:
                self.wait_for_row(recording, {"pid": str(couple["inner"]), "ppid": str(couple["outer"])})
                target.ask("end", couple["outer"])
                new_parent = status_fields(couple["inner"])["PPid"]
                self.assertNotIn(int(new_parent), (target.pid, couple["outer"]))
                self.wait_for_row(recording, {"pid": str(couple["inner"]), "ppid": new_parent})
                recording.wait_for_more_rows(TICKS)
        recorded = self.recorded()
        self.assert_exit_is_the_last_word(recorded, couple["outer"])
        self.assertEqual(recorded.events("process_exit", pid=couple["inner"]), [])
        self.assertEqual(recorded.rows[-1]["pid"], str(couple["inner"]))

    def test_end_of_the_target_ends_the_recording_of_its_children_too(self):
        with Target("leak_worker.py", "--children", 2) as target:
            with self.recording("-p", target.pid, *INTERVAL) as recording:
                recording.wait_for_rows(3 * TICKS)
                target.close()
                self.assertEqual(recording.wait(), 0)
        recorded = self.recorded()
        for pid in (target.pid, *target.truth["children"]):
            self.assert_exit_is_the_last_word(recorded, pid)
        self.assertEqual(recorded.event("end")["why"], "targets_gone")

    @unittest.skipUnless(os.geteuid() == 0 and os.path.exists("/proc/sys/kernel/ns_last_pid"),
                         "needs root and ns_last_pid to choose a pid")
    def test_a_pid_that_comes_again_is_another_process(self):
        with family(prefix=("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")) as target:
            inside = ("nsenter", "--target", target.outer_pid, "--pid", "--mount")
            with self.recording("-p", target.pid, *INTERVAL, prefix=map(str, inside)) as recording:
                lives = []
                pid = target.ask("fork")["child"]
                for _ in range(2):
                    self.wait_for_row(recording, {"pid": str(pid)})
                    lives.append(self.rows_so_far(recording)[-1]["process_started"])
                    seen = recording.rows()
                    target.ask("end", pid)
                    self.assertEqual(target.ask("fork", pid)["child"], pid)
                    recording.wait_for_rows(seen + 2 * TICKS)
                # nsenter waits for tidemark, which it forked: Ctrl-C is for that one.
                os.kill(descendants(recording.pid)[0], signal.SIGINT)
                self.assertEqual(recording.wait(), 0)
        recorded = self.recorded()
        # Fork events name pids of the first pid namespace, so here short lives are not all seen.
        self.assertRegex(recorded.event("end")["short_lived_note"], "lower bound")
        starts = recorded.events("process_start", pid=pid)
        self.assertEqual(len({line["start_ticks"] for line in starts}), 3)
        self.assertEqual(len(recorded.events("process_exit", pid=pid)), 2)
        self.assertEqual({row["process_started"] for row in recorded.rows_of(pid)},
                         {line["process_started"] for line in starts})

    @needs_fork_events
    def test_short_lived_are_counted_exactly(self):
        with Target("short_lived.py") as target:
            # One tick at the start; the next one is an hour away.
            with self.recording("-p", target.pid, "-i", "1h") as recording:
                burst = target.ask("burst", 20, 0.01)
                sequence = target.ask("sequence", 15, 0)
        end = self.recorded().event("end")
        self.assertEqual((burst["forked"], sequence["forked"]), (20, 35))
        self.assertEqual((end["short_lived"], end["short_lived_note"], end["rows"]), (35, "", 1))

    @needs_fork_events
    def test_short_lived_of_a_commands_first_moments_are_counted(self):
        done = self.directory / "done"
        script = f"for child in {' '.join(map(str, range(20)))}; do (:); done; : > '{done}'; exec sleep 3600"
        for attempt in range(5):
            with self.subTest(attempt):
                with self.recording("-i", "1h", "--", "/bin/sh", "-c", script, name=f"run{attempt}") as recording:
                    wait_for(done.exists, "it has forked")
                self.assertEqual(recording.status, 128 + signal.SIGINT)
                end = self.recorded(f"run{attempt}").event("end")
                # A child that the first tick met is a row.
                self.assertEqual((end["processes"] + end["short_lived"], end["short_lived_note"]), (21, ""))
                done.unlink()


class Names(RecordingTest):
    def test_name_finds_by_command_line_and_never_tidemark_or_its_shell(self):
        needle = f"needle-{uuid.uuid4()}"
        shell = ("/bin/sh", "-c", f'"$0" "$@"; exit $?  # {needle}')
        with Target("odd_name.py", needle) as one, Target("odd_name.py", needle) as other:
            with self.recording("--name", needle, *INTERVAL, "-d", "200ms", prefix=shell) as recording:
                self.assertEqual(recording.wait(), 0)
        self.assertEqual(self.recorded().pids(), {one.pid, other.pid})

    def test_name_is_a_regular_expression_for_the_name_too(self):
        mark = uuid.uuid4().hex
        script = self.directory / f"worker-{mark}.py"
        shutil.copy(PROGRAMS / "steady.py", script)
        with Target([script]) as target:
            recorded = self.record_rows(TICKS, "--name", f"^worker-({mark}|x)\\.py$", *INTERVAL)
        self.assertEqual(recorded.pids(), {target.pid})
        self.assertEqual({row["process_name"] for row in recorded.rows}, {script.name})

    def test_name_that_nobody_has(self):
        result = tidemark("record", "--name", f"^{uuid.uuid4()}$", cwd=self.directory)
        self.assertEqual((result.status, result.stdout), (3, ""))
        self.assertRegex(result.stderr, "^tidemark record: no process whose name .*\nhint: .*pgrep")
        self.assertEqual(self.files(), [])

    def assert_recorded_name(self, target, wanted):
        recorded = self.record_rows(2, "-p", target.pid, *INTERVAL)
        self.assertEqual({row["process_name"] for row in recorded.rows}, {wanted})

    def test_module(self):
        with Target(["-m", "demo_pkg.worker"]) as target:
            self.assert_recorded_name(target, "demo_pkg.worker")

    def test_script_whatever_argv0_says(self):
        with Target("odd_name.py", argv0="not-a-snake") as target:
            self.assert_recorded_name(target, "odd_name.py")

    def test_odd_comm(self):
        comm = b'a),"\n\t\xff\x1b\\ S 1'
        program = ["-c", "import odd_name; odd_name.main()"]
        with Target(program, "--comm-hex", comm.hex()) as target:
            self.assert_recorded_name(target, r'a),"\x0a\x09\xff\x1b\x5c S 1')

    def test_odd_script_and_arguments(self):
        script = os.path.join(os.fsencode(self.directory), b'a,"b)\n\xff.py')
        shutil.copy(PROGRAMS / "odd_name.py", script)
        with Target([script], b"\xff,\"'\n)") as target:
            self.assert_recorded_name(target, r'a,"b)\x0a\xff.py')
        start = self.recorded().event("process_start")
        self.assertTrue(start["command_line"].endswith(r""".py \xff,"'\x0a)"""), start["command_line"])


if __name__ == "__main__":
    unittest.main()
