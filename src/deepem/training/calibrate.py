"""The calibration of a model: from scores of candidates that are right or wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit

from deepem.errors import ConfigError, ConventionError
from deepem.evaluation.expectation import expected_f_beta_threshold
from deepem.networks.calibration import Calibration, calibration_terms

__all__ = ["expected_f_beta_threshold", "fit_calibration"]

# Standard deviations of the prior: of the slopes at both ends around 1, of the offset around 0.
_SLOPE_PRIOR, _OFFSET_PRIOR = 1.0, 3.0
_LEAST_SLOPE = 0.05


def fit_calibration(
    scores: ArrayLike,
    is_particle: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    smooth_targets: bool = False,
) -> Calibration:
    """Fit the probability of a particle to scores, by logistic regression with a weak prior.

    Parameters
    ----------
    scores
        Scores of the network, not calibrated, shape ``(n,)``, in [0, 1]: of **every** local
        maximum on micrographs that the network was **not** trained on, thousands of very low
        ones too, after the same standard deviation range and edge margin as in picking, but no
        threshold. Without the low ones, their share of the expected particles is a guess; with
        those of training micrographs, probabilities are too good.
    is_particle
        Which of them are particles, shape ``(n,)``: matched one to one with known particles.
        Those that count as neither are to be left out.
    weights
        Weight of each, shape ``(n,)``, from 0; 1 by default.
    groups
        The micrograph of each, shape ``(n,)``, as names or numbers: how much micrographs differ
        (ice, defocus, labels left out) then widens the covariance, where there are at least two.
        None takes candidates as independent.
    smooth_targets
        Use Platt's targets (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2) instead of 1 and 0. With
        thousands of wrong candidates this is one more right one at a very low score, which makes
        the slope too small where particles are few; the prior already prevents the infinite
        slopes that these targets are for.

    Returns
    -------
    calibration
        With the covariance of its values. The identity if there are no scores.

    Raises
    ------
    deepem.errors.ConventionError
        The columns have different lengths, or a score is not in [0, 1].
    deepem.errors.ConfigError
        A weight is negative or not finite.

    Notes
    -----
    Maximised is the posterior of beta calibration: both slopes normal around 1 with deviation 1,
    at least 0.05; the offset normal around 0 with deviation 3. There is one maximum, which is
    finite also where all are right, none is, or a score parts them perfectly. The covariance is
    that of the normal distribution with the same curvature there; with `groups`, in each
    direction in which the slopes of the micrographs' likelihoods spread more than candidates on
    their own would, it is the sandwich of Liang and Zeger. A few micrographs tell that badly,
    and never how other sets differ.

    References
    ----------
    Platt (1999) in Advances in Large Margin Classifiers, MIT Press, 61-74.
    Lin, Lin, Weng (2007) Machine Learning 68:267, doi 10.1007/s10994-007-5018-6.
    Kull, Silva Filho, Flach (2017) Electron. J. Statist. 11:5052, doi 10.1214/17-EJS1338SI.
    Liang, Zeger (1986) Biometrika 73:13, doi 10.1093/biomet/73.1.13.

    Examples
    --------
    >>> scores = [0.9, 0.8, 0.6, 0.7, 0.3, 0.2, 0.1, 0.05]
    >>> calibration = fit_calibration(scores, [1, 1, 1, 0, 0, 0, 0, 0])
    >>> calibration([0.9, 0.1]).round(2).tolist()
    [0.9, 0.03]
    """
    score = np.asarray(scores, dtype=np.float64).reshape(-1)
    is_right = np.asarray(is_particle, dtype=np.bool_).reshape(-1)
    weight = np.ones(score.size)
    if weights is not None:
        weight = np.asarray(weights, dtype=np.float64).reshape(-1)
    group = np.arange(score.size) if groups is None else np.asarray(groups).reshape(-1)
    _check(score, is_right, weight, group)
    target = is_right.astype(np.float64)
    if smooth_targets:
        n_right, n_wrong = weight[is_right].sum(), weight[~is_right].sum()
        target = np.where(is_right, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))

    # In the slopes at both ends, whose bounds are plain; both rest on the same three terms.
    to_weights = np.array([[0.5, 0.5, 0.0], [0.5, -0.5, 0.0], [0.0, 0.0, 1.0]])
    terms = calibration_terms(score) @ to_weights
    mean = np.array([1.0, 1.0, 0.0])
    precision = np.array([_SLOPE_PRIOR, _SLOPE_PRIOR, _OFFSET_PRIOR]) ** -2.0

    def cost(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = terms @ values
        off = values - mean
        loss = weight @ (np.logaddexp(0, logit) - target * logit) + precision @ off**2 / 2
        slope = (weight * (expit(logit) - target)) @ terms + precision * off
        return float(loss), slope

    best = minimize(
        cost,
        mean,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_LEAST_SLOPE, None), (_LEAST_SLOPE, None), (None, None)],
        options={"ftol": 1e-13, "gtol": 1e-6, "maxiter": 1000},
    ).x
    probability = expit(terms @ best)
    curvature = (terms.T * (weight * probability * (1 - probability))) @ terms + np.diag(precision)
    spread = np.linalg.inv(curvature)
    if groups is not None:
        pull = (weight * (target - probability))[:, None] * terms
        spread = _widen(spread, pull, group)
    covariance = to_weights @ spread @ to_weights.T
    slope, skew, offset = (float(value) for value in to_weights @ best)
    first, second, third = ((float(a), float(b), float(c)) for a, b, c in covariance)
    return Calibration(slope, offset, skew, covariance=(first, second, third))


def _widen(
    covariance: NDArray[np.float64], pull: NDArray[np.float64], group: NDArray[Any]
) -> NDArray[np.float64]:
    """The covariance, no less in any direction, with the spread of groups of candidates."""
    names, place = np.unique(group, return_inverse=True)
    if names.size < 2:
        return covariance
    pulls = np.zeros((names.size, pull.shape[1]))
    np.add.at(pulls, place, pull)
    pulls -= pulls.mean(axis=0)  # which the prior balances
    between = pulls.T @ pulls * (names.size / (names.size - 1))
    root = np.linalg.cholesky(covariance)
    ratio, axes = np.linalg.eigh(root.T @ between @ root)
    stretched = root @ (axes * np.sqrt(np.maximum(ratio, 1)))
    return np.asarray(stretched @ stretched.T)


def _check(
    score: NDArray[np.float64],
    is_right: NDArray[np.bool_],
    weight: NDArray[np.float64],
    group: NDArray[Any],
) -> None:
    if not score.size == is_right.size == weight.size == group.size:
        raise ConventionError(
            f"{score.size} scores, {is_right.size} answers, {weight.size} weights and "
            f"{group.size} groups do not fit each other: give one of each for a candidate"
        )
    if not ((score >= 0) & (score <= 1)).all():
        raise ConventionError(
            "scores must be between 0 and 1 to be calibrated; leave out candidates without a "
            "score, and use those of one network"
        )
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ConfigError("weights", "must be finite and not negative; leave them out for 1 each")
