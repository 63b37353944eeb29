"""Who samples stacks, each as a command that runs for a chosen time and leaves behind how many thread stacks it took."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import subjects

RATE_HZ = 100
INTERVAL_US = 1_000_000 // RATE_HZ
STDERR_SHOWN = 500


class Run(NamedTuple):
    stacks: int
    lost: int
    cpu_ns: int


def peer(name):
    """A program that script/peers installs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "tidemark" / "peers" / "bin" / name
    if not path.exists():
        raise SystemExit(f"no {path}: run script/peers")
    return path


def ended(command):
    """Runs it to its end: the CPU that it took (all threads, user and system), and what it printed."""
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {text[-STDERR_SHOWN:]}")
    return int((usage.ru_utime + usage.ru_stime) * 1e9), text


def version_of(program):
    return ended([program, "--version"])[1].strip().splitlines()[0]


class Sampler(NamedTuple):
    """`command(pid, seconds, file)` runs that long; `count(file, printed)` says stacks taken and stacks lost."""

    name: str
    command: object
    count: object

    def run(self, pid, seconds):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "out.jsonl"
            cpu_ns, printed = ended(self.command(pid, seconds, path))
            return Run(*self.count(path, printed), cpu_ns)

    def shown(self):
        """The command with its options, for the report."""
        return " ".join(Path(str(word)).name if str(word).startswith("/") else str(word)
                        for word in self.command("PID", "SECONDS", "FILE"))


def tidemark_ticks():
    """All stacks and their text, nothing else: what the peers do."""
    program = subjects.tidemark_binary().with_name("tidemark_stack_ticks")

    def command(pid, seconds, path):
        ticks = "TICKS" if seconds == "SECONDS" else int(seconds * RATE_HZ)
        return [program, pid, INTERVAL_US, ticks, path]

    def count(_, printed):
        counts = json.loads(printed)
        return counts["stacks"], counts["lost"]

    return Sampler("tidemark, stacks alone", command, count)


def tidemark_record(threads):
    """With all columns of /proc beside them, as users run it. An unchanged stack is a number in its line."""
    def command(pid, seconds, path):
        return [subjects.tidemark_binary(), "record", "-p", pid, "-i", f"{1000 // RATE_HZ}ms", "-d",
                f"{seconds}s" if seconds != "SECONDS" else seconds, "--pss", "off", "-q", "--stacks", "-o", path]

    def count(path, _):
        samples = sum(line.startswith('{"type":"sample"') for line in path.read_text().splitlines())
        return samples * threads, 0

    return Sampler("tidemark record --stacks", command, count)


def py_spy(*flags):
    def command(pid, seconds, path):
        return [peer("py-spy"), "record", "-p", pid, "-r", RATE_HZ, "-d", seconds, "--idle", "-f", "raw", "-o", path, *flags]

    def count(path, printed):
        stacks = sum(int(line.rsplit(" ", 1)[1]) for line in path.read_text().splitlines())
        errors = re.search(r"Errors: (\d+)", printed)
        return stacks, int(errors[1]) if errors else 0

    return Sampler(" ".join(("py-spy", *flags)), command, count)


def austin():
    def command(pid, seconds, path):
        return [peer("austin"), "-i", INTERVAL_US, "-x", seconds, "-o", path, "-p", pid]

    def count(path, _):
        return sum(line.startswith("P") for line in path.read_text(errors="replace").splitlines()), 0

    return Sampler("austin", command, count)
