#!/usr/bin/python3
"""The same columns, equal to what the program says, where Python is not started by its own executable as it was installed:
in a C program, in uWSGI, in a venv, with subinterpreters beside it."""

import contextlib
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from support import (PROGRAMS, Target, embedding, free_port, on_each_interpreter, on_host_interpreters,
                     wait_for, wait_until_all_read)
from test_record_interpreter import INTERVAL, TICKS, InterpreterTest

WAITS_ON_LINE = PROGRAMS / "waits_on_line.py"
UWSGI = Path("/usr/bin/uwsgi")


class Embedded(InterpreterTest):
    def check(self, python, *options):
        """`python`, when the list says that there is a library of it, in a C program."""
        if not python.has_library:
            return
        with tempfile.TemporaryDirectory(prefix="tidemark-embeds-") as directory:
            Path(directory).chmod(0o755)
            program = embedding(python, Path(directory))
            self.assertIsNotNone(program, f"{python} has no headers or no shared library")
            words = [*options, program.inside(WAITS_ON_LINE), "--threads", "3", "--depth", "4"]
            with Target(words, python=program) as target:
                self.assertEqual(target.truth["main"]["native_id"] == target.pid, not options)
                self.assert_recorded(target, target.pid, python.name)

    @on_each_interpreter
    def test_in_the_first_thread(self, python):
        self.check(python)

    @on_each_interpreter
    def test_in_a_thread_that_is_not_the_first(self, python):
        self.check(python, "--thread")


class Venv(InterpreterTest):
    @on_host_interpreters
    def test_python_of_a_venv(self, python):
        with tempfile.TemporaryDirectory(prefix="tidemark-venv-") as directory:
            for kind in ("--symlinks", "--copies"):
                with self.subTest(kind=kind):
                    place = Path(directory) / kind
                    subprocess.run([python.path, "-m", "venv", "--without-pip", kind, place], stdin=subprocess.DEVNULL,
                                   check=True)
                    venv = python._replace(path=place / "bin" / "python3")
                    with Target("waits_on_line.py", "--threads", 2, python=venv) as target:
                        self.assert_recorded(target, target.pid, f"{python.name}{kind}")


class Subinterpreters(InterpreterTest):
    @on_each_interpreter
    def test_columns_are_the_main_interpreters(self, python):
        with Target("subinterpreters.py", "--interpreters", 2, "--threads", 2, python=python) as target:
            wait_until_all_read(target.pid)
            recorded = self.record_rows(TICKS, "-p", target.pid, *INTERVAL, name=python.name)
            main = target.truth["main"]
            in_main = [thread for thread in target.truth["threads"] if thread["interpreter"] == 0]
        for row in recorded.rows_of(target.pid):
            self.assertEqual([row["python_function"], row["python_file"], row["python_line"]],
                             [main["qualname"], main["file"], str(main["line"])])
            self.assertEqual([row["python_threads"], row["gaps"]], [str(len(in_main)), ""])
        self.assertEqual(recorded.events("error"), [])


@contextlib.contextmanager
def requested(port):
    """A GET request that is answered, if at all, when the block has ended."""
    answer = []

    def get():
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while data := connection.recv(4096):
                answer.append(data)

    asking = threading.Thread(target=get)
    asking.start()
    try:
        yield answer
    finally:
        asking.join(60)


class Uwsgi(InterpreterTest):
    @unittest.skipUnless(UWSGI.exists(), "no uWSGI")
    def test_worker_in_a_request(self):
        port = free_port()
        words = ["--plugin", "python3", "--honour-stdin", "--enable-threads", "--http-socket", f"127.0.0.1:{port}",
                 "--need-app", "--wsgi-file", str(PROGRAMS / "uwsgi_app.py")]
        with Target(words, python=UWSGI) as target:
            wait_for(lambda: is_listening(port), "uWSGI accepts connections")
            with requested(port) as answer:
                target.truth = target.next_line()
                self.assert_recorded(target, target.pid, "uwsgi")
                target.send("exit")
            self.assertIn(b"done", b"".join(answer))
            target.kill()


def is_listening(port):
    listening = "0A"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == listening for row in rows)


if __name__ == "__main__":
    unittest.main()
