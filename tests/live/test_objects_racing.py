#!/usr/bin/python3
"""Racing censuses of a program that makes and drops 10^5 objects a second, against frozen ones taken right after."""

import os
import unittest

from support import Target
from support.censuses import CensusTest, by_name

RUNS = int(os.environ.get("TIDEMARK_OBJECTS_RUNS", 20))
LEAST_SHARE = 0.98
LARGE = 0.01  # of the heap's bytes
WITHIN = 0.02
LEAST_PER_S = 80_000


class Racing(CensusTest):
    def test_large_types_are_as_a_frozen_census_has_them(self):
        shares, worst = [], (0, "")
        with Target("objects_churn.py") as target:
            for _ in range(RUNS):
                racing = self.census(target.pid)
                frozen = self.census(target.pid, "--consistency", "frozen")
                self.assertEqual((racing["consistency"], racing["cost"]["pause_ms"]), ("racing", 0))
                self.assertEqual(frozen["coverage"]["share"], 1)
                shares.append(racing["coverage"]["share"])
                ours, total = by_name(racing), frozen["summary"]["total_size"]
                large = {name: both for name, both in by_name(frozen).items() if both[1] > LARGE * total}
                self.assertGreaterEqual(len(large), 5)
                for name, (count, size) in large.items():
                    for true, seen in ((count, ours[name][0]), (size, ours[name][1])):
                        worst = max(worst, (abs(seen - true) / true, name))
            made = target.ask("status")["objects_per_s"]
        print(f"{RUNS} runs of {frozen['summary']['total_objects']:,} objects, {made:,.0f} made each second: at least "
              f"{min(shares):.3%} of the blocks were seen, no large type is further off than {worst[0]:.3%} ({worst[1]})",
              flush=True)
        self.assertGreater(made, LEAST_PER_S)
        self.assertGreaterEqual(min(shares), LEAST_SHARE)
        self.assertLessEqual(worst[0], WITHIN, worst[1])


if __name__ == "__main__":
    unittest.main()
