#!/usr/bin/python3
"""The runtime is found by every way that there is, also where its file has gone, changed, or has no name of Python's.

Each target says where its runtime and its type of code objects lie; what `tidemark doctor --locate HOW` finds is that.
"""

import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import DEBIAN_PYTHON, PROGRAMS, Target, interpreters, on_each_interpreter, tidemark_binary

NOBODY_ID = 65534
NOBODY = ("setpriv", "--reuid", str(NOBODY_ID), "--regid", str(NOBODY_ID), "--clear-groups")
SOURCES = Path(__file__).resolve().parent / "native"
# Says where things are, by ctypes and by id(), then waits for the end of stdin in two threads.
STATES_PLACES = """
import ctypes, protocol, threading, types
threading.Thread(target=threading.Event().wait, daemon=True).start()
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
protocol.say_ready({**protocol.identity(), "runtime": hex(runtime), "code_type": hex(id(types.CodeType))})
protocol.converse({})
"""
# The same where Python is embedded: the library that ctypes asks is the one that has the symbols.
STATES_ITSELF = """
import os, sys, types
print('{"ready": true, "pid": %d, "python": "%d.%d.%d", "code_type": "%s"}'
      % ((os.getpid(),) + sys.version_info[:3] + (hex(id(types.CodeType)),)), flush=True)
sys.stdin.read()
"""
ELF_SECTION_HEADERS = ((0x28, "<Q"), (0x3C, "<H"), (0x3E, "<H"))  # e_shoff, e_shnum, e_shstrndx of Elf64_Ehdr


def doctor(pid, *options, prefix=(), env=None, binary=None):
    """The JSON of the doctor."""
    command = [*prefix, str(binary or tidemark_binary()), "doctor", "-p", str(pid), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **(env or {})})
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout)


def facts_of(found):
    return {key: fact["value"] for key, fact in found["interpreter"].items()}


def without_section_headers(source, to):
    """A copy whose loader does not miss what `strip` of sections takes away."""
    data = bytearray(Path(source).read_bytes())
    for at, form in ELF_SECTION_HEADERS:
        struct.pack_into(form, data, at, 0)
    to.write_bytes(data)
    to.chmod(0o755)
    return to


def library_of(python):
    """libpython3.X.so.1.0 of an interpreter of this root that tidemark reads and that links one, or None."""
    if python.path is None or python.root is not None or not python.is_read:
        return None
    found = sorted(python.path.resolve().parents[1].glob("lib/libpython3.*.so.1.0"))
    return found[0] if found else None


class LocateTest(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="tidemark-locate-"))
        self.directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.directory)

    def assert_found(self, target, found, located_by):
        facts = facts_of(found)
        self.assertEqual(facts["self_check"], "ok", found["interpreter"])
        self.assertEqual(facts["version"], target.truth["python"])
        self.assertEqual(facts["code_type_address"], target.truth["code_type"])
        if "runtime" in target.truth:
            self.assertEqual(facts["runtime_address"], target.truth["runtime"])
        self.assertIn(facts["located_by"], located_by if isinstance(located_by, tuple) else (located_by,))
        self.assertNotIn("missing", facts)


@unittest.skipUnless(os.geteuid() == 0, "needs root where Yama is strict")
class EachRung(LocateTest):
    @on_each_interpreter
    def test_all_rungs_lead_to_the_same_place(self, python):
        with Target(["-c", STATES_PLACES], python=python) as target:
            rungs = ["symbols", "memory_symbols", "scan"]
            if python.minor not in ("3.8", "3.9"):
                rungs.append("section")
            for rung in rungs:
                with self.subTest(rung):
                    self.assert_found(target, doctor(target.pid, "--locate", rung), rung)
            with self.subTest("none"):
                self.assert_found(target, doctor(target.pid), ("section", "symbols"))

    @on_each_interpreter
    def test_origins_of_the_layout(self, python):
        with Target(["-c", STATES_PLACES], python=python) as target:
            facts = facts_of(doctor(target.pid, "--layout", "builtin"))
            if python.kind == "pydebug":
                self.assertEqual(facts["self_check"], "debug_build")
            else:
                self.assertEqual((facts["self_check"], facts["layout_origin"].split(",")[0]), ("ok", "builtin"))
            stated = doctor(target.pid, "--layout", "debug_offsets")
            if python.minor in ("3.8", "3.9", "3.10", "3.11", "3.12"):
                self.assertEqual(facts_of(stated)["self_check"], "unsupported")
                self.assertIn("origin", stated["interpreter"]["self_check"]["text"])
            else:
                facts = facts_of(stated)
                self.assertEqual((facts["self_check"], facts["layout_origin"].split(",")[0]), ("ok", "debug_offsets"))
            # Its own debug information, where there is any: all that it says fits.
            own = doctor(target.pid, "--layout", "dwarf")
            if facts_of(own)["self_check"] != "unsupported":
                self.assertEqual((facts_of(own)["self_check"], facts_of(own)["layout_origin"].split(",")[0]), ("ok", "dwarf"))
            else:
                self.assertIn("debug information", own["interpreter"]["self_check"]["text"])

    def test_without_section_headers_the_loader_s_tables_serve(self):
        copy = without_section_headers(DEBIAN_PYTHON.resolve(), self.directory / "program")
        with Target(["-c", STATES_PLACES], python=copy) as target:
            self.assert_found(target, doctor(target.pid), "memory_symbols")
            self.assert_found(target, doctor(target.pid, "--locate", "scan"), "scan")
            self.assertEqual(facts_of(doctor(target.pid, "--locate", "symbols"))["self_check"], "not_python")

    def test_words_that_name_no_rung_and_no_origin(self):
        for wrong in (("--locate", "guess"), ("--layout", "guess"), ("--locate",)):
            done = subprocess.run([tidemark_binary(), "doctor", *wrong], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("hint: ", done.stderr)


@unittest.skipUnless(os.geteuid() == 0, "needs root to make namespaces")
class DebugFile(LocateTest):
    """A debug file made by hand, of the build-id of Debian's python3.11, that says where its runtime is."""

    def setUp(self):
        super().setUp()
        notes = subprocess.run(["readelf", "-n", str(DEBIAN_PYTHON.resolve())], capture_output=True, text=True, check=True).stdout
        self.build_id = notes.split("Build ID:")[1].split()[0]
        self.file = self.directory / "debuginfo"

    def make_debug_file(self, truth, build_id):
        subprocess.run(["as", "-o", str(self.directory / "empty.o"), "/dev/null"], check=True)
        subprocess.run(["ld", "-o", str(self.file), f"--build-id=0x{build_id}", "-e", "0", f"--defsym=_PyRuntime={truth['runtime']}",
                        f"--defsym=PyCode_Type={truth['code_type']}", str(self.directory / "empty.o")], check=True)

    def truth(self):
        with Target(["-c", STATES_PLACES]) as target:  # not position-independent: the same at each start
            return target.truth

    def test_of_its_own_root_by_build_id(self):
        at = f"/usr/lib/debug/.build-id/{self.build_id[:2]}/{self.build_id[2:]}.debug"
        hide = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none /usr/lib/debug && mkdir -p {os.path.dirname(at)} && '
                f'cp {self.file} {at} && exec "$@"', "sh")
        self.make_debug_file(self.truth(), self.build_id)
        with Target(["-c", STATES_PLACES], prefix=hide) as target:
            found = doctor(target.pid, "--locate", "debug_file")
            self.assert_found(target, found, f"debug_file {at}")
            self.assertEqual(facts_of(found)["debug_file"], at)
        self.make_debug_file(self.truth(), "00" * 20)  # of another build
        with Target(["-c", STATES_PLACES], prefix=hide) as target:
            self.assertNotEqual(facts_of(doctor(target.pid, "--locate", "debug_file"))["self_check"], "ok")

    def test_of_debuginfod_only_when_it_is_configured(self):
        self.make_debug_file(self.truth(), self.build_id)
        asked = self.directory / "asked"
        client = self.directory / "debuginfod-find"
        client.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n[ "$1 $2" = "debuginfo {self.build_id}" ] && echo {self.file}\n')
        client.chmod(0o755)
        env = {"PATH": f"{self.directory}:{os.environ['PATH']}", "HOME": str(self.directory), "XDG_CACHE_HOME": ""}
        configured = {**env, "DEBUGINFOD_URLS": "http://localhost:1"}
        with Target(["-c", STATES_PLACES]) as target:
            self.assertNotEqual(facts_of(doctor(target.pid, "--locate", "debug_file", env=env))["self_check"], "ok")
            self.assertFalse(asked.exists())
            found = doctor(target.pid, "--locate", "debug_file", env=configured)
            self.assert_found(target, found, f"debug_file {self.file}")
            self.assertTrue(asked.exists())
            # What it has fetched before is not asked for again.
            asked.unlink()
            cached = self.directory / "cache" / self.build_id / "debuginfo"
            cached.parent.mkdir(parents=True)
            shutil.copy(self.file, cached)
            found = doctor(target.pid, "--locate", "debug_file",
                           env={**configured, "DEBUGINFOD_CACHE_PATH": str(self.directory / "cache")})
            self.assert_found(target, found, f"debug_file {cached}")
            self.assertFalse(asked.exists())


@unittest.skipUnless(os.geteuid() == 0, "needs root to begin with")
class ChangedOnDisk(LocateTest):
    """The file of the runtime after the start: deleted, another one, a newer Python."""

    def fates(self, path, newer):
        yield "deleted", path.unlink
        yield "replaced", lambda: self.replace(path, Path("/bin/true"))
        if newer:
            yield "newer", lambda: self.replace(path, newer)

    @staticmethod
    def replace(path, by):
        shutil.copy(by, path.with_suffix(".new"))
        path.with_suffix(".new").rename(path)

    def other_python(self):
        return next((python.path.resolve() for python in interpreters() if library_of(python) and python.minor == "3.12"), None)

    def test_a_static_program(self):
        binary = self.directory / "tidemark"
        shutil.copy(tidemark_binary(), binary)
        copy = self.directory / "python3.11"
        for fate, change in list(self.fates(copy, self.other_python())):
            for user in ((), NOBODY):
                with self.subTest(fate=fate, user=user):
                    shutil.copy(DEBIAN_PYTHON.resolve(), copy)
                    # From its environment it would take its prefix out of where the program lies.
                    with Target(["-c", STATES_PLACES], python=copy, prefix=user, env={"PYTHONHOME": "/usr"}) as target:
                        change()
                        found = doctor(target.pid, prefix=user, binary=binary)
                        self.assert_found(target, found, ("section", "symbols"))

    def test_a_library(self):
        """As root by map_files; for its own user by what of the file is in memory."""
        binary = self.directory / "tidemark"
        shutil.copy(tidemark_binary(), binary)
        libraries = [(python, library_of(python)) for python in interpreters() if library_of(python)]
        newest = libraries[-1][1] if libraries else None
        # Another mount namespace, in which the home of the interpreter may be read by anybody.
        enter = ("unshare", "--mount", "sh", "-c", 'mount --bind "$1" /mnt && shift && exec "$@"', "sh")
        if not libraries:
            self.skipTest("no interpreter with a library")
        for python, library in libraries:
            copy = self.directory / library.name
            for fate, change in list(self.fates(copy, newest if library != newest else None)):
                for user in ((), NOBODY):
                    with self.subTest(python=python.version, fate=fate, user=user):
                        shutil.copy(library, copy)
                        prefix = (*enter, str(library.parents[1]), *user, "env", f"LD_LIBRARY_PATH={self.directory}")
                        with Target(["-c", STATES_PLACES], python="/mnt/bin/python3", prefix=prefix,
                                    env={"PYTHONHOME": "/mnt"}) as target:
                            change()
                            found = doctor(target.pid, prefix=user, binary=binary)
                            self.assert_found(target, found, ("memory_symbols", "scan") if user else ("section", "symbols"))


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("gcc"), "needs root where Yama is strict, and gcc")
class Embedded(LocateTest):
    def setUp(self):
        super().setUp()
        self.program = self.directory / "server"
        subprocess.run(["gcc", "-o", self.program, SOURCES / "embeds.c", "-ldl", "-lpthread"], check=True)

    def embedded(self, python, *words):
        home = library_of(python).parents[1]
        return Target([*map(str, words), STATES_ITSELF], python=self.program, env={"PYTHONHOME": str(home), "PYTHONPATH": ""})

    @on_each_interpreter
    def test_by_the_name_of_libpython_and_by_any_other(self, python):
        library = library_of(python)
        if library is None:
            self.skipTest("no library")
        plugin = self.directory / f"plugin-{python.version}.so"
        shutil.copy(library, plugin)
        for path in (library, plugin):
            with self.embedded(python, path) as target:
                found = doctor(target.pid)
                self.assert_found(target, found, ("section", "symbols"))
                facts = facts_of(found)
                self.assertEqual((facts["module"], facts["linkage"]), (str(path), "shared"))

    def test_of_two_the_one_that_is_initialised(self):
        with_library = [python for python in interpreters() if library_of(python)]
        if len(with_library) < 2:
            self.skipTest("needs two interpreters with a library")
        first, second = with_library[0], with_library[-1]
        for idle, used in ((first, second), (second, first)):
            with self.embedded(used, library_of(idle), library_of(used)) as target:
                found = doctor(target.pid)
                self.assert_found(target, found, ("section", "symbols"))
                self.assertEqual(facts_of(found)["module"], str(library_of(used)))
                self.assertIn(str(library_of(idle)), facts_of(found)["other_runtimes"])

    @on_each_interpreter
    def test_a_static_program_that_has_loaded_a_library_of_python_too(self, python):
        library = library_of(python)
        if library is None:
            self.skipTest("no library")
        load = f"import ctypes; idle = ctypes.CDLL({str(library)!r}, ctypes.RTLD_LOCAL)"
        with Target(["-c", load + STATES_PLACES]) as target:  # Debian's
            found = doctor(target.pid)
            self.assert_found(target, found, ("section", "symbols"))
            self.assertEqual(facts_of(found)["module"], str(DEBIAN_PYTHON.resolve()))
            self.assertIn(str(library), facts_of(found)["other_runtimes"])

    @on_each_interpreter
    def test_states_of_threads_that_have_ended(self, python):
        library = library_of(python)
        if library is None:
            self.skipTest("no library")
        with self.embedded(python, "--leak", 5, library) as target:
            found = doctor(target.pid)
            self.assert_found(target, found, ("section", "symbols"))
            if python.minor not in ("3.8", "3.9", "3.10"):  # there an ended thread's struct pthread says no id
                self.assertIn("5 thread states", found["interpreter"]["self_check"]["text"])


if __name__ == "__main__":
    unittest.main()
