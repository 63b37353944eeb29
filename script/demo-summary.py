"""Prints what script/demo saw: a few figures of the recording, beside the worker's own account of itself.

usage: demo-summary.py RECORDING.csv ACCOUNT, where ACCOUNT is the JSON that the worker answered to `status`.
"""

import csv
import json
import sys
from collections import defaultdict

MIB = 1 << 20


def rows_by_process(path):
    """The rows of each (pid, process_started), in the order of the file."""
    processes = defaultdict(list)
    with open(path, encoding="utf-8", newline="") as recording:
        for row in csv.DictReader(recording):
            processes[row["pid"], row["process_started"]].append(row)
    return processes


def growth_mb_per_s(rows):
    """Between the first and the last row; None when they are one moment."""
    seconds = float(rows[-1]["elapsed_seconds"]) - float(rows[0]["elapsed_seconds"])
    grown = float(rows[-1]["memory_rss_mb"]) - float(rows[0]["memory_rss_mb"])
    return grown / seconds if seconds > 0 else None


def print_process(rows):
    first, last = rows[0], rows[-1]
    growth = growth_mb_per_s(rows)
    rate = "" if growth is None else f" ({growth:+.2f} MiB/s)"
    print(f"  pid {last['pid']} {last['process_name']}: {len(rows)} rows, "
          f"RSS {float(first['memory_rss_mb']):.1f} -> {float(last['memory_rss_mb']):.1f} MiB{rate}")
    if last["python_threads"]:
        print(f"    Python: {last['python_threads']} threads, {last['gc_gen2_collections']} full collections, "
              f"last seen in {last['python_function']} ({last['python_file']}:{last['python_line']})")
    gaps = sorted({row["gaps"] for row in rows} - {""})
    if gaps:
        print(f"    could not read: {', '.join(gaps)}")


def main():
    path, account = sys.argv[1], json.loads(sys.argv[2])
    print("\nWhat tidemark saw:")
    for rows in rows_by_process(path).values():
        print_process(rows)
    print("What the worker says of itself:")
    held = [account["held_bytes"], *account["children_held_bytes"]]
    print(f"  it leaks {account['rate_mb_per_s']:.2f} MiB/s in each process and holds "
          f"{' and '.join(f'{size / MIB:.1f}' for size in held)} MiB by now")


if __name__ == "__main__":
    main()
