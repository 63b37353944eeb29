"""Resolves the interned stacks of a JSONL recording by what docs/recording-format.md says of them."""


def _frames(innermost, frames, strings):
    """A stack, innermost frame first; None when it could not be read."""
    if innermost is None or innermost == []:
        return innermost
    stack = []
    while innermost is not None:
        innermost, function, file, line = frames[innermost]
        stack.append({"function": strings[function], "file": strings[file], "line": line})
    return stack


def recorded_stacks(lines):
    """(sample line, its threads or None when it has no stacks) of each sample of one recording's lines."""
    strings, threads, frames, readings = [], [], [], {}
    for line in lines:
        if line["type"] == "header" or line.get("restart"):
            strings, threads, frames, readings = [], [], [], {}
        if line["type"] == "stacks":
            for table, first in ((strings, "string"), (threads, "thread"), (frames, "frame")):
                if f"{first}s" in line:
                    assert line[f"first_{first}"] == len(table), line
                    table += line[f"{first}s"]
        if line["type"] != "sample":
            continue
        reading = line.get("stacks")
        process = (line["pid"], line["process_started"])
        if isinstance(reading, dict):
            rows = dict(readings[process][1]) if "from" in reading else {}
            if "from" in reading:
                assert readings[process][0] == reading["from"], line
            rows.update((row[0], row) for row in reading["threads"])
            readings[process] = (reading["id"], rows)
        elif reading is not None:
            assert readings[process][0] == reading, line
        if reading is None:
            yield line, None
            continue
        resolved = []
        for number, innermost, state, *failure in readings[process][1].values():
            interpreter, native_id, outer_id, thread_id, name = threads[number]
            resolved.append({"interpreter": interpreter, "native_id": native_id, "outer_id": outer_id,
                             "thread_id": thread_id, "name": None if name is None else strings[name],
                             "holds_gil": "G" in state, "failure": failure[0] if failure else None,
                             "frames": _frames(innermost, frames, strings)})
        yield line, resolved
