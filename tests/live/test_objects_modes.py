#!/usr/bin/python3
"""What tidemark objects can be asked for, what it refuses and why, and that the program it reads goes on as it was."""

import json
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from support import Target, interpreters, on_host_interpreters, status_fields, tidemark, tidemark_binary, wait_for
from support.censuses import CensusTest, by_name
from support.heaps import EXACT, said

ORDER, OTHER_ORDER, POINT, ODD, GONE = ("__main__.Order", "billing.Order", "__main__.Point", "__main__.Odd",
                                        "gone.away.Vanished")
GROWN = 4001
CLOCK_NANOSLEEP = "230"


class Shop(CensusTest):
    def assert_counts(self, census, counts):
        ours = by_name(census)
        self.assertEqual({name: ours.get(name, (0, 0))[0] for name in counts}, counts)


class Shown(Shop):
    @classmethod
    def setUpClass(cls):
        cls.target = cls.enterClassContext(Target("objects_shop.py"))
        cls.pid, cls.counts = cls.target.pid, cls.target.truth["counts"]
        cls.target.rest()

    def test_a_bare_name_is_every_modules(self):
        census = self.census(self.pid, "--type", "Order", "--samples", 3, "--consistency", "frozen")
        focuses = {focus["type"]: focus for focus in census["focuses"]}
        self.assertEqual(set(focuses), {ORDER, OTHER_ORDER})
        for name, focus in focuses.items():
            self.assertEqual(sum(size["count"] for size in focus["sizes"]), self.counts[name])
            self.assertEqual(focus["places"], {"generation 2": self.counts[name]})
            self.assertEqual(len(focus["samples"]), 3)
            for sample in focus["samples"]:
                self.assertEqual((sample["refcount"], sample["place"]), (1, "generation 2"))
        for sample in focuses[ORDER]["samples"]:
            self.assertRegex(sample["value"], r"^__main__\.Order\(number=(\d+), lines=\['apples', \1\]\)$")
        for sample in focuses[OTHER_ORDER]["samples"]:
            self.assertRegex(sample["value"], r"^billing\.Order\(number=\d+, paid='in full'\)$")
        only = self.census(self.pid, "--type", ORDER)["focuses"]
        self.assertEqual([focus["type"] for focus in only], [ORDER])

    def test_a_type_as_text(self):
        text = self.text(self.pid, "--type", "Order", "--samples", 2)
        for name in (ORDER, OTHER_ORDER):
            self.assertRegex(text, rf"(?m)^{name} at 0x[0-9a-f]+: {self.counts[name]:,} objects, ")
        self.assertEqual(text.count("Samples, by address:"), 2)
        self.assertEqual(text.count("lines=['apples', "), 2)
        self.assertIn("paid='in full'", text)
        slots = self.text(self.pid, "--type", "Point", "--samples", 1)
        self.assertIn("__main__.Point(x=None, y='there')", slots)
        self.assertIn(f"Garbage collector: {self.counts[POINT]:,} in generation 2.", slots)

    def test_a_type_that_no_object_has(self):
        result = tidemark("objects", "-p", self.pid, "--type", "Nothing")
        self.assertEqual(result.status, 4, result.stderr)
        self.assertIn("no object of a type 'Nothing' was found", result.stderr)

    def test_types_that_are_gone_and_those_with_a_metaclass(self):
        self.assert_counts(self.census(self.pid, "--consistency", "frozen"), self.counts)
        for name in (ODD, GONE):
            self.assertIn(f"{name} at 0x", self.text(self.pid, "--type", name))

    def test_filter(self):
        matching = {name: count for name, count in self.counts.items() if name.startswith("__main__.")}
        census = self.census(self.pid, "--filter", "__main__.*")
        self.assertLessEqual(matching.items(), {name: both[0] for name, both in by_name(census).items()}.items())
        self.assertEqual([row for row in census["types"] if not row["type"].startswith("__main__.")], [])
        self.assertGreater(census["summary"]["total_objects"], 10_000)  # of all
        objects, size = (sum(row[key] for row in census["types"]) for key in ("count", "bytes"))
        text = said(self.text(self.pid, "--filter", "__main__.*"))
        self.assertRegex(text, rf"__main__\.\*: {len(census['types'])} types, {objects:,} objects, "
                               rf"{size / 1024:,.1f} KB, .* held: [\d.]+ % of all bytes\.")

    def rows(self, *arguments):
        """Names and counts of the table."""
        lines = self.text(self.pid, *arguments).splitlines()
        first = next(number for number, line in enumerate(lines) if line.split()[1:2] == ["count"])
        table = lines[first + 1:lines.index("", first)]
        return [(line.split()[0], int(line.split()[1].replace(",", ""))) for line in table if "…" not in line]

    def test_by_module(self):
        rows = dict(self.rows("--by", "module", "--top", 0))
        self.assertEqual((rows["billing"], rows["gone.away"]), (self.counts[OTHER_ORDER], self.counts[GONE]))
        self.assertEqual(rows["__main__"], sum(row["count"] for row in self.census(self.pid)["types"]
                                               if row["module"] == "__main__"))
        for words in (("--by", "module", "--json"), ("--by", "module", "--type", "Order")):
            self.assertEqual(tidemark("objects", "-p", self.pid, *words).status, 2)

    def test_order_and_length(self):
        counts = [count for _, count in self.rows("--sort", "count", "--top", 7)]
        self.assertEqual((len(counts), counts), (7, sorted(counts, reverse=True)))
        self.assertEqual(len(self.rows()), 25)
        for key, words in (("bytes", ()), ("count", ("--sort", "count"))):
            types = self.census(self.pid, "--top", 5, *words)["types"]
            self.assertEqual(len(types), 5)
            figures = [row[key] for row in self.census(self.pid, *words)["types"]]
            self.assertEqual(figures, sorted(figures, reverse=True))
            self.assertEqual([row[key] for row in types], figures[:5])

    def test_low_memory_has_the_same_types(self):
        for mode in EXACT:
            with self.subTest(mode):
                plain = self.census(self.pid, "--consistency", mode)
                low = self.census(self.pid, "--consistency", mode, "--low-memory")
                self.assertEqual((plain["low_memory"], low["low_memory"]), (False, True))
                for part in ("types", "summary", "coverage"):
                    self.assertEqual(low[part], plain[part], part)
                self.assertGreater(low["cost"]["pause_ms"], 0)


class Changes(Shop):
    def compared(self, text, count):
        """The one that grew is named, with what it grew by, and no other class of the program."""
        process, = json.loads(text)["processes"]
        self.assertEqual(process["matched_by"], "identity")
        own = [row for row in process["types"] if row["type"].startswith("__main__.")]
        self.assertEqual([(row["type"], row["change_count"], row["change_bytes"]) for row in own],
                         [(POINT, count, count * 48)])  # the collector's head, the object's, two slots
        self.assertEqual(process["types"][0]["type"], POINT)

    def test_against_a_saved_census(self):
        with tempfile.TemporaryDirectory() as directory, Target("objects_shop.py") as target:
            saved = Path(directory) / "before.json"
            exact = ("--consistency", "frozen")
            self.text(target.pid, "--save", saved, *exact)
            target.ask("grow", GROWN)
            result = tidemark("objects", "-p", target.pid, "--diff", saved, "--json", *exact)
            self.assertEqual(result.status, 0, result.stderr)
            self.compared(result.stdout, GROWN)
            self.assertRegex(self.text(target.pid, "--diff", saved, *exact), rf"(?m)^ *__main__\.Point .*\+{GROWN:,}\b")

    def test_growth(self):
        with Target("objects_shop.py") as target:
            command = [tidemark_binary(), "objects", "-p", str(target.pid), "--growth", "2s", "--json", "--consistency",
                       "frozen"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
                # Its only long sleep is the one between the two censuses.
                looks = [""]
                def sleeps():
                    looks.append(Path(f"/proc/{reader.pid}/syscall").read_text())
                    return looks[-1].split()[0] == CLOCK_NANOSLEEP and len(set(looks[-5:])) == 1
                wait_for(sleeps, "the first census is done")
                target.ask("grow", GROWN)
                text = reader.communicate()[0]
            self.assertEqual(reader.returncode, 0)
            self.compared(text, GROWN)


def block(size):
    """What the allocators give for a request: pymalloc multiples of 16, malloc of more than 512 bytes a chunk."""
    if size <= 512:
        return (size + 15) // 16 * 16
    return (size + 8 + 15) // 16 * 16


class Held(CensusTest):
    """Of objects of known sizes, by what their sources ask the allocators for."""

    GC_HEAD = 16
    LIST, SLOTTED, BYTEARRAY, BYTES = 40, 32, 56, 33

    def test_blocks_and_buffers(self):
        with Target("objects_truth.py") as target:
            for command in ("count", "build", "clear"):
                target.ask_and_rest(command)
            before = self.census(target.pid, "--consistency", "frozen")
            target.ask_and_rest("build")
            after = self.census(target.pid, "--consistency", "frozen")
        held = {name: self.held(after, name) - self.held(before, name)
                for name in ("builtins.list", "objects_kinds.Slotted", "builtins.bytearray", "builtins.bytes", "numpy.ndarray")}
        self.assertEqual(held["builtins.list"],
                         sum(block(self.GC_HEAD + self.LIST) + block(8 * (number % 89)) for number in range(983)))
        self.assertEqual(held["objects_kinds.Slotted"], 953 * block(self.GC_HEAD + self.SLOTTED))
        self.assertEqual(held["builtins.bytearray"], sum(block(self.BYTEARRAY) + block(number + 1 if number else 0)
                                                         for number in range(467)))
        self.assertEqual(held["builtins.bytes"], sum(block(self.BYTES + len(b"%d" % (number + 1000)))
                                                     for number in range(991)))
        if target.truth["has_numpy"]:  # the object, a block for its shape, and the data: 8 bytes an item
            data = sum(8 * (1000 + number) for number in range(43))
            self.assertGreater(held["numpy.ndarray"], data)
            self.assertLess(held["numpy.ndarray"], data + 43 * 192)

    @staticmethod
    def held(census, name):
        return sum(row["held_bytes"] for row in census["types"] if row["type"] == name)


class Whole(Shop):
    def test_a_budget_that_is_too_small(self):
        """What is counted is printed, what is left out is said, and the status says it too."""
        with Target("objects_shop.py", "--fill", 1_000_000) as target:
            census = self.census(target.pid, "--budget", "10ms", status=4)
            coverage = census["coverage"]
            self.assertLess(coverage["share"], 0.9)
            self.assertGreater(coverage["left_out_bytes"], 10_000_000)
            self.assertTrue(coverage["out_of_budget"])
            self.assertIn(census["python_allocator"], (None, "pymalloc"))  # none: it has not come so far
            self.assertLess(census["summary"]["total_objects"], 1_000_000)
            result = tidemark("objects", "-p", target.pid, "--budget", "10ms")
            self.assertEqual(result.status, 4)
            self.assertRegex(said(result.stdout), r"% of the blocks in use were looked at\. Missed, and in no row: .*MB of "
                                                  r"arenas that there was no time for\. .*--budget")
            self.assertIn("--budget", result.stderr)

    def test_children(self):
        with Target("objects_shop.py", "--fork", 3) as target:
            counts = target.truth["counts"]
            processes = self.objects(target.pid, "--children", "--consistency", "frozen")["processes"]
            self.assertEqual([process["pid"] for process in processes], [target.pid, *target.truth["children"]])
            self.assertEqual([process["parent"] for process in processes], [None, *[target.pid] * 3])
            for place, process in enumerate(processes):
                self.assert_counts(process, {**counts, POINT: counts[POINT] + 100 * place})
            text = self.text(target.pid, "--children", "--top", 3)
            for pid in target.truth["children"]:
                self.assertIn(f"(pid {pid}, child of {target.pid})", text)

    def test_allocators(self):
        for allocator, name in (("malloc", "malloc"), ("debug", "pymalloc_debug")):
            with self.subTest(allocator), Target("objects_shop.py", env={"PYTHONMALLOC": allocator}) as target:
                census = self.census(target.pid, "--type", ORDER, "--consistency", "frozen")
                self.assertEqual(census["python_allocator"], name)
                self.assert_counts(census, target.truth["counts"])
                self.assertEqual(sum(census["focuses"][0]["places"].values()), target.truth["counts"][ORDER])
                self.assertIn("lines=['apples', ", census["focuses"][0]["samples"][0]["value"])

    @on_host_interpreters
    def test_subinterpreters(self, python):
        """Each has a threading of its own, with its main thread; from 3.12 on a GIL and a pymalloc of its own as well."""
        others, threads = 3, 2
        if python.kind == "free-threaded":
            return
        with Target("subinterpreters.py", "--interpreters", others, "--threads", threads, python=python) as target:
            census = self.census(target.pid, "--consistency", "frozen")
            self.assert_counts(census, {"threading.Thread": others + others * threads,
                                        "threading._MainThread": 1 + others})


class Refused(Shop):
    def assert_refused(self, pid, why, hint):
        for words in ((), ("--consistency", "frozen")):
            result = tidemark("objects", "-p", pid, *words)
            self.assertEqual((result.status, result.stdout), (3, ""), result.stderr)
            lines = result.stderr.splitlines()
            self.assertRegex(lines[0], f"^tidemark objects: .*{why}")
            self.assertRegex(lines[1], f"^hint: .*{hint}")
            self.assertEqual(len(lines), 2)

    def test_no_such_process(self):
        with subprocess.Popen(["true"]) as gone:
            gone.wait()
        self.assert_refused(gone.pid, f"no process with pid {gone.pid}", "ps ")

    def test_no_python(self):
        sleeper = subprocess.Popen(["sleep", "600"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)  # the first of the two
        wait_for(lambda: Path(f"/proc/{sleeper.pid}/comm").read_text() == "sleep\n", "sleep runs")
        self.assert_refused(sleeper.pid, f"pid {sleeper.pid} has no objects to count: .*", f"doctor -p {sleeper.pid}")

    def test_free_threaded(self):
        python, = [python for python in interpreters() if python.kind == "free-threaded"] or [None]
        if python is None or python.path is None:
            self.skipTest("no free-threaded Python here")
        with Target("objects_shop.py", python=python) as target:
            self.assert_refused(target.outer_pid, "is a free-threaded Python: it keeps its objects in mimalloc, which is "
                                                  "not walked", "tidemark heap -p ")


class Killed(Shop):
    MOMENTS = (0.1, 0.25, 0.4, 0.55)  # of the time that a census takes
    LEAST_KILLED = 2  # of them: one may have been done

    def kill_at(self, pid, mode, moment_s):
        """Whether it was killed in the middle."""
        command = [tidemark_binary(), "objects", "-p", str(pid), "--json", "--consistency", mode]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
            time.sleep(moment_s)
            reader.kill()
            return reader.communicate()[0] == b"" and reader.returncode == -signal.SIGKILL

    def test_it_goes_on_when_we_are_killed(self):
        with Target("objects_shop.py", "--fill", 300_000) as target:
            for mode in ("racing", "frozen"):
                with self.subTest(mode):
                    began = time.monotonic()
                    self.census(target.pid, "--consistency", mode)
                    took_s = time.monotonic() - began
                    killed = 0
                    for moment in self.MOMENTS:
                        killed += self.kill_at(target.pid, mode, took_s * moment)
                        self.assertEqual(target.ask("status")["counts"], target.truth["counts"])
                        wait_for(lambda: status_fields(target.pid)["TracerPid"].strip() == "0", "no tracer is left")
                    self.assertGreaterEqual(killed, self.LEAST_KILLED)
                    self.assert_counts(self.census(target.pid, "--consistency", mode), target.truth["counts"])


if __name__ == "__main__":
    unittest.main()
