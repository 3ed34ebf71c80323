"""How the scores and the standard deviations of the candidates of a pool are distributed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.picking.candidate_pool import IN_NO_WAY, CandidatePool

N_BINS = 50
# Beyond, the width of a bin could be no number any more.
_FARTHEST = 1e30
# So many percent on both sides do not stretch the histogram; they are in its last bins.
_OUTLIERS = 0.5


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values lie between which limits.

    Parameters
    ----------
    edges
        Rising, shape ``(n + 1,)``.
    counts
        Shape ``(n,)``; a value at an edge counts for the bin above it.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.floating], low: float, high: float) -> Histogram:
        """Values in equal bins from `low` to `high`; those outside are in the last bins."""
        low, high = max(low, -_FARTHEST), min(high, _FARTHEST)
        if not low < high:
            low, high = low - 0.5, low + 0.5
        edges = np.linspace(low, high, N_BINS + 1)
        place = np.floor((values - low) * (N_BINS / (high - low)))
        place = np.clip(place, 0, N_BINS - 1).astype(np.intp)
        return cls(edges, np.bincount(place, minlength=N_BINS))


def draw_histograms(
    pool: CandidatePool,
    *,
    threshold: float,
    score_range: tuple[float, float],
    std_range: tuple[float, float] | None,
) -> tuple[Histogram, Histogram]:
    """Histograms of the scores and of the standard deviations.

    Parameters
    ----------
    pool
        The candidates; those in junk and at the edge are left out.
    threshold
        Deviations are of candidates with half of it or more: others are background.
    score_range
        Limits of the histogram of scores.
    std_range
        A range that the limits of the histogram of deviations contain; None for none.

    Returns
    -------
    scores, stds
        What is not known is not counted.
    """
    usable = pool.fails == IN_NO_WAY
    score = pool.score[usable]
    std = pool.std[usable & (pool.score >= threshold / 2) & np.isfinite(pool.std)]
    limits = np.percentile(std, [_OUTLIERS, 100 - _OUTLIERS]).tolist() if std.size else []
    limits += [limit for limit in std_range or () if np.isfinite(limit)]
    low, high = (min(limits), max(limits)) if limits else (0.0, 1.0)
    return (
        Histogram.of(score[np.isfinite(score)], *score_range),
        Histogram.of(std.astype(np.float64), low, high),
    )
