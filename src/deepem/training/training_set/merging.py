"""New verdicts and the labels that are there: the newest counts, and nothing is there twice."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepem.core import Picks

# Two labels of one kind nearer than this share of a diameter are of one place.
_SAME_LABEL = 0.5
# A verdict overrules the opposite one this near. Less than above: a false pick between two
# crowded particles must not remove them.
_SAME_VERDICT = 1 / 3
# Labels keep three decimals, so that writing and reading them changes nothing.
DECIMALS = 3
_SAME_PLACE_PX = 0.01


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What adding labels changed, in numbers of labels.

    Parameters
    ----------
    n_particles_added, n_negatives_added
        Labels that are new.
    n_particles_removed, n_negatives_removed
        Labels that were taken out because the new verdict says the opposite.
    n_particles_known, n_negatives_known
        New labels that were there already.
    n_contradicting
        New negatives that were left out because a new particle lies there.
    """

    n_particles_added: int = 0
    n_negatives_added: int = 0
    n_particles_removed: int = 0
    n_negatives_removed: int = 0
    n_particles_known: int = 0
    n_negatives_known: int = 0
    n_contradicting: int = 0

    @property
    def n_corrected(self) -> int:
        """Labels taken out because a newer verdict says the opposite."""
        return self.n_particles_removed + self.n_negatives_removed

    def __add__(self, other: Changes) -> Changes:
        """The changes of two micrographs."""
        return Changes(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(self)
            }
        )

    def __bool__(self) -> bool:
        """Whether any label was added or removed."""
        return bool(self.n_particles_added + self.n_negatives_added + self.n_corrected)


@dataclass(frozen=True, eq=False)
class Merged:
    """The labels of a micrograph after a merge, and what it changed."""

    particles: Picks
    negatives: Picks
    changes: Changes


def merge_labels(
    old_particles: Picks,
    old_negatives: Picks,
    particles: Picks,
    negatives: Picks,
    *,
    diameter_px: float,
) -> Merged:
    """Add new labels to those of the same micrograph.

    Parameters
    ----------
    old_particles, old_negatives
        The labels so far.
    particles, negatives
        The new verdicts: places with a particle, and places without.
    diameter_px
        Particle diameter in unbinned pixels, above 0.

    Returns
    -------
    Merged
        The old labels that remain, in their order, then the new ones, in theirs.

    Notes
    -----
    1. A new negative removes old particles within a third of a diameter (inclusive), a new
       particle removes old negatives there.
    2. A new particle nearer than half a diameter to an old one that remains is that one, and is
       left out; so with negatives. New labels are not compared with each other, as elongated
       particles may lie that close, but for those at the very same place.
    3. A new negative within a third of a diameter of a new particle says the opposite of it in
       the same breath. It is left out; yet it removes the old particle, so that a false place
       beside a true one moves a badly centred label.

    So adding the same labels again changes nothing.
    """
    near_px, same_px = _SAME_VERDICT * diameter_px, _SAME_LABEL * diameter_px
    particles, negatives = _keep_distinct(particles), _keep_distinct(negatives)
    # A label that is given again is not taken out and put back.
    is_repeated = distance_px(old_particles, particles) < _SAME_PLACE_PX
    is_overruled = (distance_px(old_particles, negatives) <= near_px) & ~is_repeated
    is_withdrawn = distance_px(old_negatives, particles) <= near_px
    old_particles = old_particles.take(~is_overruled)
    old_negatives = old_negatives.take(~is_withdrawn)

    is_contradicting = distance_px(negatives, particles) <= near_px
    negatives = negatives.take(~is_contradicting)
    is_known_particle = distance_px(particles, old_particles) < same_px
    is_known_negative = distance_px(negatives, old_negatives) < same_px
    particles = particles.take(~is_known_particle)
    negatives = negatives.take(~is_known_negative)
    return Merged(
        particles=_join(old_particles, particles),
        negatives=_join(old_negatives, negatives),
        changes=Changes(
            n_particles_added=len(particles),
            n_negatives_added=len(negatives),
            n_particles_removed=int(is_overruled.sum()),
            n_negatives_removed=int(is_withdrawn.sum()),
            n_particles_known=int(is_known_particle.sum()),
            n_negatives_known=int(is_known_negative.sum()),
            n_contradicting=int(is_contradicting.sum()),
        ),
    )


def distance_px(places: Picks, others: Picks) -> NDArray[np.float64]:
    """Distance from each place to the nearest of others, shape ``(n,)``; infinite without any."""
    if not len(others) or not len(places):
        return np.full(len(places), np.inf)
    tree = cKDTree(np.column_stack([others.x_px, others.y_px]))
    distance: NDArray[np.float64] = tree.query(np.column_stack([places.x_px, places.y_px]))[0]
    return distance


def _keep_distinct(picks: Picks) -> Picks:
    """The places to three decimals, each once."""
    places = np.round(np.column_stack([picks.x_px, picks.y_px]), DECIMALS)
    _, first = np.unique(places, axis=0, return_index=True)
    kept = np.sort(first)
    return Picks(
        picks.micrograph,
        places[kept, 0],
        places[kept, 1],
        score=picks.score[kept],
        frame=picks.frame,
        listing=picks.listing,
    )


def _join(first: Picks, second: Picks) -> Picks:
    return Picks(
        second.micrograph,
        np.concatenate([first.x_px, second.x_px]),
        np.concatenate([first.y_px, second.y_px]),
        score=np.concatenate([first.score, second.score]),
    )
