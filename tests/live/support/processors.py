"""Where programs run."""

import os


def on_processors_of_their_own():
    """Words before the target and before who reads it. On one processor the target stands still while it is read."""
    first, second = (sorted(os.sched_getaffinity(0)) * 2)[:2]
    return [("taskset", "--cpu-list", str(number)) for number in (first, second)]
