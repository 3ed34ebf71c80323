"""Sets of coordinates by their number: picks as they were corrected, or the labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from deepem.core import Picks
from deepem.studio.labels.store import LabelStore
from deepem.studio.picks.pick_sets import PickSets
from deepem.studio.project import Project

#: Number of the labels, as if they were a set of picks.
LABELS_ID = "labels"


class Coordinates(Protocol):
    """Coordinates of some of the project's micrographs."""

    @property
    def title(self) -> str:
        """What messages call it."""

    def names(self) -> list[str]:
        """The micrographs that it has, empty ones included, sorted."""

    def has(self, name: str) -> bool:
        """Whether it has a micrograph."""

    def get(self, name: str) -> Picks:
        """Its coordinates on a micrograph, in unbinned pixels.

        Raises
        ------
        DeepEMError
            There is no such micrograph, or its coordinates cannot be read.
        """

    def reader(self) -> Callable[[str], Picks]:
        """`get` for many micrographs: what is kept of them does not change on the way."""


class LabelCoordinates:
    """The labelled particles."""

    title = "the labels"

    def __init__(self, project: Project, labels: LabelStore) -> None:
        self._project = project
        self._labels = labels

    def names(self) -> list[str]:
        """Micrographs with labelled particles, and those that are said to be empty."""
        counts = self._labels.counts()
        return [name for name, n in counts.items() if n.n_particles or n.complete]

    def has(self, name: str) -> bool:
        """Whether a micrograph has labelled particles, or is said to be empty."""
        labels = self._labels.get(name)
        return bool(len(labels.particles)) or labels.complete

    def get(self, name: str) -> Picks:
        """The labelled particles of a micrograph."""
        return self._labels.get(name).particles

    def reader(self) -> Callable[[str], Picks]:
        """`get`: of the labels all are kept."""
        return self.get


class CoordinatesBook:
    """Looks up sets of coordinates by their number; ``labels`` are the labels."""

    def __init__(self, project: Project, labels: LabelStore, pick_sets: PickSets) -> None:
        self._project = project
        self._labels = labels
        self._pick_sets = pick_sets

    def find(self, set_id: str) -> Coordinates:
        """A set of coordinates.

        Raises
        ------
        NotFoundError
            There is no such set.
        """
        if set_id == LABELS_ID:
            return LabelCoordinates(self._project, self._labels)
        return self._pick_sets.find(set_id)


def open_book(project: Project) -> CoordinatesBook:
    """The sets of coordinates of a project, for a process that has none open."""
    labels = LabelStore(project)
    return CoordinatesBook(project, labels, PickSets(project, labels))
