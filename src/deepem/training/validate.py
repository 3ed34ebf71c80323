"""The threshold of a model: where F2 is highest on micrographs with known particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepem.core import Micrograph, Picks
from deepem.evaluation import Evaluation, best_threshold, evaluate
from deepem.networks import Model
from deepem.picking import Picker, Selection, select

# Of all thresholds this close to the highest F2, the highest is taken. It is about the standard
# error of F2 on some hundred particles; and validation labels are never complete, so the very best
# point lies at too low a score: see docs/design.md for figures.
_F2_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class Validation:
    """The chosen threshold and how good the picks are there."""

    threshold: float
    evaluation: Evaluation


def choose_threshold(
    model: Model, micrographs: Sequence[Micrograph], truth: Sequence[Picks]
) -> Validation:
    """Pick micrographs at every threshold and take the one with the highest F2.

    Parameters
    ----------
    model
        A trained model; its own threshold is not used.
    micrographs, truth
        Validation micrographs and their particles, in the same order, with frames.

    Returns
    -------
    validation
        Matched within half a diameter; particles and picks closer than that to the edge do not
        count.

    Raises
    ------
    deepem.errors.ConventionError
        Not one particle was found, so no threshold can be told.
    """
    picker = Picker(model)
    selection = Selection(std_range=model.header.std_range)
    candidates = [select(picker.scan(micrograph), selection) for micrograph in micrographs]
    radius_px = model.header.scale.diameter_px / 2
    at_all = evaluate(candidates, truth, max_distance_px=radius_px, edge_margin_px=radius_px)
    threshold = best_threshold(at_all.curve, beta=2, tolerance=_F2_TOLERANCE)
    evaluation = evaluate(
        candidates,
        truth,
        max_distance_px=radius_px,
        edge_margin_px=radius_px,
        threshold=threshold,
    )
    return Validation(threshold=threshold, evaluation=evaluation)
