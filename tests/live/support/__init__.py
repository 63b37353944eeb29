"""What the live tests share: fixture programs, interpreters, tidemark itself, Redis, and a second look at /proc."""

from .embedding import embedding
from .paths import PROGRAMS, ROOT, tidemark_binary
from .processors import on_processors_of_their_own
from .procfs import (command_line, descendants, resident_bytes, status_fields, thread_ids, wait_until_all_read,
                     wait_until_conversing)
from .pythons import (DEBIAN_PYTHON, Interpreter, interpreters, on_each_interpreter, on_each_listed_interpreter,
                      on_host_interpreters, trace_refs_python)
from .recorded import Recorded, RecordingTest
from .recorded_stacks import recorded_stacks
from .recordings import read_csv, read_growing_csv, read_jsonl
from .redis_server import Redis
from .runner import Recording, Result, tidemark
from .target import Target, TargetError
from .waiting import free_port, wait_for

__all__ = [
    "DEBIAN_PYTHON", "Interpreter", "PROGRAMS", "ROOT", "Recorded", "Recording", "RecordingTest", "Redis", "Result",
    "Target", "TargetError", "command_line", "descendants", "embedding", "free_port", "interpreters", "on_each_interpreter",
    "on_each_listed_interpreter", "on_host_interpreters", "on_processors_of_their_own", "read_csv", "read_growing_csv",
    "read_jsonl", "recorded_stacks", "resident_bytes", "status_fields", "thread_ids", "tidemark", "tidemark_binary",
    "trace_refs_python", "wait_for", "wait_until_all_read", "wait_until_conversing",
]
