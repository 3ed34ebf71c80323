"""The labels of one micrograph, as a value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks

#: The folders of the two kinds, as in a training set.
PARTICLES, NEGATIVES = "particles", "negatives"
KINDS = (PARTICLES, NEGATIVES)
#: Labels keep hundredths of a pixel, so that a place is the same for every page and after reading.
STEPS_PER_PX = 100
_N_DIGITS = 16


@dataclass(frozen=True, eq=False)
class Labels:
    """What is labelled on a micrograph.

    Parameters
    ----------
    particles, negatives
        Places with a particle, and places without, in unbinned pixels, rounded to 0.01, each once,
        in the order in which they were labelled.
    complete
        Whether ``particles`` are all there are. Without particles, the micrograph is empty.
    """

    particles: Picks
    negatives: Picks
    complete: bool = False

    @property
    def name(self) -> str:
        """Name of the micrograph."""
        return self.particles.micrograph

    @cached_property
    def revision(self) -> str:
        """Hash of what is labelled: equal labels, in whatever order, have equal revisions."""
        places = [sorted(map(tuple, count_steps(picks).tolist())) for picks in self._both()]
        text = repr((places, self.complete))
        return hashlib.sha256(text.encode()).hexdigest()[:_N_DIGITS]

    def of(self, kind: str) -> Picks:
        """The labels of a kind, ``"particles"`` or ``"negatives"``."""
        return self.particles if kind == PARTICLES else self.negatives

    def _both(self) -> tuple[Picks, Picks]:
        return self.particles, self.negatives


class LabelCounts(NamedTuple):
    """How much is labelled on a micrograph."""

    n_particles: int = 0
    n_negatives: int = 0
    complete: bool = False


def count_steps(picks: Picks) -> NDArray[np.int64]:
    """Places ``(x, y)`` in steps of 0.01 px, shape ``(n, 2)``."""
    places = np.column_stack([picks.x_px, picks.y_px])
    steps: NDArray[np.int64] = np.rint(places * STEPS_PER_PX).astype(np.int64)
    return steps


def round_labels(picks: Picks) -> Picks:
    """The places to 0.01 px, each once; the scores of a file stay."""
    steps = count_steps(picks)
    _, first = np.unique(steps, axis=0, return_index=True)
    kept = np.sort(first)
    return make_labels(picks.micrograph, steps[kept], picks.score[kept], like=picks)


def make_labels(
    name: str, steps: NDArray[np.int64], score: NDArray[np.float64], *, like: Picks | None = None
) -> Picks:
    """Picks at places ``(x, y)`` in steps of 0.01 px, with the frame of others."""
    places = steps.reshape(-1, 2) / STEPS_PER_PX
    return Picks(
        name,
        places[:, 0],
        places[:, 1],
        score=score,
        frame=None if like is None else like.frame,
        listing=None if like is None else like.listing,
    )
