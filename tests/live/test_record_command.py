#!/usr/bin/python3
"""`record -- COMMAND`: the command runs as if tidemark were not there, and its status is ours."""

import os
import resource
import signal
import subprocess
import unittest

from support import (DEBIAN_PYTHON, PROGRAMS, RecordingTest, read_csv, read_growing_csv, read_jsonl, tidemark,
                     tidemark_binary, wait_for)

INTERVAL = ("-i", "10ms")
# What a process inherits: the lines of /proc/self/status about signals, its limits, its OOM score, its descriptors.
INHERITED = ("/bin/sh", "-c", "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; cat /proc/self/oom_score_adj; "
             "ulimit -n; ulimit -Hn; ls /proc/self/fd; pwd")


class Command(RecordingTest):
    def run_command(self, *command, options=("-o", "run.csv", "-o", "run.jsonl"), **more):
        return tidemark("record", *INTERVAL, *options, "--", *command, cwd=self.directory, **more)

    def test_status_is_the_commands_own(self):
        for number in (0, 7, 255):
            self.assertEqual(self.run_command("/bin/sh", "-c", f"exit {number}").status, number)

    def test_death_by_signal_is_128_and_its_number(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
            result = self.run_command("/bin/sh", "-c", f"ulimit -c 0; kill -{int(number)} $$")
            self.assertEqual(result.status, 128 + number)

    def test_command_that_is_not_there_or_not_a_program(self):
        plain = self.directory / "plain"
        plain.write_text("no program")
        for command, status in (("tidemark-no-such-command", 127), ("./none/at-all", 127), (plain, 126)):
            result = self.run_command(command, env={**os.environ, "PATH": "/usr/bin:/bin"})
            self.assertEqual((result.status, result.stdout), (status, ""))
            self.assertRegex(result.stderr, r"tidemark record: the command '[^\n]+' cannot be run: ")

    def test_command_that_ends_at_once(self):
        """Whether its first moment is caught or not: its status, no complaint, and the books."""
        for _ in range(40):
            result = self.run_command("/bin/true", options=("-q", "-o", "run.csv", "-o", "run.jsonl"))
            self.assertEqual(result, (0, "", ""))
            recorded = self.recorded()
            end = recorded.lines[-1]
            self.assertEqual((end["type"], end["why"], end["rows"]), ("end", "command_exited", len(recorded.rows)))
            self.assertEqual(end["processes"] + end["short_lived"], 1)

    def test_its_input_and_output_are_its_own(self):
        said = "first\nno newline at the end"
        result = self.run_command("/bin/cat", "-", options=("-o", "run.csv"), stdin=said)
        self.assertEqual((result.status, result.stdout), (0, said))
        self.assertIn("Recording: run.csv", result.stderr)
        quiet = self.run_command("/bin/sh", "-c", "echo out; echo err >&2", options=("-q", "-o", "quiet.csv"))
        self.assertEqual(quiet, (0, "out\n", "err\n"))

    def test_it_inherits_what_it_would_without_tidemark(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowered = min(256, soft)

        def lower_the_limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowered, hard))
        direct = subprocess.run(INHERITED, cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=30, check=True, preexec_fn=lower_the_limit)
        recorded = tidemark("record", "-q", "-o", "run.csv", "--", *INHERITED, cwd=self.directory, stdin="",
                            preexec_fn=lower_the_limit)
        self.assertIn(f"\n{lowered}\n", direct.stdout)
        self.assertEqual(recorded.stdout, direct.stdout)

    def test_our_own_failure_is_125_and_the_command_never_runs(self):
        touched = self.directory / "touched"
        (self.directory / "is-a-directory.csv").mkdir()
        for path in ("none/run.csv", "is-a-directory.csv"):
            result = self.run_command("/usr/bin/touch", touched, options=("-o", path))
            self.assertEqual(result.status, 125)
            self.assertRegex(result.stderr, r"\Atidemark record: ")
        self.assertFalse(touched.exists())

    def test_rows_and_exit_of_the_command(self):
        command = (DEBIAN_PYTHON, PROGRAMS / "leak_worker.py", "--children", 1)
        outputs = [word for name in ("run.csv", "run.jsonl") for word in ("-o", self.directory / name)]
        with self.started("record", *INTERVAL, *outputs, "--", *command) as process:
            csv = self.directory / "run.csv"
            wait_for(lambda: len({row["pid"] for row in read_growing_csv(csv)}) == 2, "rows of it and of its child")
            process.stdin.close()
            self.assertEqual(process.wait(30), 0)
        recorded = self.recorded()
        parent, child = recorded.events("process_start")
        self.assertEqual(child["ppid"], parent["pid"])
        self.assertEqual({row["process_name"] for row in recorded.rows_of(child["pid"])}, {"leak_worker.py"})
        exit_line = recorded.event("process_exit", pid=parent["pid"])
        self.assertEqual((exit_line["exit_status"], exit_line["signal"]), (0, None))
        self.assertEqual(recorded.event("process_exit", pid=child["pid"])["exit_status"], None)
        self.assertEqual(recorded.event("end")["why"], "command_exited")

    def started(self, *words):
        """tidemark with an open stdin, killed if the test leaves it running."""
        process = subprocess.Popen([tidemark_binary(), *map(str, words)], cwd=self.directory,
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        return process

    def test_signal_is_passed_on_and_the_command_decides(self):
        # It says that it is ready, ends by itself on SIGTERM, and its status is ours.
        script = "trap 'exit 42' TERM; : > ready; while :; do read -r line; done"
        outputs = ("-o", "run.csv", "-o", "run.jsonl")
        with self.started("record", *INTERVAL, *outputs, "--", "/bin/sh", "-c", script) as process:
            wait_for((self.directory / "ready").exists, "the command is ready")
            process.terminate()
            self.assertEqual(process.wait(30), 42)
        self.assertEqual(read_jsonl(self.directory / "run.jsonl")[-1]["why"], "command_exited")

    def test_default_name_is_the_commands(self):
        self.assertEqual(self.run_command("/bin/sh", "-c", "exit 3", options=()).status, 3)
        csv, jsonl = self.files()
        self.assertRegex(csv, r"^tidemark_sh_\d+_\d{8}_\d{6}\.csv$")
        self.assertEqual(jsonl, csv[:-3] + "jsonl")
        read_csv(self.directory / csv)

    def test_output_that_is_lost_counts_only_when_the_command_succeeds(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        # It ends when its input does, and that is when tidemark has said that the file is lost.
        for number, status in ((0, 125), (9, 9)):
            with self.subTest(number), (self.directory / "errors").open("w+b") as errors:
                command = ("/bin/sh", "-c", f"read -r line; exit {number}")
                recorder = (tidemark_binary(), "record", *INTERVAL, "-q", "-o", "run.csv", "--", *command)
                process = subprocess.Popen(recorder, cwd=self.directory, stdin=subprocess.PIPE, stderr=errors,
                                           preexec_fn=limit)
                self.addCleanup(process.kill)
                with process:
                    wait_for(lambda: (self.directory / "errors").stat().st_size > 0, "the file is lost")
                    process.stdin.close()
                    self.assertEqual(process.wait(30), status)


if __name__ == "__main__":
    unittest.main()
