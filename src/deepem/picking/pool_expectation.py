"""What to expect of the candidates that a selection keeps of a pool."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from deepem.evaluation.expectation import ExpectedFigures
from deepem.evaluation.kept import expect_kept
from deepem.networks import Calibration
from deepem.picking.candidate_pool import CandidatePool

# Scores of picking are rounded to this many steps from 0 to 1.
_N_STEPS = 100_000


def expect_of_pool(
    pool: CandidatePool,
    *,
    calibration: Calibration,
    calibrated_range: tuple[float, float] | None,
    threshold: float,
    std_range: tuple[float, float] | None,
) -> ExpectedFigures | None:
    """Expected precision and recall of a selection, as ``deepem pick`` reports them.

    Parameters
    ----------
    pool
        Candidates whose scores are calibrated probabilities.
    calibration
        The calibration that has made them so.
    calibrated_range
        Range of standard deviations of the candidates that it was made for: that of the model.
    threshold, std_range
        The selection, as in `CandidatePool.count`.

    Returns
    -------
    figures
        Recall is of the particles among the candidates in `calibrated_range`, whatever is kept of
        them. None where the selection keeps others too, of which the calibration says nothing.
    """
    if not _is_inside(std_range, calibrated_range):
        return None
    usable = np.flatnonzero(pool.are_usable(calibrated_range) & ~np.isnan(pool.score))
    # Others count for the nearest.
    step = np.rint(pool.score[usable] * _N_STEPS).astype(np.int32)
    n_all = np.bincount(step, minlength=_N_STEPS + 1)
    is_kept = pool.are_kept(threshold, std_range)[usable]
    n_kept = np.bincount(step[is_kept], minlength=_N_STEPS + 1)
    return expect_kept(
        np.arange(_N_STEPS + 1) / _N_STEPS,
        n_kept,
        n_all - n_kept,
        threshold=threshold,
        logit_error=_find_logit_error(calibration),
    )


def _is_inside(inner: tuple[float, float] | None, outer: tuple[float, float] | None) -> bool:
    if outer is None:
        return True
    return inner is not None and outer[0] <= inner[0] and inner[1] <= outer[1]


@lru_cache(maxsize=4)
def _find_logit_error(calibration: Calibration) -> NDArray[np.float64]:
    return calibration.logit_error_factor(np.arange(_N_STEPS + 1) / _N_STEPS)
