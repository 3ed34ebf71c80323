"""Precision, recall and F against the threshold, pooled over micrographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepem.errors import ConfigError, ConventionError
from deepem.evaluation.matching import Matching


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """How precision and recall change as the threshold falls from score to score.

    Point ``i`` keeps the picks with ``score >= threshold[i]``. Equal scores make one point, so
    there are as many points as distinct scores. Picks that count as neither right nor wrong are
    left out.

    Parameters
    ----------
    threshold
        The distinct scores, shape ``(n,)``, falling. The last one is NaN if there are picks
        with unknown scores: that point keeps everything, and no threshold does.
    n_picks
        Number of picks kept, shape ``(n,)``.
    n_true_positive
        Number of picks kept that found a particle, shape ``(n,)``.
    n_truth
        Number of particles to be found.
    """

    threshold: NDArray[np.float64]
    n_picks: NDArray[np.int64]
    n_true_positive: NDArray[np.int64]
    n_truth: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """Fraction of the picks kept that are right, shape ``(n,)``."""
        return self.n_true_positive / self.n_picks

    @property
    def recall(self) -> NDArray[np.float64]:
        """Fraction of the particles that were found, shape ``(n,)``; NaN if there are none."""
        if self.n_truth == 0:
            return np.full(self.n_picks.size, np.nan)
        return self.n_true_positive / self.n_truth

    def f_beta(self, beta: float) -> NDArray[np.float64]:
        """F-beta at each point, shape ``(n,)``; see :func:`f_beta`."""
        return f_beta(self.precision, self.recall, beta=beta)


def precision_recall(matchings: Sequence[Matching]) -> PrecisionRecall:
    """Pool matched micrographs into one precision–recall curve.

    Parameters
    ----------
    matchings
        One matching for each micrograph. Their picks should go down to a low score: where a
        threshold has been applied already, the curve ends there.

    Returns
    -------
    PrecisionRecall
        The curve; without points if there are no picks.
    """
    score = np.concatenate([[], *(m.picks.score[m.is_counted] for m in matchings)])
    is_right = np.concatenate([[], *(m.is_true_positive[m.is_counted] for m in matchings)])
    # Rising negative scores are falling scores, with the unknown ones (NaN) last.
    negative, group = np.unique(-score, return_inverse=True)
    return PrecisionRecall(
        threshold=-negative,
        n_picks=np.cumsum(np.bincount(group, minlength=negative.size)),
        n_true_positive=np.cumsum(
            np.bincount(group, weights=is_right, minlength=negative.size).astype(np.int64)
        ),
        n_truth=sum(int(m.is_required.sum()) for m in matchings),
    )


def f_beta(precision: ArrayLike, recall: ArrayLike, *, beta: float) -> NDArray[np.float64]:
    """F-beta = (1 + β²) P R / (β² P + R): recall weighs β times as much as precision.

    Parameters
    ----------
    precision, recall
        Fractions in 0 … 1, equal shapes. NaN, which is 0/0, counts as 0.
    beta
        Weight of recall, above 0. F2 = 5 P R / (4 P + R) is the one of Zhu, Ouyang and Mao,
        BMC Bioinformatics 18:348, 2017, doi:10.1186/s12859-017-1757-y.

    Returns
    -------
    ndarray
        Same shape, in 0 … 1; 0 where precision and recall are both 0; NaN where both are NaN,
        that is where there was nothing to find and nothing was picked.

    Raises
    ------
    deepem.errors.ConfigError
        `beta` is not above 0.
    """
    if not (np.isfinite(beta) and beta > 0):
        raise ConfigError("beta", f"must be above 0, got {beta}; 2 favours recall, 0.5 precision")
    is_undefined = np.isnan(precision) & np.isnan(recall)
    p, r = np.nan_to_num(precision), np.nan_to_num(recall)
    denominator = beta**2 * p + r
    # The numerator is 0 wherever the denominator is.
    f = (1 + beta**2) * p * r / np.where(denominator > 0, denominator, 1.0)
    return np.where(is_undefined, np.nan, f)


def average_precision(curve: PrecisionRecall) -> float:
    """Average precision: Σ (Rᵢ − Rᵢ₋₁) Pᵢ over the points of the curve, from R₀ = 0.

    This is the area under the curve drawn as steps, without interpolation. Recall is relative to
    all particles to be found, so particles that no pick finds at any threshold lower it.

    Parameters
    ----------
    curve
        A curve of picks down to a low score; a curve cut by a threshold gives a smaller value.

    Returns
    -------
    float
        In 0 … 1; 0 without picks; NaN if there are no particles to be found.
    """
    if curve.n_truth == 0:
        return float("nan")
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def best_threshold(curve: PrecisionRecall, *, beta: float = 2.0, tolerance: float = 0.0) -> float:
    """Threshold at which F-beta is highest: a model's threshold, on validation micrographs.

    Parameters
    ----------
    curve
        Pooled curve of micrographs that were not trained on, from picks down to a low score.
    beta
        Weight of recall, above 0.
    tolerance
        How far below the highest F-beta still counts as best. The curve is flat at its top, and
        where exactly it is highest is chance.

    Returns
    -------
    float
        ``score >= threshold`` keeps the picks of the best point, of the highest threshold if
        several are best. It lies midway to the next lower score, so that a score a little lower
        on another micrograph is still kept; it is the lowest score itself if that is the best.

    Raises
    ------
    deepem.errors.ConventionError
        The picks have no scores, or none of them found a particle.
    """
    f, threshold = curve.f_beta(beta), curve.threshold
    has_score = ~np.isnan(threshold)
    f, threshold = f[has_score], threshold[has_score]
    if not np.any(f > 0):
        raise ConventionError(
            "no threshold can be chosen, because no scored pick found a particle. Give picks with "
            "scores, and check that picks and truth are in the same unbinned pixels"
        )
    # The first of the best; equal but for rounding is equal.
    best = int(np.argmax(f >= f.max() * (1 - 1e-12) - tolerance))
    lower = threshold[min(best + 1, threshold.size - 1)]
    midway = (threshold[best] + lower) / 2
    # Between neighbouring floating-point numbers there is no middle.
    return float(midway if midway > lower else threshold[best])
