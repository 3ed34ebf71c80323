"""Whether probabilities hold: how often candidates of a probability turn out to be particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepem.errors import ConfigError, ConventionError
from deepem.evaluation.matching import Matching


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predicted and observed frequency of particles, in bins of equal width.

    Parameters
    ----------
    edges
        Edges of the bins, shape ``(n_bins + 1,)``, from 0 to 1. A bin holds its lower edge; the
        last one both.
    n
        Number of candidates in each bin, shape ``(n_bins,)``.
    n_right
        How many of them are particles, shape ``(n_bins,)``.
    predicted
        Their mean probability, shape ``(n_bins,)``; NaN in an empty bin.
    brier_score
        Mean of (p − y)² with y = 1 for a particle and 0 else (Brier, 1950): 0 is perfect; NaN
        without candidates.
    """

    edges: NDArray[np.float64]
    n: NDArray[np.int64]
    n_right: NDArray[np.int64]
    predicted: NDArray[np.float64]
    brier_score: float

    @property
    def observed(self) -> NDArray[np.float64]:
        """Observed frequency of particles in each bin, shape ``(n_bins,)``; NaN where empty."""
        return np.where(self.n > 0, self.n_right / np.maximum(self.n, 1), np.nan)

    @property
    def observed_interval(self) -> NDArray[np.float64]:
        """Wilson's interval of one standard error around `observed`, shape ``(2, n_bins)``.

        Lower and upper end, within 0 and 1; NaN in an empty bin (Wilson, 1927).
        """
        n = np.where(self.n > 0, self.n, np.nan)
        centre = (self.n_right + 0.5) / (n + 1)
        half = np.sqrt(self.n_right * (n - self.n_right) / n + 0.25) / (n + 1)
        return np.asarray(np.clip([centre - half, centre + half], 0, 1))

    @property
    def expected_calibration_error(self) -> float:
        """Mean of abs(predicted − observed) over the bins, weighted by their counts.

        Where most candidates are background, it mostly tells of the lowest bin. NaN without
        candidates.
        """
        if not self.n.sum():
            return float("nan")
        gap = np.abs(self.predicted - self.observed)
        return float(np.sum(np.where(self.n > 0, gap, 0) * self.n) / self.n.sum())


def measure_reliability(matchings: Sequence[Matching], *, n_bins: int = 10) -> Reliability:
    """Compare the probabilities of matched candidates with what they turned out to be.

    Parameters
    ----------
    matchings
        One for each micrograph, of **all** the candidates: their scores are probabilities. Those
        that count as neither right nor wrong are left out.
    n_bins
        Number of bins, at least 1.

    Returns
    -------
    reliability

    Raises
    ------
    deepem.errors.ConfigError
        There are no bins.
    deepem.errors.ConventionError
        A score is not a probability.

    Notes
    -----
    A particle that is missing in the truth counts against a candidate: the top bins then look
    too sure of themselves.
    """
    probability = [one.picks.score[one.is_counted] for one in matchings]
    is_right = [one.is_true_positive[one.is_counted] for one in matchings]
    return bin_probabilities(
        np.concatenate([np.zeros(0), *probability]),
        np.concatenate([np.zeros(0, dtype=np.bool_), *is_right]),
        n_bins=n_bins,
    )


def bin_probabilities(
    probabilities: ArrayLike, is_right: ArrayLike, *, n_bins: int = 10
) -> Reliability:
    """Compare probabilities, shape ``(n,)``, with what was right, shape ``(n,)``.

    Raises
    ------
    deepem.errors.ConfigError
        There are no bins.
    deepem.errors.ConventionError
        A number is not a probability.

    References
    ----------
    Brier (1950) Mon. Weather Rev. 78:1. Wilson (1927) J. Am. Stat. Assoc. 22:209.
    Naeini, Cooper, Hauskrecht (2015) Proc. AAAI, 2901 (expected calibration error).

    Examples
    --------
    >>> measured = bin_probabilities([0.1, 0.1, 0.9, 0.7], [False, False, True, True], n_bins=2)
    >>> measured.predicted.round(2).tolist(), measured.observed.tolist()
    ([0.1, 0.8], [0.0, 1.0])
    """
    if n_bins < 1:
        raise ConfigError("n_bins", f"must be at least 1, got {n_bins}")
    probability = np.asarray(probabilities, dtype=np.float64).reshape(-1)
    right = np.asarray(is_right, dtype=np.bool_).reshape(-1)
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ConventionError(
            "some scores are no probabilities (unknown, or not between 0 and 1). Give candidates "
            "of a model with a calibration"
        )
    edges = np.arange(n_bins + 1) / n_bins
    place = np.minimum(np.searchsorted(edges, probability, side="right") - 1, n_bins - 1)
    n = np.bincount(place, minlength=n_bins)
    total = np.bincount(place, weights=probability, minlength=n_bins)
    return Reliability(
        edges=edges,
        n=n,
        n_right=np.bincount(place[right], minlength=n_bins),
        predicted=np.where(n > 0, total / np.maximum(n, 1), np.nan),
        brier_score=float(np.mean((probability - right) ** 2)) if right.size else float("nan"),
    )
