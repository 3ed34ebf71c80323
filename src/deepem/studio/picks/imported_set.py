"""Coordinates of other programs, brought in to be looked at and compared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from deepem.core import Picks
from deepem.errors import FileFormatError
from deepem.io import pick_format, write_atomically, write_picks
from deepem.io.inputs import read_text
from deepem.picking.candidate_pool import CandidatePool, PooledCandidates
from deepem.studio.labels.store import LabelStore
from deepem.studio.picks.pick_set import SCORE_OF_UNKNOWN, FoundPicks, PickSet
from deepem.studio.picks.selection import PickSelection
from deepem.studio.project import Project

#: The coordinates of all micrographs, in the format ``csv``.
COORDINATES_NAME = "coordinates.csv"
_FACTS_NAME = "pickset.json"


class ImportedFacts(BaseModel):
    """What is known of coordinates without reading them: ``pickset.json``.

    Parameters
    ----------
    title
        Their name for people.
    created
        When they were brought in, ISO 8601.
    micrographs
        Names of all micrographs that they are of, those without picks included.
    score_range
        Lowest and highest score; None where there are none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    created: str
    micrographs: tuple[str, ...]
    score_range: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class _Content:
    """What was read, and what it was read from."""

    stamp: tuple[int, int] | None = None
    names: Collection[str] = ()
    by_name: Mapping[str, Picks] = field(default_factory=dict)
    pool: CandidatePool = field(default_factory=CandidatePool)


class ImportedPickSet(PickSet):
    """Coordinates of another program; see `PickSet`.

    Their scores are as that program gave them. Where it gave none, a pick counts as certain.
    """

    kind = "imported"

    def __init__(
        self,
        project: Project,
        labels: LabelStore,
        set_id: str,
        folder: Path,
        notice: Callable[[], None],
    ) -> None:
        super().__init__(project, labels, set_id, folder, notice)
        self._reading = threading.Lock()
        self._content = _Content()

    @property
    def title(self) -> str:
        """As the user has called it."""
        return self._facts.title

    @property
    def created(self) -> str:
        """When it was brought in."""
        return self._facts.created

    @property
    def score_range(self) -> tuple[float, float] | None:
        """Lowest and highest score; None where there are none."""
        return self._facts.score_range

    @property
    def default(self) -> PickSelection:
        """Everything is kept."""
        low = SCORE_OF_UNKNOWN if self.score_range is None else self.score_range[0]
        return PickSelection(threshold=min(low, SCORE_OF_UNKNOWN))

    def count_micrographs(self) -> int:
        """How many of its micrographs are in the project."""
        return sum(name in self._project.micrographs for name in self._facts.micrographs)

    @property
    def _facts(self) -> ImportedFacts:
        path = self.folder / _FACTS_NAME
        try:
            return ImportedFacts.model_validate_json(read_text(path))
        except ValidationError as error:
            raise FileFormatError(
                path, "is damaged; remove its folder, and bring the coordinates in again"
            ) from error

    @property
    def _pool(self) -> CandidatePool:
        return self._content.pool

    def _refresh(self, names: Collection[str]) -> bool:
        path = self.folder / COORDINATES_NAME
        with self._reading:
            about = path.stat()
            stamp = about.st_mtime_ns, about.st_size
            if self._content.stamp == stamp and self._content.names is names:
                return False
            found = {picks.micrograph: picks for picks in pick_format("csv").load(path)}
            by_name = {
                name: found.get(name, Picks(name))
                for name in self._facts.micrographs
                if name in names
            }
            pool = CandidatePool(map(_pool_picks, by_name.values()))
            self._content = _Content(stamp, names, by_name, pool)
            return True

    def _read(self, name: str) -> FoundPicks | None:
        self._refresh(self._project.micrographs)
        picks = self._content.by_name.get(name)
        if picks is None:
            return None
        micrograph = self._project.open(name)
        listing = micrograph.find_listing(picks.listing)
        return FoundPicks(replace(picks, frame=micrograph.frame, listing=listing))

    def _judge(self, found: FoundPicks, selection: PickSelection) -> Picks:
        score = _fill(found.candidates).score
        return found.candidates.take(score >= selection.threshold)


def write_imported(
    folder: Path, title: str, created: str, by_name: Mapping[str, Picks]
) -> ImportedFacts:
    """Write coordinates of other programs as a set of their own.

    Parameters
    ----------
    folder
        Where they are kept; it is made.
    title, created
        See `ImportedFacts`.
    by_name
        Coordinates by the name of their micrograph, empty ones included.

    Raises
    ------
    deepem.errors.OutputError
        They cannot be written.
    """
    score = np.concatenate([np.zeros(0), *(picks.score for picks in by_name.values())])
    known = score[np.isfinite(score)]
    # With as many digits as in the table, so that the lowest is not below itself.
    score_range = (_round(known.min()), _round(known.max())) if known.size else None
    facts = ImportedFacts(
        title=title, created=created, micrographs=tuple(sorted(by_name)), score_range=score_range
    )
    with write_atomically(folder / _FACTS_NAME, overwrite=True) as file:
        file.write(facts.model_dump_json(indent=2) + "\n")
    # Last: a folder without it is no set.
    picks = [replace(by_name[name], listing=None, micrograph=name) for name in facts.micrographs]
    write_picks(picks, folder / COORDINATES_NAME, format="csv")
    return facts


def _round(score: float) -> float:
    return float(f"{score:.12g}")


def _fill(picks: Picks) -> Picks:
    score = np.where(np.isnan(picks.score), SCORE_OF_UNKNOWN, picks.score)
    return picks.with_score(score)


def _pool_picks(picks: Picks) -> PooledCandidates:
    return PooledCandidates.of(_fill(picks), diameter_px=None, edge_margin_px=0.0)
