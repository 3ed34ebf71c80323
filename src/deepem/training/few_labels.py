"""From a few clicks to labels for all: what a first network finds becomes what is learnt next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepem.core import Picks
from deepem.training.heatmaps import RADIUS_OVER_DIAMETER, HeatMap, discs
from deepem.training.settings import DenseSettings

# More labels than this are taken for all there are, unless the user says otherwise.
_MANY_LABELS = 200
# Scores of the first network, in which clicks and all the rest weigh the same: above the first a
# candidate is taken for a particle, between the two nobody knows. Particles and background cross
# at about 0.6, on crowded micrographs and on faint ones.
_SURE, _DOUBTFUL = 0.75, 0.3
# Each round finds fainter particles than the one before: what is sure must be surer.
_SURE_LATER = 0.8
#: Threshold of a network that learnt from the clicks alone: what the next one takes for particles.
THRESHOLD_OF_FIRST_NETWORK = _SURE
#: Threshold of a model that taught itself and has no complete micrograph to measure on.
THRESHOLD_WITHOUT_TRUTH = _SURE_LATER
_SAME_OVER_DIAMETER = 0.5
# More updates would tell the clicked particles from the others, the fewer there are the sooner.
_FIRST_UPDATES, _UPDATES_PER_CLICK, _MOST_FIRST_UPDATES = 120, 7, 400
_FIRST_CROP_PX, _FIRST_RATE = 64, 0.005
_ROUND_UPDATES = 200

N_ROUNDS = 2
#: How many unlabelled micrographs are looked at: more have little to add, and take time.
N_UNLABELLED = 8


@dataclass(frozen=True, eq=False)
class Sorted:
    """Candidates of one micrograph: what is taken for particles, and what nobody knows."""

    particles: Picks
    unknown: Picks


def first_settings(settings: DenseSettings, n_labels: int) -> tuple[DenseSettings, int]:
    """Settings and number of updates of the network that learns from the clicks alone."""
    first = replace(
        settings,
        crop_px=min(settings.crop_px, _FIRST_CROP_PX),
        learning_rate=settings.learning_rate * _FIRST_RATE / DenseSettings.learning_rate,
    )
    n_updates = min(_FIRST_UPDATES + _UPDATES_PER_CLICK * n_labels, _MOST_FIRST_UPDATES)
    return first, min(n_updates, settings.updates or n_updates)


def n_round_updates(settings: DenseSettings) -> int:
    """Number of updates of each round."""
    return settings.updates or _ROUND_UPDATES


def balance_clicks(heat_map: HeatMap, *, diameter: float) -> HeatMap:
    """Let the pixels around the clicks weigh as much together as all others.

    Among the others are all the particles that nobody clicked. A network that saw them as
    background at their full weight would learn to tell the clicked from the others; at this
    weight it scores by likeness to the clicks: where particles and background are mixed, the
    order of the scores does not depend on how many of the particles are labelled.

    Parameters
    ----------
    heat_map
        A micrograph with a few labels.
    diameter
        Particle diameter in pixels of the heat map.

    References
    ----------
    Elkan, Noto (2008) KDD, doi 10.1145/1401890.1401920.
    """
    is_click = discs(
        heat_map.pixels.shape, heat_map.centres, radius=RADIUS_OVER_DIAMETER * diameter
    )
    if not is_click.any():
        return heat_map
    weight = heat_map.weight.copy()
    weight[is_click] *= weight[~is_click].sum() / weight[is_click].sum()
    return replace(heat_map, weight=weight / weight.mean())


def sort_candidates(
    candidates: Picks,
    labels: Picks,
    negatives: Picks | None,
    *,
    diameter_px: float,
    is_first: bool,
) -> Sorted:
    """Sort what a network finds into particles and what nobody knows; the rest is background.

    Parameters
    ----------
    candidates
        Every local maximum of the network's score.
    labels
        The user's particles: always particles.
    negatives
        The user's non-particles: never particles.
    diameter_px
        Particle diameter in unbinned pixels.
    is_first
        Whether the network learnt from the clicks alone, and knows less.
    """
    is_free = ~_is_near(candidates, labels, _SAME_OVER_DIAMETER * diameter_px)
    if negatives is not None:
        is_free &= ~_is_near(candidates, negatives, RADIUS_OVER_DIAMETER * diameter_px)
    is_sure = candidates.score > (_SURE if is_first else _SURE_LATER)
    new = candidates.take(is_free & is_sure)
    particles = Picks(
        labels.micrograph,
        np.concatenate([labels.x_px, new.x_px]),
        np.concatenate([labels.y_px, new.y_px]),
        frame=labels.frame,
    )
    unknown = candidates.take(is_free & ~is_sure & (candidates.score > _DOUBTFUL))
    return Sorted(particles, unknown)


def are_labels_many(n_labels: int) -> bool:
    """Whether there are so many labels that they are taken for all there are."""
    return n_labels >= _MANY_LABELS


def are_labels_few(found: Sequence[Sorted], n_labels: int) -> bool:
    """Whether a first network finds more particles without a label than there are labels."""
    return sum(len(item.particles) for item in found) > 2 * n_labels


def choose_unlabelled(n: int) -> NDArray[np.int64]:
    """Which of ``n`` unlabelled micrographs are looked at: some, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, N_UNLABELLED)).astype(np.int64))


def _is_near(picks: Picks, others: Picks, distance_px: float) -> NDArray[np.bool_]:
    if not (len(picks) and len(others)):
        return np.zeros(len(picks), dtype=bool)
    tree = cKDTree(np.column_stack((others.x_px, others.y_px)))
    distance, _ = tree.query(np.column_stack((picks.x_px, picks.y_px)))
    near: NDArray[np.bool_] = distance <= distance_px
    return near
