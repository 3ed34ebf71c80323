"""Picks as a person corrected them: without what was rejected, with what was added."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import ConfigError
from deepem.evaluation import match_nearest, match_picks

# What a person says is certain: as a probability.
_CERTAIN = 1.0


def correct_picks(
    picks: Picks,
    particles: Picks,
    negatives: Picks | None = None,
    *,
    complete: bool,
    diameter_px: float,
) -> Picks:
    """Apply what a person said of a micrograph to its picks.

    Parameters
    ----------
    picks
        Picks that a selection kept.
    particles
        Places of particles that a person labelled on the same micrograph.
    negatives
        Places that a person said are no particle.
    complete
        Whether `particles` are all the particles of the micrograph. Then they alone are the
        answer, and what else was picked is left out.
    diameter_px
        Diameter of the particle in unbinned pixels, above 0. A label speaks of a pick that is at
        most half a diameter away.

    Returns
    -------
    corrected
        First the picks that stay, in their order, with their own places and scores; then the
        particles that no pick had found, in their order. Of a complete micrograph, the particles
        in their order, each with the score and the deviation of the pick that had found it. Box,
        frame and listing are those of `picks`.

        Particles that no pick had found have a score of 1, or the best of the picks' where that
        is above 1: programs that cut by the figure of merit, as RELION and cryoSPARC do, need a
        number, and what a person has seen must outlive every cut. Only where no pick has a score
        they have none either.

    Raises
    ------
    deepem.errors.ConfigError
        The diameter is not above 0.
    deepem.errors.ConventionError
        The places are of different micrographs, or not finite.

    Notes
    -----
    A label speaks for one pick. A negative takes out the pick that it was set for, not its
    neighbour half a diameter away as well: pairs of picks and labels, particles among them, are
    made one to one, the nearest first. A pick whose label is a negative stays all the same where
    a particle is as near to it. Then the picks that stay are matched with the particles so that
    as few as possible are without a pick (`deepem.evaluation.match_picks`); those are added. One
    pick between two labelled particles is one of them, and the other is added.

    Examples
    --------
    >>> picks = Picks("m", [10, 50], [10, 50], score=[0.9, 0.8])
    >>> added, rejected = Picks("m", [80], [20]), Picks("m", [51], [50])
    >>> corrected = correct_picks(picks, added, rejected, complete=False, diameter_px=12)
    >>> corrected.x_px.tolist(), corrected.score.tolist()
    ([10.0, 80.0], [0.9, 1.0])
    """
    if not 0 < diameter_px < float("inf"):
        raise ConfigError("diameter", f"must be above 0 px, got {diameter_px}")
    radius_px = diameter_px / 2
    negatives = Picks(picks.micrograph) if negatives is None else negatives
    # Labels have no frame of their own to disagree with that of the picks.
    particles, negatives = replace(particles, frame=None), replace(negatives, frame=None)
    if not complete:
        picks = picks.take(~_are_rejected(picks, particles, negatives, radius_px))
    matching = match_picks(picks, particles, max_distance_px=radius_px)
    if complete:
        return _found_by_hand(picks, particles, matching.truth_index)
    added = particles.take(matching.is_missed)
    return _join(picks, added, score=_score_of_added(picks))


def _are_rejected(
    picks: Picks, particles: Picks, negatives: Picks, radius_px: float
) -> NDArray[np.bool_]:
    """Which picks a negative speaks for, shape ``(n_picks,)``."""
    labels = _join(particles, negatives, score=np.nan)
    matching = match_nearest(picks, labels, max_distance_px=radius_px)
    is_rejected = matching.truth_index >= len(particles)
    for place in np.flatnonzero(is_rejected):
        far_px = np.hypot(
            particles.x_px - picks.x_px[place], particles.y_px - picks.y_px[place]
        ).min(initial=np.inf)
        is_rejected[place] = matching.distance_px[place] < far_px
    return is_rejected


def _found_by_hand(picks: Picks, particles: Picks, particle_of: NDArray[np.int64]) -> Picks:
    """The particles alone, with what the picks that found them know."""
    score = np.full(len(particles), _score_of_added(picks))
    std = np.full(len(particles), np.nan)
    junk = np.zeros(len(particles), dtype=bool)
    is_found = particle_of >= 0
    found = particle_of[is_found]
    score[found], std[found], junk[found] = (
        picks.score[is_found],
        picks.std[is_found],
        picks.junk[is_found],
    )
    return replace(picks, x_px=particles.x_px, y_px=particles.y_px, score=score, std=std, junk=junk)


def _score_of_added(picks: Picks) -> float:
    known = picks.score[~np.isnan(picks.score)]
    if len(picks) and not known.size:
        return float("nan")
    return float(known.max(initial=_CERTAIN))


def _join(first: Picks, second: Picks, *, score: float) -> Picks:
    """Both, the second with this score and nothing else that is known."""
    n = len(second)
    return replace(
        first,
        x_px=np.concatenate([first.x_px, second.x_px]),
        y_px=np.concatenate([first.y_px, second.y_px]),
        score=np.concatenate([first.score, np.full(n, score)]),
        std=np.concatenate([first.std, np.full(n, np.nan)]),
        junk=np.concatenate([first.junk, np.zeros(n, dtype=bool)]),
    )
