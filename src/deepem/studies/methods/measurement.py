"""How good a model or a baseline is on labelled micrographs: the figures that studies share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.evaluation import evaluate
from deepem.networks import Model
from deepem.picking import Picker, select
from deepem.studies.harness.study import Arrays, Column, Figures

#: Columns of `compare`, but for the precision and the recall.
F1 = Column("f1", "F1")
BEST_F1 = Column("best_f1", "best F1")
AVERAGE_PRECISION = Column("average_precision", "average precision", decimals=4)
PRECISION, RECALL = Column("precision", "precision"), Column("recall", "recall")
#: On simulated micrographs with nuisances: picks on carbon, ice, contaminants and aggregates, and
#: on broken and empty particles, for each micrograph.
JUNK = Column("junk_per_micrograph", "junk picked", decimals=2, better="lower")
DAMAGED = Column("damaged_per_micrograph", "damaged picked", decimals=2, better="lower")
_CURVE_POINTS = 400


@dataclass(frozen=True, eq=False)
class Found:
    """What was found on some micrographs, one ``Picks`` each.

    Parameters
    ----------
    candidates
        Every local maximum of the score.
    picks
        What `Picker.pick` with default settings keeps of them.
    """

    candidates: list[Picks]
    picks: list[Picks]


def find_particles(model: Model, micrographs: Sequence[Micrograph]) -> Found:
    """Scan micrographs once; candidates, and the picks at the model's own settings."""
    picker = Picker(model)
    candidates = [picker.scan(micrograph) for micrograph in micrographs]
    picks = [
        select(some, picker.selection_for(picker.diameter_px(micrograph)))
        for some, micrograph in zip(candidates, micrographs, strict=True)
    ]
    return Found(candidates, picks)


def compare(
    found: Found,
    truth: Sequence[Picks],
    *,
    match_px: float,
    diameter_px: float,
    ignore: Sequence[Picks] | None = None,
) -> Figures:
    """Precision, recall and F1 of the picks; average precision and best F1 of the candidates.

    Particles and picks within half a diameter of the edge do not count.

    Parameters
    ----------
    found
        From `find_particles`.
    truth
        The particles of the same micrographs.
    match_px
        Largest distance of a pick to its particle in unbinned pixels.
    diameter_px
        Particle diameter in unbinned pixels.
    ignore
        Places where a pick is neither right nor wrong.
    """
    picks = evaluate(
        found.picks,
        truth,
        max_distance_px=match_px,
        edge_margin_px=diameter_px / 2,
        ignore=ignore,
    )
    return {
        # Not one pick is a precision of nothing, but an F1 of 0.
        "f1": 0.0 if np.isnan(picks.f1) else picks.f1,
        "precision": picks.precision,
        "recall": picks.recall,
        **rank(found.candidates, truth, match_px=match_px, diameter_px=diameter_px, ignore=ignore),
    }


def measure_curve(
    candidates: Sequence[Picks],
    truth: Sequence[Picks],
    *,
    match_px: float,
    diameter_px: float,
    ignore: Sequence[Picks] | None = None,
) -> Arrays:
    """Precision, recall and F2 over the threshold, for a plot; arguments as of `compare`.

    At most 400 points: what a picture can show.
    """
    curve = evaluate(
        candidates,
        truth,
        max_distance_px=match_px,
        edge_margin_px=diameter_px / 2,
        ignore=ignore,
    ).curve
    n = len(curve.threshold)
    shown = np.unique(np.linspace(0, max(n - 1, 0), min(n, _CURVE_POINTS)).astype(int))
    return {
        "threshold": curve.threshold[shown],
        "precision": curve.precision[shown],
        "recall": curve.recall[shown],
        "f2": curve.f_beta(2)[shown],
    }


def rank(
    candidates: Sequence[Picks],
    truth: Sequence[Picks],
    *,
    match_px: float,
    diameter_px: float,
    ignore: Sequence[Picks] | None = None,
) -> Figures:
    """Average precision and best F1 over all thresholds; arguments as of `compare`."""
    result = evaluate(
        candidates,
        truth,
        max_distance_px=match_px,
        edge_margin_px=diameter_px / 2,
        ignore=ignore,
    )
    f1 = result.curve.f_beta(1)
    return {
        "average_precision": result.average_precision,
        "best_f1": float(np.nanmax(f1)) if len(f1) else 0.0,
    }
