"""Which micrographs of a set of picks to label next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepem.core import Frame, Picks
from deepem.errors import ConfigError
from deepem.picking.candidate_pool import CandidatePool
from deepem.studio.labels.store import LabelStore
from deepem.studio.picks.pick_set import PickSet
from deepem.training.suggest import Suggestion, suggest_labels

# A micrograph that is labelled in part can teach something still.
_WEIGHT_OF_LABELLED = 0.3


def suggest_micrographs(picks: PickSet, labels: LabelStore, *, n: int) -> list[Suggestion]:
    """Rank the micrographs of a set by what labelling them would teach.

    Parameters
    ----------
    picks
        A set that a model has picked; what is not picked yet is not ranked.
    labels
        What is labelled already: complete micrographs are not suggested, and those with some
        labels later than others.
    n
        Length of the list, from 1.

    Raises
    ------
    deepem.errors.ConfigError
        The scores of the set are no probabilities.
    """
    if picks.kind != "model":
        raise ConfigError(
            "id", f"{picks.title} was not picked by a model, so nothing is known of its doubts"
        )
    counts = labels.counts()
    complete = {name for name, one in counts.items() if one.complete}
    pool = picks.pool
    candidates = list(_list_candidates(pool, picks.selection.std_range))
    diameters_px = [one.diameter_px for one in map(pool.of, pool.names) if one.diameter_px]
    if not candidates:
        return []
    suggested = suggest_labels(
        candidates,
        diameter_px=float(np.median(diameters_px)),
        labelled=counts,
        labelled_weight=_WEIGHT_OF_LABELLED,
        n_suggestions=n + len(complete),
    )
    return [one for one in suggested if one.micrograph not in complete][:n]


def _list_candidates(pool: CandidatePool, std_range: tuple[float, float] | None) -> Iterator[Picks]:
    """Candidates that only the threshold decides on: of others there is no doubt."""
    usable = pool.are_usable(std_range) & ~np.isnan(pool.score)
    for name in pool.names:
        found, places = pool.of(name), pool.places_of(name)
        if found.shape is None:
            continue
        those = usable[places]
        yield Picks(
            name,
            found.x_px[those],
            found.y_px[those],
            score=found.score[those],
            frame=Frame(found.shape),
        )
