#!/usr/bin/python3
"""The helpers of the live tests do not look away: silence, orphans, torn files and missing interpreters are errors."""

import os
import select
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

from support import (Recording, Target, TargetError, interpreters, on_each_interpreter, on_each_listed_interpreter,
                     pythons, read_csv, read_jsonl)


class WithDirectory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(textwrap.dedent(text))
        return path


class TargetTest(WithDirectory):
    def test_program_that_fails_shows_its_stderr(self):
        program = self.write("fails.py", "raise SystemExit('no such luck')")
        with self.assertRaisesRegex(TargetError, "no such luck"):
            with Target([program]):
                self.fail("it never was ready")

    def test_silence_is_an_error(self):
        program = self.write("silent.py", """\
            import protocol
            protocol.say_ready({})
            protocol.converse({})
            """)
        with Target([program]) as target:
            with self.assertRaisesRegex(TargetError, "said nothing"):
                target.next_line(patience_s=0.05)

    def test_orphan_is_an_error_and_is_killed(self):
        program = self.write("orphan.py", """\
            import os, protocol, signal
            pid = os.fork()
            if pid == 0:
                signal.pause()
            protocol.say_ready({"child": pid})
            protocol.converse({})
            """)
        with self.assertRaisesRegex(TargetError, "behind"):
            with Target([program]) as target:
                pidfd = os.pidfd_open(target.truth["child"])
                self.addCleanup(os.close, pidfd)
                target.send("exit")
                self.assertEqual(target.wait(), 0)
                target.wait_for_children(patience_s=0.05)
        ended, _, _ = select.select([pidfd], [], [], 30)
        self.assertTrue(ended)


class InterpretersTest(WithDirectory):
    def setUp(self):
        super().setUp()
        pythons.interpreters.cache_clear()
        self.addCleanup(pythons.interpreters.cache_clear)

    def run_on_each(self, environment):
        """Runs a decorated test under `environment`; its result and the versions it ran on."""
        versions = []

        class Inner(unittest.TestCase):
            @on_each_interpreter
            def test(self, python):
                versions.append(python.minor)

        with mock.patch.dict(os.environ, environment):
            result = unittest.TestResult()
            Inner("test").run(result)
        return result, versions

    def test_list_from_the_environment(self):
        result, versions = self.run_on_each({"TIDEMARK_PYTHONS": "3.11=/usr/bin/python3,3.12=/nowhere",
                                             "TIDEMARK_REQUIRE_PYTHONS": ""})
        self.assertEqual((versions, len(result.skipped), len(result.failures)), (["3.11"], 1, 0))

    def test_required_interpreter_is_missing(self):
        result, versions = self.run_on_each({"TIDEMARK_PYTHONS": "3.11=/usr/bin/python3,3.12=/nowhere",
                                             "TIDEMARK_REQUIRE_PYTHONS": "3.12=/nowhere"})
        self.assertEqual((versions, len(result.skipped), len(result.failures)), (["3.11"], 0, 1))

    def test_list_is_narrowed_by_names(self):
        with mock.patch.dict(os.environ, {"TIDEMARK_PYTHONS": "host-3.11"}):
            only, = interpreters()
        self.assertEqual((only.name, only.minor, str(only.path), only.root), ("host-3.11", "3.11", "/usr/bin/python3", None))

    def test_required_is_what_the_list_marks_or_what_is_named(self):
        python = pythons.Interpreter("a", "3.11", None, ci=True)
        for wanted, required in (("", False), ("ci", True), ("b", False), ("b,a", True)):
            with mock.patch.dict(os.environ, {"TIDEMARK_REQUIRE_PYTHONS": wanted}):
                self.assertEqual((wanted, python.required), (wanted, required))
        with mock.patch.dict(os.environ, {"TIDEMARK_REQUIRE_PYTHONS": "ci"}):
            self.assertFalse(python._replace(ci=False).required)

    def test_what_is_not_read_yet_is_left_out_of_tests_of_tidemark_only(self):
        not_read = pythons.Interpreter("new", "3.11", Path("/usr/bin/python3"), is_read=False)
        ran = []

        class Inner(unittest.TestCase):
            test_tidemark = on_each_interpreter(lambda self, python: ran.append("tidemark"))
            test_fixture = on_each_listed_interpreter(lambda self, python: ran.append("fixture"))

        result = unittest.TestResult()
        with mock.patch.object(pythons, "interpreters", lambda: [not_read]):
            for name in ("test_tidemark", "test_fixture"):
                Inner(name).run(result)
        self.assertEqual((ran, len(result.skipped), result.wasSuccessful()), (["fixture"], 1, True))

    def test_paths_in_a_root_and_outside(self):
        inner = pythons.Interpreter("r", "3.11", Path("/usr/bin/python3"), root=Path("/some/root"))
        program = pythons.PROGRAMS / "waits_on_line.py"
        self.assertEqual(inner.inside(program), Path("/mnt/waits_on_line.py"))
        self.assertEqual(inner.outside(inner.inside(program)), program)
        self.assertEqual(inner._replace(root=None).inside(program), program)

    def test_wrong_version_is_refused(self):
        with mock.patch.dict(os.environ, {"TIDEMARK_PYTHONS": "3.13=/usr/bin/python3"}):
            self.assertRaisesRegex(LookupError, "not 3.13", interpreters)


class RecordingsTest(WithDirectory):
    def test_csv_with_quotes_and_odd_line_separators(self):
        path = self.write("a.csv", 'name,pid\n"a,""b"" \u2028c",7\n')
        self.assertEqual(read_csv(path), [{"name": 'a,"b" \u2028c', "pid": "7"}])

    def test_torn_files_are_errors(self):
        self.assertRaisesRegex(ValueError, "torn", read_csv, self.write("a.csv", "name,pid\nx,"))
        self.assertRaisesRegex(ValueError, "cells", read_csv, self.write("b.csv", "name,pid\nx\n"))
        self.assertRaisesRegex(ValueError, "torn", read_jsonl, self.write("a.jsonl", '{"type":'))

    def test_recording_that_ends_before_its_first_row_says_why(self):
        program = self.write("tidemark", "#!/bin/sh\necho cannot >&2\nexit 3\n")
        program.chmod(0o755)
        with mock.patch.dict(os.environ, {"TIDEMARK": str(program)}):
            with self.assertRaisesRegex(RuntimeError, "ended with 3: cannot"):
                with Recording([self.directory / "out.csv"], "-p", "1"):
                    self.fail("there are no rows")


if __name__ == "__main__":
    unittest.main()
