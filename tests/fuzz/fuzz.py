#!/usr/bin/python3
"""Runs a fuzzer for a time. Its corpus grows from run to run in the build directory; images of the live interpreters at
hand are recorded anew each time. An input that breaks a reader is kept, named, and makes this fail."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "live"))

from support import Target, interpreters, wait_until_all_read  # noqa: E402 (found by the line above)

# Of one input: well above what the largest stack that is allowed takes, well below what hurts.
LIMITS = ("-timeout=60", "-rss_limit_mb=1024", "-malloc_limit_mb=256")
MAX_INPUT_BYTES = {"readers": 2 + 24 * 14, "tables": 4096, "heap": 2 + 24 * 14}
# What the targets do: wait at several depths with several threads, or call all the time.
PROGRAMS = {"waits": ("waits_on_line.py", "--threads", 3), "deep": ("waits_on_line.py", "--depth", 40),
            "calls": ("alternates.py",), "switches": ("switches.py", "--depth", 5)}
TABLE_SEEDS = [bytes([kind]) + bytes(8) + table for kind in range(4)
               for table in (b"", b"\x06\x01\x08\x01", b"\x80\x00\xd8\x04\x08\x80", b"TMIMAGE\x01" + bytes(8))]


def programs_directory():
    """Where the fuzzers are: $TIDEMARK_FUZZ_PROGRAMS (ctest sets it), else the asan preset's."""
    return Path(os.environ.get("TIDEMARK_FUZZ_PROGRAMS") or HERE.parents[1] / "build" / "asan" / "bin")


def record_images(directory):
    """One image of each program on each interpreter at hand; their number."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    found = [python for python in interpreters() if python.path is not None and python.is_read]
    if not found:
        raise SystemExit("fuzz.py: no interpreter to record")
    for python in found:
        for name, (program, *arguments) in PROGRAMS.items():
            with Target(program, *arguments, python=python) as target:
                if program == "waits_on_line.py":
                    wait_until_all_read(target.pid)
                image = directory / f"{python.name}-{name}"
                subprocess.run([programs_directory() / "tidemark_record_image", str(target.pid), image], check=True)
    return len(list(directory.iterdir()))


def seeds_of(name, images):
    """Inputs to begin with: each image as it is, read with its own layout; a table of each kind."""
    if name == "tables":
        return TABLE_SEEDS
    if name == "heap":  # processes made by hand: fuzz_heap.cpp
        return [bytes([number, layout]) for number in range(4) for layout in (0, 5)]
    return [bytes([number, layout]) for number in range(record_images(images)) for layout in (0, 1)]


def run(name, seconds, work):
    corpus, broken, images = work / f"corpus-{name}", work / "broken", work / "images"
    corpus.mkdir(parents=True, exist_ok=True)
    broken.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds_of(name, images)):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    command = [programs_directory() / f"tidemark_fuzz_{name}", *LIMITS, f"-max_len={MAX_INPUT_BYTES[name]}",
               f"-max_total_time={seconds}", "-print_final_stats=1", "-print_funcs=0",
               f"-artifact_prefix={broken}/{name}-", corpus]
    environment = {**os.environ, "TIDEMARK_FUZZ_IMAGES": str(images), "UBSAN_OPTIONS": "print_stacktrace=1",
                   "ASAN_OPTIONS": "quarantine_size_mb=32"}
    return subprocess.run(list(map(str, command)), env=environment, stdin=subprocess.DEVNULL).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(MAX_INPUT_BYTES))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--work", type=Path, default=programs_directory().parent / "fuzz-work",
                        help="corpus, images and broken inputs")
    options = parser.parse_args()
    raise SystemExit(run(options.name, options.seconds, options.work))


if __name__ == "__main__":
    main()
