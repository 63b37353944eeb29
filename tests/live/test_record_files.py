#!/usr/bin/python3
"""The files of a recording: refused, kept, continued, rotated, shared, and whole whatever stops the writing."""

import os
import re
import resource
import signal
import subprocess
import unittest

from support import Recorded, RecordingTest, Target, read_csv, read_jsonl, tidemark, tidemark_binary, wait_for

INTERVAL = ("-i", "10ms")
TICKS = 5
KIB = 1024
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
TIMEOUT_S = 30
ROTATE_BYTES = 16 * KIB


def elapsed(rows):
    return [float(row["elapsed_seconds"]) for row in rows]


class FilesTest(RecordingTest):
    """`target` stands still for the whole test."""

    def setUp(self):
        super().setUp()
        self.target = self.enterContext(Target("waits_on_line.py"))
        self.target_options = ("-p", self.target.pid, *INTERVAL)

    def record(self, *arguments, **options):
        return tidemark("record", *self.target_options, *arguments, cwd=self.directory, **options)


class Opening(FilesTest):
    def assert_refused(self, message, *arguments):
        result = self.record(*arguments)
        self.assertEqual((result.status, result.stdout), (2, ""))
        self.assertRegex(result.stderr, rf"\Atidemark record: {message}")

    def test_directory_that_is_missing(self):
        self.assert_refused("none/a.csv cannot be made: its directory does not exist\nhint: ", "-o", "none/a.csv")
        self.assertEqual(self.files(), [])

    def test_directory_in_place_of_the_file(self):
        (self.directory / "a.csv").mkdir()
        self.assert_refused("a.csv cannot be opened: ", "-o", "a.csv")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be nobody")
    def test_directory_that_may_not_be_written(self):
        self.directory.chmod(0o755)
        result = subprocess.run([*NOBODY, tidemark_binary(), "record", *map(str, self.target_options), "-o", "a.csv"],
                                cwd=self.directory, capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertRegex(result.stderr, r"\Atidemark record: a.csv may not be written\nhint: [^\n]+\n\Z")

    def test_default_names(self):
        result = self.record("-d", "50ms")
        self.assertEqual(result.status, 0)
        csv, jsonl = self.files()
        self.assertRegex(csv, rf"^tidemark_waits_on_line\.py_{self.target.pid}_\d{{8}}_\d{{6}}\.csv$")
        self.assertEqual(jsonl, csv[:-3] + "jsonl")
        self.assertIn(f"Recording: {csv}\nRecording: {jsonl}\n", result.stdout)
        self.assertEqual(len(Recorded(self.directory / csv, self.directory / jsonl).events("header")), 1)

    def test_existing_file_is_kept_as_old(self):
        self.record_rows(TICKS, *self.target_options)
        first = {path: (self.directory / path).read_bytes() for path in ("run.csv", "run.jsonl")}
        result = self.record("-d", "50ms", "-o", "run.csv", "-o", "run.jsonl")
        self.assertEqual((result.status, self.files()), (0, ["run.csv", "run.csv.old", "run.jsonl", "run.jsonl.old"]))
        for path, content in first.items():
            self.assertEqual((self.directory / f"{path}.old").read_bytes(), content)
            self.assertIn(f"an older recording is kept as {path}.old\n", result.stderr)
        self.assertLess(elapsed(self.recorded().rows)[0], 0.1)

    def test_second_recorder_on_one_file_is_refused(self):
        with self.recording(*self.target_options) as recording:
            for option in ((), ("--append",)):
                self.assert_refused("run.csv is being written by another tidemark\nhint: ", "-o", "run.csv", *option)
            recording.wait_for_more_rows(TICKS)
        self.assertEqual((recording.status, self.files()), (0, ["run.csv", "run.jsonl"]))
        self.assertEqual(self.recorded().event("end")["rows"], len(self.recorded().rows))


class Append(FilesTest):
    def append(self, *arguments):
        return self.record("--append", "-d", "100ms", *arguments)

    def test_goes_on_where_it_ended(self):
        self.record_rows(TICKS, *self.target_options)
        before = self.recorded()
        self.assertEqual(self.append("-o", "run.csv", "-o", "run.jsonl").status, 0)
        after = self.recorded()
        self.assertEqual(after.rows[:len(before.rows)], before.rows)
        self.assertEqual(after.lines[:len(before.lines)], before.lines)
        self.assertGreater(len(after.rows), len(before.rows))
        self.assertEqual(elapsed(after.rows), sorted(elapsed(after.rows)))
        self.assertGreater(elapsed(after.rows)[len(before.rows)], elapsed(before.rows)[-1])
        self.assertEqual([line["type"] for line in after.lines if line["type"] in ("header", "end")],
                         ["header", "end"] * 2)
        self.assertEqual(len(after.events("sample")), len(after.rows))
        self.assertEqual(self.files(), ["run.csv", "run.jsonl"])

    def test_torn_last_line_is_cut_off(self):
        self.record_rows(TICKS, *self.target_options)
        before = self.recorded()
        for path, torn in (("run.csv", b"2026-11-21T05:53:00.1"), ("run.jsonl", b'{"type":"sample","times')):
            with open(self.directory / path, "ab") as file:
                file.write(torn)
        self.assertEqual(self.append("-o", "run.csv", "-o", "run.jsonl").status, 0)
        after = self.recorded()
        self.assertEqual(after.rows[:len(before.rows)], before.rows)
        self.assertEqual(after.lines[:len(before.lines)], before.lines)
        self.assertGreater(len(after.rows), len(before.rows))

    def test_other_header_is_refused_and_the_file_untouched(self):
        self.record_rows(TICKS, *self.target_options)
        for path, known, other in (("run.csv", b"gc_garbage", b"gc_rubbish"),
                                   ("run.jsonl", b'"format_version":1', b'"format_version":7')):
            changed = (self.directory / path).read_bytes().replace(known, other, 1)
            (self.directory / path).write_bytes(changed)
            result = self.append("-o", path)
            self.assertEqual((result.status, result.stdout), (2, ""))
            self.assertRegex(result.stderr, rf"\Atidemark record: {path} cannot be continued: [^\n]+\nhint: [^\n]+\n\Z")
            self.assertEqual((self.directory / path).read_bytes(), changed)

    def test_of_nothing_begins_a_recording(self):
        self.assertEqual(self.append("-o", "new.csv").status, 0)
        self.assertGreater(len(read_csv(self.directory / "new.csv")), 0)


class Rotation(FilesTest):
    def rotated(self, suffix):
        """The numbered files in order, and the current one."""
        numbers = sorted(int(match[1]) for match in (re.fullmatch(rf"run\.(\d+)\.{suffix}", name)
                                                     for name in self.files()) if match)
        return numbers, [self.directory / f"run.{number}.{suffix}" for number in numbers] + \
            [self.directory / f"run.{suffix}"]

    def record_until(self, numbered, *arguments):
        """Records with rotation until the file of that number is there."""
        with self.recording(*self.target_options, "--rotate", ROTATE_BYTES, *arguments) as recording:
            wait_for((self.directory / numbered).exists, f"{numbered} is there")
        self.assertEqual((recording.status, recording.stderr), (0, ""))

    def test_no_row_is_lost_or_doubled(self):
        self.record_until("run.3.csv")
        numbers, csv_files = self.rotated("csv")
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        rows = [row for path in csv_files for row in read_csv(path)]
        for path in csv_files:
            self.assertLessEqual(path.stat().st_size, ROTATE_BYTES)
        _, jsonl_files = self.rotated("jsonl")
        lines = [line for path in jsonl_files for line in read_jsonl(path)]
        self.assertEqual([read_jsonl(path)[0]["type"] for path in jsonl_files], ["header"] * len(jsonl_files))
        end = lines[-1]
        self.assertEqual((end["rows"], end["ticks"]), (len(rows), len(rows)))
        self.assertEqual([line["elapsed_seconds"] for line in lines if line["type"] == "sample"], elapsed(rows))
        self.assertEqual(len(set(elapsed(rows))), len(rows))

    def test_keep_removes_the_oldest(self):
        self.record_until("run.4.csv", "--keep", 2)
        numbers, csv_files = self.rotated("csv")
        self.assertEqual(len(numbers), 2)
        self.assertEqual(numbers[1], numbers[0] + 1)
        self.assertGreaterEqual(numbers[1], 4)
        kept = [row for path in csv_files for row in read_csv(path)]
        _, jsonl_files = self.rotated("jsonl")
        self.assertLessEqual(len(jsonl_files), 3)
        lines = [line for path in jsonl_files for line in read_jsonl(path)]
        samples = [line["elapsed_seconds"] for line in lines if line["type"] == "sample"]
        # The sets begin at different rows; from the later beginning on they hold the same.
        begin = max(samples[0], elapsed(kept)[0])
        self.assertEqual([at for at in elapsed(kept) if at >= begin], [at for at in samples if at >= begin])
        self.assertGreater(lines[-1]["rows"], len(kept))

    def test_new_recording_puts_the_old_set_aside(self):
        self.record_until("run.2.csv")
        numbers, _ = self.rotated("csv")
        content = (self.directory / "run.1.csv").read_bytes()
        self.assertEqual(self.record("-d", "50ms", "-o", "run.csv", "--rotate", ROTATE_BYTES).status, 0)
        self.assertEqual((self.directory / "run.1.csv.old").read_bytes(), content)
        self.assertEqual(self.rotated("csv")[0], [])
        self.assertEqual(sum(name.endswith(".csv.old") for name in self.files()), len(numbers) + 1)


class Stopped(FilesTest):
    def test_limit_on_the_size_of_a_file(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8 * KIB, 8 * KIB))
        result = self.record("-o", "run.csv", "-d", f"{TIMEOUT_S}s", preexec_fn=limit)
        self.assertEqual(result.status, 4)
        self.assertRegex(result.stderr, r"\Atidemark record: [^\n]*run\.csv[^\n]*last whole tick[^\n]*\n\Z")
        rows = read_csv(self.directory / "run.csv")
        row_bytes = len((self.directory / "run.csv").read_bytes().split(b"\n")[-2]) + 1
        self.assertGreater((self.directory / "run.csv").stat().st_size + 2 * row_bytes, 8 * KIB)
        self.assertEqual(elapsed(rows), sorted(elapsed(rows)))

    def run_on_small_disk(self, *outputs, duration):
        """tidemark with `disk` a tmpfs of 16 KiB; what was on it is then in `saved`."""
        for name in ("disk", "saved"):
            (self.directory / name).mkdir()
        script = 'mount -t tmpfs -o size=16k tidemark-test disk; "$@"; status=$?; cp disk/* saved; exit $status'
        files = [word for output in outputs for word in ("-o", output)]
        return subprocess.run(["unshare", "--mount", "/bin/sh", "-c", script, "sh", tidemark_binary(), "record",
                               *map(str, self.target_options), *files, "-d", duration],
                              cwd=self.directory, capture_output=True, text=True, timeout=TIMEOUT_S)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small disk")
    def test_full_disk_ends_the_recording_with_whole_files(self):
        result = self.run_on_small_disk("disk/run.csv", "disk/run.jsonl", duration=f"{TIMEOUT_S - 5}s")
        self.assertEqual(result.returncode, 4)
        messages = result.stderr.splitlines()
        self.assertEqual(len(messages), 2)
        for message in messages:
            self.assertRegex(message, r"^tidemark record: no space left for disk/run\.(csv|jsonl): ")
        saved = Recorded(self.directory / "saved" / "run.csv", self.directory / "saved" / "run.jsonl")
        self.assertGreater(len(saved.rows), 0)
        self.assertGreater(len(saved.events("sample")), 0)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small disk")
    def test_file_elsewhere_goes_on_when_a_disk_is_full(self):
        result = self.run_on_small_disk("disk/run.csv", "run.jsonl", duration="1500ms")
        self.assertEqual(result.returncode, 4)
        self.assertEqual(result.stderr.count("tidemark record:"), 1, result.stderr)
        rows = read_csv(self.directory / "saved" / "run.csv")
        lines = read_jsonl(self.directory / "run.jsonl")
        samples = [line for line in lines if line["type"] == "sample"]
        self.assertEqual((lines[-1]["type"], lines[-1]["rows"]), ("end", len(samples)))
        self.assertGreater(len(samples), len(rows))
        self.assertEqual([line["elapsed_seconds"] for line in samples[:len(rows)]], elapsed(rows))

    def test_closed_pipe_and_the_file_beside_it(self):
        beside = self.directory / "run.csv"
        with subprocess.Popen([tidemark_binary(), "record", *map(str, self.target_options), "-o", "-", "-o", beside],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            read = [process.stdout.readline() for _ in range(2)]
            process.stdout.close()
            lines = beside.read_text().count("\n")
            wait_for(lambda: beside.read_text().count("\n") > lines + 4 * TICKS, "the file beside goes on")
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 4)
        self.assertEqual(stderr.count("tidemark record:"), 1, stderr)
        self.assertIn("tidemark record: standard output was closed by its reader", stderr)
        self.assertTrue(beside.read_text().startswith("".join(read)))
        self.assertGreater(len(read_csv(beside)), 4 * TICKS)

    def test_standard_output_alone(self):
        result = self.record("-o", "-", "-d", "100ms")
        self.assertEqual(result.status, 0)
        (self.directory / "out.csv").write_text(result.stdout)
        self.assertGreater(len(read_csv(self.directory / "out.csv")), 1)
        self.assertIn("Recording: standard output", result.stderr)


if __name__ == "__main__":
    unittest.main()
