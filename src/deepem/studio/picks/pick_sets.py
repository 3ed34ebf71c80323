"""All sets of picks of a project, by their number."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from deepem.errors import ConfigError, NotFoundError
from deepem.picking.scanned import CANDIDATES_FOLDER
from deepem.studio.events import Event, Publish
from deepem.studio.labels.store import LabelStore
from deepem.studio.picks.imported_set import COORDINATES_NAME, ImportedPickSet
from deepem.studio.picks.model_set import ModelPickSet
from deepem.studio.picks.pick_set import PickSet
from deepem.studio.project import Project
from deepem.studio.settings import ID_PATTERN

#: What the numbers of sets of other programs begin with.
IMPORTED_PREFIX = "imported-"
# Candidates of so many sets stay in memory.
_N_KEPT = 3


class PickSets:
    """What was picked and brought in; safe to use from several threads.

    ``DeepEM/picks/003`` is the set ``003``; ``DeepEM/imported/topaz`` is ``imported-topaz``.

    Parameters
    ----------
    project
        The project.
    labels
        What the user has said, which corrects picks.
    publish
        Told when candidates of a set come: ``{"type": "picks", "id"}``.

    Examples
    --------
    >>> sets = PickSets(project, labels)  # doctest: +SKIP
    >>> sets.find("003").final("mic_0001")  # doctest: +SKIP
    Picks('mic_0001', n=132, box_size_px=180)
    """

    def __init__(
        self, project: Project, labels: LabelStore, publish: Publish | None = None
    ) -> None:
        self._project = project
        self._labels = labels
        self._publish = publish
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, PickSet] = OrderedDict()
        self._last_change: dict[str, int] = {}

    def list(self) -> list[PickSet]:
        """All sets, by their numbers."""
        with self._lock:
            kept = dict(self._kept)
        return [
            kept.get(set_id) or self._make(set_id, folder)
            for set_id, folder in self._folders().items()
        ]

    def find(self, set_id: str) -> PickSet:
        """A set by its number.

        Raises
        ------
        NotFoundError
            There is no such set.
        """
        folder = self._folders().get(set_id)
        if folder is None:
            with self._lock:
                self._kept.pop(set_id, None)
            raise NotFoundError(f"there is no set of picks '{set_id}'; it may have been removed")
        with self._lock:
            known = self._kept.get(set_id) or self._make(set_id, folder)
            self._kept[set_id] = known
            self._kept.move_to_end(set_id)
            while len(self._kept) > _N_KEPT:
                self._kept.popitem(last=False)
            return known

    def follow(self, event: Event) -> None:
        """Tell the pages of a set that a job has picked more into; give it the events of jobs."""
        job = event.get("job")
        result = job.get("result") if isinstance(job, dict) else None
        if not isinstance(result, dict):
            return
        folders = self._folders()
        for set_id in folders.keys() & {result.get("picks"), result.get("first_picks")}:
            try:
                changed_ns = (folders[set_id] / CANDIDATES_FOLDER).stat().st_mtime_ns
            except FileNotFoundError:
                continue  # it has just gone, or has no candidates
            with self._lock:
                is_news = self._last_change.get(set_id) != changed_ns
                self._last_change[set_id] = changed_ns
            if is_news:
                self._notice(set_id)

    def _make(self, set_id: str, folder: Path) -> PickSet:
        kind = ImportedPickSet if set_id.startswith(IMPORTED_PREFIX) else ModelPickSet
        notice = partial(self._notice, set_id)
        return kind(self._project, self._labels, set_id, folder, notice)

    def _notice(self, set_id: str) -> None:
        if self._publish is not None:
            self._publish({"type": "picks", "id": set_id})

    def _folders(self) -> dict[str, Path]:
        """The folder of each set, by its number."""
        picked = _list_folders(self._project, self._project.picks_dir, CANDIDATES_FOLDER)
        brought = _list_folders(self._project, self._project.imported_dir, COORDINATES_NAME)
        folders = {name: path for name, path in picked if not name.startswith(IMPORTED_PREFIX)}
        return folders | {f"{IMPORTED_PREFIX}{name}": path for name, path in brought}


def _list_folders(project: Project, parent: Path, needed: str) -> Iterator[tuple[str, Path]]:
    """Name and path of the folders that hold something; those that are links elsewhere do not."""
    try:
        names = sorted(path.name for path in parent.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if re.match(ID_PATTERN, name):
            with suppress(ConfigError, NotFoundError):
                project.resolve((parent / name / needed).relative_to(project.folder).as_posix())
                yield name, parent / name
