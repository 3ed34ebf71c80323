"""What held-out micrographs say of a model: scores into probabilities, and the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import ConventionError
from deepem.evaluation import Evaluation, evaluate
from deepem.networks import Calibration, Model
from deepem.picking import Picker, Selection, select
from deepem.training.calibrate import fit_calibration
from deepem.training.labels import LabelledMicrograph

# Of all thresholds this close to the highest F-beta, the highest is taken. It is about the standard
# error of F2 on some hundred particles; and validation labels are never complete, so the very best
# point lies at too low a score: see docs/design.md for figures.
_TOLERANCE = 0.01
# But not higher than this. For F1 the best threshold of probabilities is half the best F1, for
# greater betas it is lower still (Lipton, Elkan, Naryanaswamy 2014, doi
# 10.1007/978-3-662-44851-9_15). Where particles are plain, all probabilities are near 0 or 1, and
# what is above 0.99 here may be at 0.9 on a micrograph with less contrast.
_HIGHEST = 0.5


@dataclass(frozen=True, eq=False)
class Validation:
    """What was found on micrographs that were not learnt from.

    Parameters
    ----------
    calibration
        Turns scores of the network into probabilities.
    threshold
        Probability from which candidates are picked.
    evaluation
        How good the picks are there.
    """

    calibration: Calibration
    threshold: float
    evaluation: Evaluation


def scan_held_out(model: Model, held_out: Sequence[LabelledMicrograph]) -> list[Picks]:
    """Candidates of micrographs at any score of the network, within the other selections."""
    plain = model.header.model_copy(update={"calibration": None})
    picker = Picker(Model(model.network, plain))
    selection = Selection(std_range=model.header.std_range)
    return [select(picker.scan(item.micrograph), selection) for item in held_out]


def validate(
    candidates: Sequence[Picks], truth: Sequence[Picks], *, diameter_px: float, beta: float
) -> Validation:
    """Calibrate the scores of candidates, and choose the threshold that is best for F-beta.

    Parameters
    ----------
    candidates
        From `scan_held_out`, with scores that are not calibrated.
    truth
        All particles of the same micrographs, with frames.
    diameter_px
        Particle diameter in unbinned pixels.
    beta
        Weight of recall; 2 is the paper's.

    Returns
    -------
    validation
        Matched within half a diameter; particles and picks closer than that to the edge do not
        count. The threshold is where F-beta *expected* from the probabilities is best, which is a
        smooth curve: the measured one jumps with every particle, and where particles are few its
        top is chance. It is never above 0.5 (1 / (1 + beta²) for betas below 1).

    Raises
    ------
    deepem.errors.ConventionError
        Not one particle was found, so no threshold can be told.
    """
    radius_px = diameter_px / 2
    at_all = evaluate(candidates, truth, max_distance_px=radius_px, edge_margin_px=radius_px)
    matchings = [item.matching for item in at_all.per_micrograph]
    counted = [matching.is_counted for matching in matchings]
    scores = _join([m.picks.score[c] for m, c in zip(matchings, counted, strict=True)])
    is_right = _join([m.is_true_positive[c] for m, c in zip(matchings, counted, strict=True)])
    if not is_right.any():
        raise ConventionError(
            "no threshold can be chosen, because not one known particle of the validation "
            "micrographs was found. Check that their coordinates belong to them (deepem check)"
        )
    groups = np.repeat(np.arange(len(counted)), [int(c.sum()) for c in counted])
    calibration = fit_calibration(scores, is_right, groups=groups)
    n_missed = sum(int(matching.is_missed.sum()) for matching in matchings)
    threshold = _best_threshold(calibration(scores), beta=beta, n_missed=n_missed)
    evaluation = evaluate(
        [_calibrated(picks, calibration) for picks in candidates],
        truth,
        max_distance_px=radius_px,
        edge_margin_px=radius_px,
        threshold=threshold,
    )
    return Validation(calibration, threshold, evaluation)


def _best_threshold(probabilities: NDArray[np.float64], *, beta: float, n_missed: float) -> float:
    """Highest probability, up to one half, at which the expected F-beta is nearly its best.

    Midway to the next lower one, so that a particle a little fainter than these is still kept.
    """
    ranked = np.sort(probabilities)[::-1]
    n_true = np.cumsum(ranked)
    n_wanted = n_true[-1] + n_missed
    f = (1 + beta**2) * n_true / (beta**2 * n_wanted + np.arange(1, ranked.size + 1))
    best = int(np.argmax(f >= f.max() - _TOLERANCE))
    lower = ranked[min(best + 1, ranked.size - 1)]
    midway = (ranked[best] + lower) / 2
    threshold = float(midway if midway > lower else ranked[best])
    return min(threshold, max(_HIGHEST, 1 / (1 + beta**2)))


def _calibrated(picks: Picks, calibration: Calibration) -> Picks:
    return picks.with_score(calibration(picks.score))


def _join(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    return np.concatenate(parts) if parts else np.empty(0)
