"""Scores that are probabilities: the last step of a model, fitted on micrographs held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from deepem.errors import ConfigError

# Half the distance of 1 to the next lower float32: 0 and 1 get a logit (±17.3) and stay apart from
# their neighbours, both among float32 from this value on and among numbers of five decimals.
_CLIP = 2.0**-25
_N_INVERSE = 2**14

Row = tuple[float, float, float]


@dataclass(frozen=True)
class Calibration:
    """A rising curve from the score s of a network to the probability p of a particle.

    ``logit p = slope · [ln s − ln(1 − s)] + skew · [ln s + ln(1 − s)] + offset``. Without `skew`
    this is Platt's logistic calibration, with it beta calibration: ``slope + skew`` is the slope
    in the logit towards s = 0, ``slope − skew`` towards s = 1.

    Parameters
    ----------
    slope
        Above the size of `skew`, so that the order of scores never changes.
    offset
        Any finite number; below 0 where a network was trained on more particles per background
        than there are on a micrograph.
    skew
        Difference of the slopes at both ends, halved.
    covariance
        Covariance of (slope, skew, offset), shape ``(3, 3)``: how well the held-out particles
        tell them. None where not known.

    Raises
    ------
    deepem.errors.ConfigError
        A value is not finite, or the curve would not rise, or the covariance is none.

    Notes
    -----
    The result is in double precision, where different scores keep different probabilities up to
    1 − 1e-16. Rounded to few decimals, the best may become equal: sort by the scores before.

    References
    ----------
    Platt (1999) in Advances in Large Margin Classifiers, MIT Press, 61-74.
    Kull, Silva Filho, Flach (2017) Electron. J. Statist. 11:5052, doi 10.1214/17-EJS1338SI.

    Examples
    --------
    >>> Calibration(slope=1, offset=-2)([0.5, 0.9]).round(3).tolist()
    [0.119, 0.549]
    """

    slope: float
    offset: float
    skew: float = 0.0
    covariance: tuple[Row, Row, Row] | None = None

    def __post_init__(self) -> None:
        """Check that the curve rises."""
        if not np.isfinite([self.slope, self.offset, self.skew]).all():
            raise ConfigError(
                "calibration",
                f"must be finite numbers, got slope {self.slope}, offset {self.offset}, skew "
                f"{self.skew}; slope 1 and offset 0 leave scores as they are",
            )
        if not self.slope > abs(self.skew):
            raise ConfigError(
                "calibration",
                f"must rise with the score: the slope must be above {abs(self.skew):g}, which is "
                f"the size of the skew, got {self.slope:g}; slope 1 leaves scores as they are",
            )
        if self.covariance is not None and not _is_covariance(np.array(self.covariance)):
            raise ConfigError(
                "calibration",
                "the covariance must be a symmetric 3 x 3 matrix without negative variances; "
                "None says that it is not known",
            )

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Turn scores into probabilities.

        Parameters
        ----------
        scores
            Scores of a network, any shape, in [0, 1]; NaN stays NaN.

        Returns
        -------
        probabilities
            Same shape, in [0, 1]. Slope 1 without skew and offset gives the scores themselves.
        """
        raw = np.array(scores, dtype=np.float64)
        if (self.slope, self.skew, self.offset) == (1, 0, 0):
            return raw
        return np.asarray(expit(calibration_terms(raw) @ self._weights()))

    def logit_error_factor(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """How far the logits of probabilities are off together, as the covariance tells.

        Parameters
        ----------
        probabilities
            Calibrated, shape ``(n,)``, in [0, 1].

        Returns
        -------
        factor
            Shape ``(n, 3)``; the errors of the logits are ``factor @ z`` with three independent
            standard normal z. Zero where the covariance is not known.
        """
        wanted = np.array(probabilities, dtype=np.float64)
        if self.covariance is None:
            return np.zeros((wanted.size, 3))
        # The curve rises, so a table of it can be read backwards.
        limit = np.log((1 - _CLIP) / _CLIP)
        score = expit(np.linspace(-limit, limit, _N_INVERSE))
        terms = calibration_terms(score)
        probability = expit(terms @ self._weights())
        at = np.column_stack([np.interp(wanted, probability, column) for column in terms.T])
        variances, axes = np.linalg.eigh(np.array(self.covariance))
        return np.asarray(at @ (axes * np.sqrt(np.maximum(variances, 0))))

    def _weights(self) -> NDArray[np.float64]:
        return np.array([self.slope, self.skew, self.offset])


def calibration_terms(scores: ArrayLike) -> NDArray[np.float64]:
    """What slope, skew and offset are multiplied by: the columns of the logistic regression.

    Parameters
    ----------
    scores
        Any shape, in [0, 1]. Those within 3e-8 of 0 and 1 are taken as that far away: half the
        distance of 1 to the next lower number in single precision.

    Returns
    -------
    terms
        ``ln s − ln(1 − s)``, ``ln s + ln(1 − s)`` and 1 along a new last axis of length 3.
    """
    clipped = np.clip(np.asarray(scores, dtype=np.float64), _CLIP, 1 - _CLIP)
    log_score, log_rest = np.log(clipped), np.log1p(-clipped)
    return np.stack([log_score - log_rest, log_score + log_rest, np.ones_like(clipped)], axis=-1)


def _is_covariance(matrix: NDArray[np.float64]) -> bool:
    return bool(
        matrix.shape == (3, 3)
        and np.isfinite(matrix).all()
        and np.allclose(matrix, matrix.T)
        and (np.diag(matrix) >= 0).all()
    )
