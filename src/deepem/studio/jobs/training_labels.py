"""Which labels a training learns from, and what it is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepem.core import Micrograph, Picks
from deepem.errors import TrainingDataError
from deepem.training import TrainingSet
from deepem.training.few_labels import are_labels_many

_IS_COMPLETE = {"auto": None, "all": True, "some": False}


@dataclass(frozen=True, eq=False)
class TrainingLabels:
    """Labelled micrographs, as `deepem.train` wants them.

    Parameters
    ----------
    micrographs, picks, negatives
        Micrographs with their particles and other places, in the same order.
    complete
        Whether the particles are all there are, by name; None where the training finds out.
    """

    micrographs: Sequence[Micrograph]
    picks: Sequence[Picks]
    negatives: Sequence[Picks]
    complete: dict[str, bool | None]

    @property
    def n_particles(self) -> int:
        """Number of labelled particles."""
        return sum(map(len, self.picks))

    @property
    def n_with_particles(self) -> int:
        """Number of micrographs with labelled particles."""
        return sum(len(picks) > 0 for picks in self.picks)

    @property
    def finds_more(self) -> bool | None:
        """Whether there are more particles than labels; None where the training finds out."""
        stated = [self.complete[picks.micrograph] for picks in self.picks if len(picks)]
        if False in self.complete.values():
            return True
        return False if all(stated) else None


def choose_labels(known: TrainingSet, labels: str) -> TrainingLabels:
    """The labels of a training set, and whether they are all particles.

    Parameters
    ----------
    known
        The set; where it says that a micrograph is complete, that counts.
    labels
        Of the other micrographs: ``all`` particles are labelled, ``some``, or ``auto``.

    Returns
    -------
    TrainingLabels
        A micrograph that has only places without a particle, and is not complete, holds particles
        that nobody has labelled. It is left out where labels are taken for all there are.

    Raises
    ------
    deepem.errors.TrainingDataError
        Nothing is labelled that can be used.
    """
    micrographs, particles = known.micrographs(), known.picks()
    rows = list(zip(micrographs, particles, known.negatives(), known.complete(), strict=True))
    n_particles = sum(map(len, particles))
    is_all = labels == "all" or (labels == "auto" and are_labels_many(n_particles))
    if is_all:
        rows = [row for row in rows if len(row[1]) or row[3]]
    if not rows:
        raise TrainingDataError("no particle is labelled; click about ten of them first")
    return TrainingLabels(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        {
            micrograph.name: True if complete else (_IS_COMPLETE[labels] if len(picks) else False)
            for micrograph, picks, _, complete in rows
        },
    )
