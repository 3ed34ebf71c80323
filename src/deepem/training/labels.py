"""Micrographs with their labels, and which of them are set aside for validation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.errors import ConventionError, MicrographError
from deepem.io import place_picks
from deepem.orientation import check_orientation

logger = logging.getLogger("deepem.training")

_HELD_OUT_FRACTION = 0.2


@dataclass(frozen=True, eq=False)
class LabelledMicrograph:
    """A micrograph with its particles and, where the user has them, its non-particles.

    Parameters
    ----------
    micrograph
        The micrograph.
    particles
        Its particles, with its frame; empty where it is known to hold none.
    negatives
        The user's non-particles, with its frame; None where nobody said.
    complete
        Whether ``particles`` are all there are on the micrograph; None where nobody said.
    """

    micrograph: Micrograph
    particles: Picks
    negatives: Picks | None = None
    complete: bool | None = None


def pair_labels(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    negatives: Sequence[Picks] | None = None,
    complete: bool | Mapping[str, bool | None] | None = None,
) -> list[LabelledMicrograph]:
    """Put labels on their micrographs, by name.

    ``complete`` says whether the labels are all the particles: of all micrographs, or by name.

    Returns
    -------
    labelled
        Sorted by name, so that the order in which files were named changes nothing.

    Raises
    ------
    deepem.errors.ConventionError
        A micrograph has no labels or two sets, labels have no micrograph, or they do not fit
        each other.
    """
    picks_of = _by_name(picks)
    negatives_of = None if negatives is None else _by_name(negatives)
    names = {micrograph.name for micrograph in micrographs}
    for name in sorted(names - picks_of.keys()):
        raise ConventionError(f"{name}: has no coordinates. Label it, or leave it out.")
    for name in sorted((picks_of.keys() | (negatives_of or {}).keys()) - names):
        raise ConventionError(f"{name}: has coordinates, but the micrograph was not given. Add it.")
    labelled = []
    for micrograph in sorted(micrographs, key=lambda m: m.name):
        own_negatives = None
        if negatives_of is not None:
            none_here = Picks(micrograph.name)
            own_negatives = place_picks(negatives_of.get(micrograph.name, none_here), micrograph)
        particles = place_picks(picks_of[micrograph.name], micrograph)
        is_complete = complete.get(micrograph.name) if isinstance(complete, Mapping) else complete
        labelled.append(LabelledMicrograph(micrograph, particles, own_negatives, is_complete))
    return labelled


def warn_of_orientation(labelled: Sequence[LabelledMicrograph], *, diameter_px: float) -> None:
    """Log a warning where the images say that labels are flipped, swapped or rescaled."""
    try:
        check = check_orientation(
            [item.micrograph for item in labelled],
            [item.particles for item in labelled],
            diameter_px=diameter_px,
        )
    except MicrographError:
        return  # none can be read, which the training itself will say
    if check.options() or check.exceptions:
        cure = (
            f"deepem convert {check.options()} mends them" if check.options() else "Look at these"
        )
        logger.warning("%s %s (see deepem check)", check.summary(), cure)


def _by_name(sets: Sequence[Picks]) -> dict[str, Picks]:
    by_name = {picks.micrograph: picks for picks in sets}
    if len(by_name) < len(sets):
        names = [picks.micrograph for picks in sets]
        twice = next(name for name in names if names.count(name) > 1)
        raise ConventionError(f"{twice}: has two sets of coordinates. Give one for a micrograph.")
    return by_name


def hold_out(
    labelled: Sequence[LabelledMicrograph], *, seed: int
) -> tuple[list[LabelledMicrograph], list[LabelledMicrograph]]:
    """Set a fifth of the micrographs with particles aside; returns ``(kept, held_out)``.

    With fewer than five of them nothing is set aside: it would cost more than it tells.
    """
    rng = np.random.default_rng([seed, 0])
    useful = [index for index, item in enumerate(labelled) if len(item.particles)]
    chosen = set(rng.permutation(useful)[: int(_HELD_OUT_FRACTION * len(useful))].tolist())
    kept = [item for index, item in enumerate(labelled) if index not in chosen]
    return kept, [labelled[index] for index in sorted(chosen)]
