"""What to expect of picks that any selection keeps, not only a threshold: from probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepem.evaluation.expectation import ExpectedFigures


def expect_kept(
    probability: NDArray[np.float64],
    n_kept: NDArray[np.int64],
    n_missed: NDArray[np.int64],
    *,
    threshold: float,
    logit_error: NDArray[np.float64] | None = None,
) -> ExpectedFigures:
    """Expected precision and recall of some of the candidates, without known particles.

    Where a threshold alone decides, these are the figures of `deepem.evaluation.expectation.expect`
    at it; here something else, such as a narrower range of standard deviations, may decide too.

    Parameters
    ----------
    probability
        Probabilities that candidates have, shape ``(n,)``, in [0, 1].
    n_kept, n_missed
        How many candidates with each of them are kept and are not, shape ``(n,)``: together all
        that the calibration was made for, after the same standard deviation range and edge margin.
    threshold
        What the figures say of themselves.
    logit_error
        How far the logits of the probabilities are off together, shape ``(n, q)``: what
        ``Calibration.logit_error_factor`` of the model says of them. None for not at all.

    Returns
    -------
    figures
        Their errors are those of `Expectation`, and mean the same.
    """
    weight = probability * (1 - probability)
    shifts = weight[:, None] * (np.zeros((weight.size, 1)) if logit_error is None else logit_error)
    n_picks, n_true = int(n_kept.sum()), float(n_kept @ probability)
    nan, n_particles = float("nan"), n_true + float(n_missed @ probability)

    def find_error(by_kept: float, by_missed: float) -> float:
        """Error of a figure from its derivatives by the particles kept and those missed."""
        sampling = by_kept**2 * (n_kept @ weight) + by_missed**2 * (n_missed @ weight)
        shared = by_kept * (n_kept @ shifts) + by_missed * (n_missed @ shifts)
        return float(np.sqrt(sampling + shared @ shared))

    recall = n_true / n_particles if n_particles else nan
    return ExpectedFigures(
        threshold=threshold,
        n_picks=n_picks,
        n_true=n_true,
        n_true_error=find_error(1, 0),
        precision=n_true / n_picks if n_picks else nan,
        precision_error=find_error(1 / n_picks, 0) if n_picks else nan,
        recall=recall,
        recall_error=(
            find_error((1 - recall) / n_particles, -recall / n_particles) if n_particles else nan
        ),
    )
