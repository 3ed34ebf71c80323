"""What to expect of picks at every threshold where no particles are known: from probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation.curves import f_beta
from deepem.evaluation.score_counts import ScoreCounts as ScoreCounts

_THRESHOLDS = tuple(step / 20 for step in range(1, 20))


@dataclass(frozen=True, kw_only=True)
class ExpectedFigures:
    """What to expect of the picks above one threshold; errors are standard errors.

    Parameters
    ----------
    threshold
        Picks with ``score >= threshold`` are kept.
    n_picks
        How many that are.
    n_true, n_true_error
        How many of them are particles.
    precision, precision_error
        Fraction of the picks that are particles; NaN without picks.
    recall, recall_error
        Fraction of the particles among the candidates that are kept; NaN if none is expected.
    """

    threshold: float
    n_picks: int
    n_true: float
    n_true_error: float
    precision: float
    precision_error: float
    recall: float
    recall_error: float


@dataclass(frozen=True, eq=False)
class Expectation:
    """Expected precision and recall as the threshold falls from score to score.

    Point ``i`` keeps the candidates with ``score >= threshold[i]``. All errors are standard
    errors, in the unit of their figure.

    Parameters
    ----------
    threshold
        The distinct scores, shape ``(n,)``, falling.
    n_picks
        Number of candidates kept, shape ``(n,)``.
    n_true
        Expected number of particles among them, shape ``(n,)``: Σ p.
    variance
        Variance of that number if every candidate is right or wrong on its own, shape ``(n,)``:
        Σ p (1 − p).
    shift
        How errors of the calibration, which all candidates share, move that number; shape
        ``(n, q)``, for each of q independent standard normal errors.

    Notes
    -----
    Recall is relative to the particles *among the candidates*. A particle that is no candidate,
    because it is no local maximum of the score or was left out by the standard deviation range
    or the edge margin, is not counted: true recall is lower by their share.

    The ratios are those of the expected numbers, and their errors follow from the errors of
    the numbers above and below the threshold to first order. They are good from some ten
    particles on. They contain neither that these micrographs may differ from those of the
    calibration, nor that labels were left out there or here.
    """

    threshold: NDArray[np.float64]
    n_picks: NDArray[np.int64]
    n_true: NDArray[np.float64]
    variance: NDArray[np.float64]
    shift: NDArray[np.float64]

    @property
    def n_particles(self) -> float:
        """Expected number of particles among all the candidates."""
        return float(self.n_true[-1]) if self.n_true.size else 0.0

    @property
    def n_true_error(self) -> NDArray[np.float64]:
        """Error of `n_true`, shape ``(n,)``."""
        return self._error(np.ones_like(self.n_true), np.zeros_like(self.n_true))

    @property
    def precision(self) -> NDArray[np.float64]:
        """Expected fraction of the picks kept that are particles, shape ``(n,)``."""
        return self.n_true / self.n_picks

    @property
    def precision_error(self) -> NDArray[np.float64]:
        """Error of `precision`, shape ``(n,)``."""
        return self._error(1 / self.n_picks, np.zeros_like(self.n_true))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Expected fraction of the particles kept, shape ``(n,)``; NaN if none is expected."""
        if self.n_particles == 0:
            return np.full(self.n_true.size, np.nan)
        return self.n_true / self.n_particles

    @property
    def recall_error(self) -> NDArray[np.float64]:
        """Error of `recall`, shape ``(n,)``; NaN if no particle is expected."""
        if self.n_particles == 0:
            return np.full(self.n_true.size, np.nan)
        return self._error(1 - self.recall, -self.recall) / self.n_particles

    def f_beta(self, beta: float) -> NDArray[np.float64]:
        """Expected F-beta, shape ``(n,)``; see :func:`deepem.evaluation.f_beta`."""
        return f_beta(self.precision, self.recall, beta=beta)

    def f_beta_error(self, beta: float) -> NDArray[np.float64]:
        """Error of `f_beta`, shape ``(n,)``."""
        # F = (1 + β²) T / D with D = picks + β² particles, and particles = T + missed.
        denominator = self.n_picks + beta**2 * self.n_particles
        by_missed = -(1 + beta**2) * beta**2 * self.n_true / denominator**2
        by_kept = np.asarray((1 + beta**2) / denominator + by_missed)
        return self._error(by_kept, by_missed)

    def at(self, threshold: float) -> ExpectedFigures:
        """Return what to expect of the candidates with ``score >= threshold``."""
        n_kept = int(np.sum(self.threshold >= threshold))
        if n_kept == 0:
            nan, none = float("nan"), float(self.n_particles == 0)
            return ExpectedFigures(
                threshold=threshold,
                n_picks=0,
                n_true=0.0,
                n_true_error=0.0,
                precision=nan,
                precision_error=nan,
                recall=nan if none else 0.0,
                recall_error=nan if none else 0.0,
            )
        last = n_kept - 1
        return ExpectedFigures(
            threshold=threshold,
            n_picks=int(self.n_picks[last]),
            n_true=float(self.n_true[last]),
            n_true_error=float(self.n_true_error[last]),
            precision=float(self.precision[last]),
            precision_error=float(self.precision_error[last]),
            recall=float(self.recall[last]),
            recall_error=float(self.recall_error[last]),
        )

    def rows(self, thresholds: Sequence[float] = _THRESHOLDS) -> tuple[ExpectedFigures, ...]:
        """Return what to expect at some thresholds, by default 0.05, 0.10 … 0.95."""
        return tuple(self.at(threshold) for threshold in thresholds)

    def best_threshold(self, beta: float = 2.0) -> float:
        """Threshold at which the expected F-beta is highest: F-beta there over 1 + β².

        Raises
        ------
        deepem.errors.ConfigError
            `beta` is not above 0.
        deepem.errors.ConventionError
            There are no candidates, or none of them can be a particle.
        """
        n_each = np.diff(self.n_picks, prepend=0)
        return _best_threshold(self.threshold, n_each, beta=beta, n_missed=0.0)

    def _error(
        self, by_kept: NDArray[np.float64], by_missed: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Error of a figure from its derivatives by the particles kept and those missed."""
        if not self.threshold.size:
            return np.zeros(0)
        missed_variance = self.variance[-1] - self.variance
        missed_shift = self.shift[-1] - self.shift
        sampling = by_kept**2 * self.variance + by_missed**2 * missed_variance
        shared = by_kept[:, None] * self.shift + by_missed[:, None] * missed_shift
        return np.asarray(np.sqrt(np.maximum(sampling, 0) + np.sum(shared**2, axis=1)))


def expect(
    picks: Picks | Sequence[Picks] | ScoreCounts,
    *,
    logit_error_factor: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
) -> Expectation:
    """Expected precision and recall of candidates at every threshold, without known particles.

    Parameters
    ----------
    picks
        **All** the candidates of one or more micrographs, whatever their score, after the same
        standard deviation range and edge margin as in the calibration. Their scores must be
        calibrated probabilities. `ScoreCounts` of very many take less memory.
    logit_error_factor
        Errors of the calibration: a function from probabilities ``(n,)`` to ``(n, q)``, such that
        the logits are off by the product with q independent standard normal numbers. Give
        ``Calibration.logit_error_factor`` of the model; without it, errors are only those of
        drawing the candidates, which vanish with their number.

    Returns
    -------
    expectation
        Pooled over the micrographs; without points if there are no candidates.

    Raises
    ------
    deepem.errors.ConventionError
        A score is not a probability.

    Examples
    --------
    >>> expected = expect(Picks("m", [0, 9, 18, 27], [0, 0, 0, 0], score=[0.9, 0.8, 0.2, 0.1]))
    >>> figures = expected.at(0.5)
    >>> f"{figures.precision:.2f} {figures.recall:.2f} of {expected.n_particles:.1f} particles"
    '0.85 0.85 of 2.0 particles'
    """
    counts = picks if isinstance(picks, ScoreCounts) else _count_scores(picks)
    rising, n_rising = counts.distinct()
    _check_probabilities(rising, of="candidates")
    threshold, n_each = rising[::-1], n_rising[::-1]
    variance = n_each * threshold * (1 - threshold)
    shift = np.zeros((threshold.size, 1))
    if logit_error_factor is not None:
        shift = variance[:, None] * logit_error_factor(threshold)
    return Expectation(
        threshold=threshold,
        n_picks=np.cumsum(n_each),
        n_true=np.cumsum(n_each * threshold),
        variance=np.cumsum(variance),
        shift=np.cumsum(shift, axis=0),
    )


def _count_scores(picks: Picks | Sequence[Picks]) -> ScoreCounts:
    counts = ScoreCounts()
    for some in [picks] if isinstance(picks, Picks) else picks:
        _check_probabilities(some.score, of=f"picks of {some.micrograph}")
        counts.add(some.score)
    return counts


def expected_f_beta_threshold(
    probabilities: ArrayLike, *, beta: float, n_missed: float = 0.0
) -> float:
    """Threshold at which F-beta is highest if every candidate is right with its probability.

    A smooth alternative to the threshold at which the F-beta of known particles is highest,
    which a single particle can move where there are few.

    Parameters
    ----------
    probabilities
        Calibrated scores of all candidates, shape ``(n,)``, in [0, 1].
    beta
        Weight of recall, above 0.
    n_missed
        Number of particles that are no candidate, from 0.

    Returns
    -------
    threshold
        A probability: ``p >= threshold`` keeps the best set. It is F* / (1 + β²) with the highest
        expected F-beta F*: a candidate more raises F where its probability is above that. So it
        is at most 1/2 for F1 and 1/5 for F2.

    Raises
    ------
    deepem.errors.ConfigError
        `beta` is not above 0, or `n_missed` is negative.
    deepem.errors.ConventionError
        There are no candidates, or none of them can be a particle, or one has no probability.

    Notes
    -----
    F of the expected numbers, (1 + β²) Σ p / (n + β² N), stands for the expectation of F.

    References
    ----------
    Zhao, Edakunni, Pocock, Brown (2013) J. Mach. Learn. Res. 14:1033 (threshold F1* / 2).
    Ye, Chai, Lee, Chieu (2012) Proc. ICML, 1555.

    Examples
    --------
    >>> round(expected_f_beta_threshold([1, 1, 0.4, 0.1], beta=1), 3)
    0.444
    """
    probability = np.asarray(probabilities, dtype=np.float64).reshape(-1)
    _check_probabilities(probability, of="candidates")
    if not (np.isfinite(n_missed) and n_missed >= 0):
        raise ConfigError("n_missed", f"must be 0 or more, got {n_missed}")
    falling = np.sort(probability)[::-1]
    n_each = np.ones(falling.size, dtype=np.int64)
    return _best_threshold(falling, n_each, beta=beta, n_missed=n_missed)


def _best_threshold(
    falling: NDArray[np.float64], n_each: NDArray[np.int64], *, beta: float, n_missed: float
) -> float:
    if not (np.isfinite(beta) and beta > 0):
        raise ConfigError("beta", f"must be above 0, got {beta}; 2 favours recall, 0.5 precision")
    n_true = np.cumsum(n_each * falling)
    if not falling.size or n_true[-1] == 0:
        raise ConventionError(
            "no threshold can be chosen, because no candidate has a probability above 0. Scan "
            "micrographs with particles, and keep every candidate (threshold 0)"
        )
    f = (1 + beta**2) * n_true / (np.cumsum(n_each) + beta**2 * (n_true[-1] + n_missed))
    best = int(np.argmax(f))
    # By rounding it may lie above the last that is kept.
    return float(min(f[best] / (1 + beta**2), falling[best]))


def _check_probabilities(probability: NDArray[np.float64], *, of: str) -> None:
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ConventionError(
            f"{of} have scores that are no probabilities (unknown, or not between 0 and 1). Give "
            "candidates of a model with a calibration"
        )
