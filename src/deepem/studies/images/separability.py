"""How well features tell particles from background: probes that are fitted on other boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.stats import rankdata

from deepem.errors import ConfigError

# Ridge of the linear probe, in units of the mean eigenvalue of the features' products.
_RIDGE = 1.0


def measure_auc(scores: NDArray[Any], is_particle: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic: how often a particle scores higher.

    Parameters
    ----------
    scores
        Shape ``(n,)``.
    is_particle
        Shape ``(n,)``, some of either kind.

    Returns
    -------
    area
        Probability that a particle scores above a place without one, 0 to 1; equal scores count
        half. 0.5 tells nothing.

    Raises
    ------
    deepem.errors.ConfigError
        All boxes are of one kind.

    References
    ----------
    Hanley, McNeil (1982) Radiology 143:29, doi 10.1148/radiology.143.1.7063747.
    """
    n_true = int(is_particle.sum())
    n_false = len(is_particle) - n_true
    if not n_true or not n_false:
        raise ConfigError(
            "is_particle", f"got {n_true} particles and {n_false} other boxes; give some of each"
        )
    ranks = rankdata(scores)[is_particle]
    return float((ranks.sum() - n_true * (n_true + 1) / 2) / (n_true * n_false))


def probe_mean_difference(
    features: NDArray[Any], is_particle: NDArray[np.bool_], others: NDArray[Any]
) -> NDArray[np.float64]:
    """Score boxes along the difference of the mean features of particles and background.

    Parameters
    ----------
    features, is_particle
        Boxes to learn from: shape ``(n, n_features)``, and ``(n,)``.
    others
        Boxes to score, shape ``(m, n_features)``.

    Returns
    -------
    scores
        Shape ``(m,)``, higher for particles.
    """
    exact = features.astype(np.float64)
    difference = exact[is_particle].mean(axis=0) - exact[~is_particle].mean(axis=0)
    return np.asarray(others.astype(np.float64) @ difference)


def probe_linearly(
    features: NDArray[Any], is_particle: NDArray[np.bool_], others: NDArray[Any]
) -> NDArray[np.float64]:
    """Score boxes by ridge regression on the features; arguments as of `probe_mean_difference`.

    The ridge is the mean eigenvalue of the products of the boxes, so that layers of any size and
    scale are probed alike.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    known = features - mean
    products = known @ known.T
    ridge = _RIDGE * np.trace(products) / len(products)
    target = np.where(is_particle, 1.0, -1.0)
    target -= target.mean()
    # Features that never change tell nothing, and leave nothing to solve.
    if ridge == 0:
        return np.zeros(len(others))
    weights = linalg.solve(products + ridge * np.eye(len(products)), target, assume_a="pos")
    return np.asarray((others - mean) @ (known.T @ weights))


def probe_single_value(
    features: NDArray[Any], is_particle: NDArray[np.bool_], others: NDArray[Any]
) -> NDArray[np.float64]:
    """Score boxes by the one feature that tells most; arguments as of `probe_mean_difference`.

    It is the one whose means differ most, in units of its deviation within the two kinds. What a
    layer says in one place needs no further layer to be put together.
    """
    particles, rest = (features[some].astype(np.float64) for some in (is_particle, ~is_particle))
    difference = particles.mean(axis=0) - rest.mean(axis=0)
    variance = particles.var(axis=0) + rest.var(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(variance > 0, difference**2 / variance, 0)
    best = int(told.argmax())
    return np.asarray(others[:, best] * np.sign(difference[best]), dtype=np.float64)
