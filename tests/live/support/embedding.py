"""A C program that has one of the interpreters in it: fixtures/programs/embeds.c, compiled and linked for the test."""

import json
import subprocess
from pathlib import Path

from .paths import PROGRAMS
from .pythons import EXTRAS_IN_ROOT

PROGRAM = "embeds"
WHERE_PROGRAM = ("import json, sysconfig; print(json.dumps([sysconfig.get_paths()['include'],"
                 " sysconfig.get_config_var('LIBDIR')]))")
COMPILER = ("cc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-pthread")


def embedding(python, directory):
    """`python` as the program that embeds it, made in `directory`; None when it has no headers or no shared library.

    In a root the library may be made for a C library younger than ours, whose symbols are then found when it runs; ours
    gives the headers too, those of the root come last (Debian's pyconfig.h lies beside them).
    """
    enter = ["chroot", python.root] if python.root is not None else []
    asked = subprocess.run([*enter, python.path, "-c", WHERE_PROGRAM], capture_output=True, text=True, check=True)
    include, library_directory = (Path(f"{python.root or ''}{path}") for path in json.loads(asked.stdout))
    library = library_directory / f"libpython{python.minor}.so.1.0"
    if not (include / "Python.h").exists() or not library.exists():
        return None
    program = Path(directory) / PROGRAM
    search = [] if python.root is not None else [f"-Wl,-rpath,{library_directory}"]
    subprocess.run([*COMPILER, f"-I{include}", "-idirafter", include.parent, PROGRAMS / "embeds.c", library, *search,
                    "-Wl,--allow-shlib-undefined", "-o", program], stdin=subprocess.DEVNULL, check=True)
    return python._replace(path=EXTRAS_IN_ROOT / PROGRAM if python.root is not None else program, extras=directory)
