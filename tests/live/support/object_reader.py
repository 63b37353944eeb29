"""tests/live/native/object_reader.cpp as a context manager: our readers of objects on a live target."""

import json
import os
import subprocess
from pathlib import Path

from .paths import ROOT


class ObjectReader:
    def __init__(self, pid, prefix=()):
        binary = os.environ.get("TIDEMARK_OBJECT_READER") or ROOT / "build" / "dev" / "bin" / "tidemark_object_reader"
        self._command = [*prefix, str(Path(binary)), str(pid)]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         encoding="utf-8")
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def ask(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"object_reader ended with status {self._process.wait()}")
        return json.loads(line)
