"""A set of picks: its candidates, what the sliders keep of them, and what was corrected."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from deepem.core import BOX_OVER_DIAMETER, Picks, choose_box_size_px
from deepem.errors import ConfigError, NotFoundError
from deepem.networks import Calibration
from deepem.picking.candidate_pool import CandidatePool
from deepem.picking.correction import correct_picks
from deepem.studio.labels.store import LabelStore
from deepem.studio.picks.selection import PickSelection, read_selection, write_selection
from deepem.studio.project import Project

SetKind = Literal["model", "imported"]
#: Picks of a program that gives no scores are kept at every threshold.
SCORE_OF_UNKNOWN = 1.0


@dataclass(frozen=True, eq=False)
class FoundPicks:
    """What a set has of one micrograph.

    Parameters
    ----------
    candidates
        All that was found, with all digits.
    diameter_px
        Diameter of the particle in unbinned pixels; None where the set does not know it.
    edge_margin_px
        Least distance to the edge of what is kept, in unbinned pixels.
    """

    candidates: Picks
    diameter_px: float | None = None
    edge_margin_px: float = 0.0


class PickSet(ABC):
    """Candidates of some of the project's micrographs; safe to use from several threads.

    Parameters
    ----------
    project
        The project.
    labels
        What the user has said of its micrographs.
    set_id
        Number of the set.
    folder
        Where it is kept.
    notice
        Called when candidates have come, changed or gone since the set was first read.
    """

    kind: SetKind

    def __init__(
        self,
        project: Project,
        labels: LabelStore,
        set_id: str,
        folder: Path,
        notice: Callable[[], None],
    ) -> None:
        self._project = project
        self._labels = labels
        self.id = set_id
        self.folder = folder
        self._notice = notice
        self._lock = threading.Lock()
        self._is_read = False

    # What it is.

    @property
    @abstractmethod
    def title(self) -> str:
        """Its name for people."""

    @property
    @abstractmethod
    def created(self) -> str:
        """When it was made, ISO 8601."""

    @property
    def model(self) -> str | None:
        """Number of the model that has picked it; None where there is none, or it is not known."""
        return None

    @property
    def calibration(self) -> Calibration | None:
        """What makes the scores probabilities; None where they are none."""
        return None

    @property
    @abstractmethod
    def score_range(self) -> tuple[float, float] | None:
        """Lowest and highest score that there can be, or is; None where nobody gave scores."""

    @property
    @abstractmethod
    def default(self) -> PickSelection:
        """What is kept unless the user says otherwise."""

    @abstractmethod
    def count_micrographs(self) -> int:
        """Number of the project's micrographs that it has, without reading its candidates."""

    # What is kept of it.

    @property
    def selection(self) -> PickSelection:
        """What the user has chosen to keep, or the default."""
        return read_selection(self.folder) or self.default

    def select(self, selection: PickSelection) -> None:
        """Keep a selection for this set, on disk.

        Raises
        ------
        deepem.errors.ConfigError
            A value is out of its range.
        deepem.errors.OutputError
            It cannot be written.
        """
        write_selection(self.folder, self._check(selection))

    # What is in it.

    @property
    def pool(self) -> CandidatePool:
        """All candidates as they are on disk now.

        Those of micrographs that are not in the project are left out.
        """
        has_changed = self._refresh(self._project.micrographs)
        with self._lock:
            is_news, self._is_read = has_changed and self._is_read, True
        if is_news:
            self._notice()
        return self._pool

    def require(self, name: str | None) -> CandidatePool:
        """The pool, after a look whether it has a micrograph; None asks for nothing.

        Raises
        ------
        deepem.errors.NotFoundError
            There is no such micrograph, or the set does not have it.
        """
        pool = self.pool
        if name is not None and name not in pool:
            self._project.file(name)
            raise self._explain_missing(name)
        return pool

    def names(self) -> list[str]:
        """The micrographs that it has, those without picks included, sorted."""
        return list(self.pool.names)

    def has(self, name: str) -> bool:
        """Whether it has a micrograph."""
        return name in self.pool

    def find(self, name: str) -> FoundPicks:
        """All that is known of a micrograph, from its file.

        Raises
        ------
        deepem.errors.NotFoundError
            There is no such micrograph, or the set does not have it.
        """
        self._project.file(name)
        found = self._read(name)
        if found is None:
            raise self._explain_missing(name)
        return found

    def diameter_px(self, found: FoundPicks) -> float:
        """Diameter of the particle on a micrograph in unbinned pixels.

        Raises
        ------
        deepem.errors.ConfigError
            Nobody has said it.
        """
        diameter_px, box_size_px = found.diameter_px, found.candidates.box_size_px
        if diameter_px is None:
            micrograph = self._project.open(found.candidates.micrograph)
            diameter_px = self._project.diameter_px(micrograph)
        if diameter_px is None and box_size_px is not None:
            diameter_px = box_size_px / BOX_OVER_DIAMETER
        if diameter_px is None:
            raise ConfigError("diameter_px", "is not known yet; say how large the particle is")
        return diameter_px

    def shown(self, found: FoundPicks) -> Picks:
        """All candidates of a micrograph, best first; those without a score count as certain."""
        score = found.candidates.score
        filled = np.where(np.isnan(score), SCORE_OF_UNKNOWN, score)
        return found.candidates.with_score(filled).by_score()

    def box_size_px(self, found: FoundPicks) -> int:
        """Side of the box on a micrograph in unbinned pixels: the set's, or 1.5 diameters.

        Raises
        ------
        deepem.errors.ConfigError
            Nobody has said the diameter.
        """
        return found.candidates.box_size_px or choose_box_size_px(self.diameter_px(found))

    def final(self, name: str, *, selection: PickSelection | None = None) -> Picks:
        """The picks of a micrograph as they are handed over: selected, then corrected by labels.

        Parameters
        ----------
        name
            The micrograph.
        selection
            What is kept; None is what the user has chosen.

        Returns
        -------
        picks
            In unbinned pixels, with frame, listing and box where they are known; particles that
            were added by hand have a score of 1 (see `deepem.picking.correction.correct_picks`).

        Raises
        ------
        deepem.errors.NotFoundError
            There is no such micrograph, or the set does not have it.
        deepem.errors.DeepEMError
            Its labels cannot be read, or nobody has said the diameter.
        """
        found = self.find(name)
        picks = self._judge(found, selection or self.selection)
        particles, negatives, complete = self._labels.picks(name)
        if not (complete or len(particles) or len(negatives)):
            return picks
        return correct_picks(
            picks, particles, negatives, complete=complete, diameter_px=self.diameter_px(found)
        )

    get = final  # as `deepem.studio.coordinates.Coordinates` calls it

    def reader(self) -> Callable[[str], Picks]:
        """Gives the final picks of micrographs, all as the sliders stand now."""
        return partial(self.final, selection=self.selection)

    # What each kind does in its way.

    @property
    @abstractmethod
    def _pool(self) -> CandidatePool:
        """The candidates as of the last `_refresh`."""

    @abstractmethod
    def _refresh(self, names: Collection[str]) -> bool:
        """Read what has come since the last time; returns whether there is something else now."""

    @abstractmethod
    def _read(self, name: str) -> FoundPicks | None:
        """All that is known of a micrograph; None where the set does not have it."""

    @abstractmethod
    def _judge(self, found: FoundPicks, selection: PickSelection) -> Picks:
        """The candidates that a selection keeps."""

    def _explain_missing(self, name: str) -> NotFoundError:
        return NotFoundError(f"{self.title} has no picks of {name}; pick this micrograph first")

    def _check(self, selection: PickSelection) -> PickSelection:
        """The selection, after a look at its values; raises ConfigError."""
        return selection.check()
