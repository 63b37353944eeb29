"""Figures of repeated measurements: their middle, their spread, and how sure the middle is."""

import random
import statistics
from typing import NamedTuple


class Spread(NamedTuple):
    """Median, least and most of what the rounds gave."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values))

    def text(self, digits):
        return f"{self.median:.{digits}f} [{self.least:.{digits}f}, {self.most:.{digits}f}]"


def ratios(above, below):
    """Round by round: what two neighbours in time share, the machine's mood, falls out."""
    return Spread.of([a / b for a, b in zip(above, below, strict=True)])


def median_interval(values, resamples=4000, share=0.95, seed=1):
    """The percentile bootstrap interval of the median."""
    draw = random.Random(seed)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(resamples))
    outside = int(resamples * (1 - share) / 2)
    return medians[outside], medians[-1 - outside]
