"""Ledgers of tidemark heap, and what allocators say of themselves meanwhile (fixtures/programs/heap_truth.py)."""

import json
import os
import re
import unittest

from .procfs import smaps_rss
from .runner import tidemark
from .waiting import wait_for

SYS_WRITE = 1
STDERR = 2
READ_BYTES = 65536
HELD_BACK = b"\nEND\n"
MODES = ("racing", "stopped", "frozen")
EXACT = ("stopped", "frozen")
CANNOT_OPEN = 3  # exit status
COLUMNS = 80


class HeapTest(unittest.TestCase):
    """Every ledger that a test reads is checked: its rows add up, no two are of one owner, what it lost it says."""

    def heap(self, pid, *arguments, status=0):
        """The JSON of `tidemark heap -p PID`."""
        result = tidemark("heap", "-p", pid, "--json", *arguments)
        self.assertEqual(result.status, status, result.stderr)
        reading = json.loads(result.stdout)
        for process in reading["processes"]:
            self.assert_adds_up(process)
        return reading

    def ledger(self, pid, *arguments):
        """The one process of it."""
        reading = self.heap(pid, *arguments)
        self.assertEqual(len(reading["processes"]), 1)
        return reading["processes"][0]

    def assert_adds_up(self, ledger):
        rows = ledger["rows"]
        self.assertTrue(ledger["adds_up"])
        self.assertEqual(sum(row["bytes"] for row in rows), ledger["accounted_bytes"])
        self.assertEqual(ledger["accounted_bytes"] + ledger["moved_bytes"], ledger["rss_bytes"])
        self.assertEqual(len({(row["owner"], row["detail"]) for row in rows}), len(rows))
        for row in rows:
            self.assertLessEqual(row["private_bytes"], row["bytes"], row)
        if ledger["consistency"] == "racing":
            self.assertLessEqual(abs(ledger["moved_bytes"]), ledger["bound_bytes"])
        else:
            self.assertEqual((ledger["moved_bytes"], ledger["bound_bytes"]), (0, 0))


    def text(self, pid, *arguments, status=0, **options):
        """What it says, without line breaks; no line is wider than 80 columns."""
        result = tidemark("heap", "-p", pid, *arguments, **options)
        self.assertEqual(result.status, status, result.stderr)
        for line in result.stdout.splitlines():
            self.assertLessEqual(len(line), COLUMNS, line)
        return said(result.stdout)

    def assert_refused(self, result, message, hint=None):
        """Nothing was read: one line says why, one what to do, where that can be said."""
        self.assertEqual((result.status, result.stdout), (CANNOT_OPEN, ""), result.stderr)
        lines = result.stderr.splitlines()
        self.assertRegex(lines[0], f"^tidemark heap: .*{message}")
        self.assertEqual(len(lines), 1 if hint is None else 2, result.stderr)
        if hint is not None:
            self.assertRegex(lines[1], f"^hint: .*{hint}")


def said(text):
    """A text without its line breaks."""
    return " ".join(text.split())


def bytes_of(ledger, owner, *details):
    """Of the rows of an owner, or of those with the details."""
    return sum(row["bytes"] for row in ledger["rows"]
               if row["owner"].startswith(owner) and (not details or row["detail"] in details))


class Account:
    """Context manager: the program stands inside of the account that it asked an allocator for.

    `pid` is the program as we see it; `text` stands afterwards.
    """

    def __init__(self, target, which):
        self._target, self._which = target, which
        self.pid = target.outer_pid if target.python.root else target.pid
        self.text = ""

    def __enter__(self):
        self._target.send("account", self._which)
        wait_for(lambda: _writes_to_stderr(self.pid), "the program stands in its account")
        return self

    def __exit__(self, kind, *_):
        pipe = os.open(f"/proc/{self.pid}/fd/{self._target.truth['pipe_fd']}", os.O_RDONLY)
        data = b""
        while not data.endswith(HELD_BACK):
            data += os.read(pipe, READ_BYTES)
        os.close(pipe)
        self.text = data[:-len(HELD_BACK)].decode().lstrip("#")
        if kind is None:
            self._target.next_line()


def _writes_to_stderr(pid):
    with open(f"/proc/{pid}/syscall", encoding="ascii") as call:
        words = call.read().split()
    return words[0] == str(SYS_WRITE) and int(words[1], 16) == STDERR


def _number(pattern, text):
    found = re.search(pattern, text, re.M)
    return int(found[1].replace(",", "")) if found else 0


def debugmallocstats(text):
    """The figures of sys._debugmallocstats() under the names that the ledger has for them."""
    classes = re.findall(r"^ *\d+ +\d+ +(\d+) +(\d+) +(\d+) *$", text, re.M)
    return {
        "arenas": _number(r"arenas allocated current += +([\d,]+)", text),
        "pools_used": sum(int(pools) for pools, _, _ in classes),
        "pools_free": _number(r"^([\d,]+) unused pools", text),
        "blocks_used": sum(int(used) for _, used, _ in classes),
        "blocks_free": sum(int(free) for _, _, free in classes),
        "used_bytes": _number(r"bytes in allocated blocks += +([\d,]+)", text),
        "free_bytes": _number(r"bytes in available blocks += +([\d,]+)", text),
    }


def malloc_info(text):
    """[(system bytes, bytes in fastbins, other free bytes)] of each arena, and (count, bytes) of mapped blocks."""
    arenas = []
    for heap in re.findall(r'<heap nr="\d+">(.*?)</heap>', text, re.S):
        arenas.append((_number(r'<system type="current" size="(\d+)"', heap),
                       _number(r'<total type="fast" count="\d+" size="(\d+)"', heap),
                       _number(r'<total type="rest" count="\d+" size="(\d+)"', heap)))
    whole = text.rpartition("</heap>")[2]
    return sorted(arenas), (_number(r'<total type="mmap" count="(\d+)"', whole),
                            _number(r'<total type="mmap" count="\d+" size="(\d+)"', whole))


__all__ = ["Account", "CANNOT_OPEN", "EXACT", "HeapTest", "MODES", "bytes_of", "debugmallocstats", "malloc_info", "said",
           "smaps_rss"]
