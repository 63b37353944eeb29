"""Reads recordings with Python's own csv and json modules: nothing of tidemark's takes part."""

import csv
import io
import json
from pathlib import Path


def read_csv(path):
    """One dict of text for each row; a row of the wrong width, or a torn last line, is an error here."""
    text = Path(path).read_bytes().decode("utf-8")
    if not text.endswith("\n"):
        raise ValueError(f"{path}: the last line is torn")
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"{path}: row {number} has {len(row)} cells, the header {len(header)}")
    return [dict(zip(header, row)) for row in rows]


def read_growing_csv(path):
    """The whole rows so far of a file that is being written, or that is still to be made."""
    try:
        text = Path(path).read_bytes()
    except FileNotFoundError:
        return []
    lines = text[:text.rfind(b"\n") + 1].decode("utf-8")
    return list(csv.DictReader(io.StringIO(lines, newline=""), strict=True))


def read_jsonl(path):
    """The objects of all lines; a torn last line is an error."""
    text = Path(path).read_bytes().decode("utf-8")
    if not text.endswith("\n"):
        raise ValueError(f"{path}: the last line is torn")
    return [json.loads(line) for line in text.split("\n")[:-1]]
