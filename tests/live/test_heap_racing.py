#!/usr/bin/python3
"""Racing ledgers of a heap that changes all the time, against frozen ones taken right after."""

import collections
import os
import unittest

from support import Target
from support.heaps import HeapTest

RUNS = int(os.environ.get("TIDEMARK_HEAP_RUNS", 100))
MAY_MISS = RUNS // 100
LARGEST_BOUND = 0.03  # of RSS
LEAST_MB_PER_S = 40


def rows_of(ledger):
    return collections.Counter({(row["owner"], row["detail"]): row["bytes"] for row in ledger["rows"]})


class Racing(HeapTest):
    def test_rows_lie_within_the_bound(self):
        missed, bounds = [], []
        with Target("heap_churn.py") as target:
            for _ in range(RUNS):
                racing = self.ledger(target.pid)
                frozen = self.ledger(target.pid, "--consistency", "frozen")
                bounds.append(racing["bound_bytes"] / racing["rss_bytes"])
                ours, true = rows_of(racing), rows_of(frozen)
                worst = max(ours.keys() | true.keys(), key=lambda row: abs(ours[row] - true[row]))
                if abs(ours[worst] - true[worst]) > racing["bound_bytes"]:
                    missed.append((worst, ours[worst], true[worst], racing["bound_bytes"]))
            made = target.ask("status")["mb_per_s"]
        print(f"{RUNS} runs: {len(missed)} beyond the bound, which was {min(bounds):.2%} to {max(bounds):.2%} of RSS;"
              f" {made:.0f} MB/s were made", flush=True)
        print(*missed, sep="\n", flush=True)
        self.assertGreater(made, LEAST_MB_PER_S)
        self.assertLessEqual(len(missed), MAY_MISS, missed)
        self.assertLess(max(bounds), LARGEST_BOUND)


if __name__ == "__main__":
    unittest.main()
