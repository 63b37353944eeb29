"""What people write by hand: the seven columns, sampled with psutil. Usage: psutil_recorder.py PID COUNT INTERVAL_S FILE"""

import csv
import sys
import time
from datetime import datetime

import psutil

COLUMNS = ("timestamp", "elapsed_seconds", "process_name", "pid", "cpu_percent", "memory_rss_mb", "memory_percent")


def main():
    pid, count, interval_s, path = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    known = {}
    started = time.time()
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for _ in range(count):
            parent = psutil.Process(pid)
            for process in [parent, *parent.children(recursive=True)]:
                process = known.setdefault(process.pid, process)
                with process.oneshot():
                    rss_mb = process.memory_info().rss / 1024 / 1024
                    writer.writerow((datetime.now().isoformat(sep=" "), round(time.time() - started, 2), process.name(),
                                     process.pid, process.cpu_percent(), round(rss_mb, 2),
                                     round(process.memory_percent(), 4)))
            out.flush()
            time.sleep(interval_s)


if __name__ == "__main__":
    main()
