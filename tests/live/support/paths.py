"""Where things lie."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "fixtures" / "programs"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidemark"  # as in script/lib.sh


def tidemark_binary():
    """The program under test: $TIDEMARK (ctest sets it), else the release build."""
    return Path(os.environ.get("TIDEMARK") or ROOT / "build" / "release" / "bin" / "tidemark")
