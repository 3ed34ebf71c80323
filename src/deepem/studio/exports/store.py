"""The exports of a project: makes new ones, whole or not at all, and lists those there are."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from deepem.core import Listing, Picks
from deepem.errors import ConfigError, ConventionError, DeepEMError, NotFoundError, OutputError
from deepem.io import PickFormat, find_micrographs, pick_format, place_picks
from deepem.io.atomic import touch
from deepem.io.naming import NameIndex
from deepem.studio.exports.next_steps import Handover, describe_next_steps
from deepem.studio.exports.record import RECORD_FILE, Export, read_record, write_record
from deepem.studio.exports.relion_project import RelionProject, find_relion_project
from deepem.studio.exports.writing import add_box, name_format, write_format
from deepem.studio.project import Project

logger = logging.getLogger("deepem.studio")

_MARK = ".begun"


class ExportStore:
    """What was handed over, ``DeepEM/exports/001`` and so on; safe to use from several threads.

    A folder is never changed once it is made. One that a program was killed over is removed
    when the next server starts.

    Parameters
    ----------
    project
        The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = project.exports_dir
        self._lock = threading.Lock()
        for mark in self._folder.glob(f"*/{_MARK}"):
            shutil.rmtree(mark.parent, ignore_errors=True)  # a link is not followed

    def list_all(self) -> list[Export]:
        """All exports, newest first; a damaged record is left out, with a warning in the log."""
        found = []
        for path in self._folder.glob(f"*/{RECORD_FILE}"):
            try:
                found.append(read_record(path.parent))
            except DeepEMError as error:
                logger.warning("%s", error)
        return sorted(found, key=lambda export: (export.created, export.id), reverse=True)

    def find(self, export_id: str) -> tuple[Export, Path]:
        """An export and its folder.

        Raises
        ------
        NotFoundError
            There is none of this number.
        """
        for export in self.list_all():
            if export.id == export_id:
                return export, self._folder / export_id
        raise NotFoundError(f"there is no export {export_id!r} in {self._folder}")

    def make(
        self,
        picks_id: str,
        names: Sequence[str],
        find_picks: Callable[[str], Picks],
        formats: Sequence[str],
        *,
        project_root: str | None = None,
        micrograph_list: str | None = None,
    ) -> Export:
        """Write picks in one or several formats, all of them or none.

        Parameters
        ----------
        picks_id
            What is exported: the number of a set of picks, or ``labels``.
        names
            The micrographs.
        find_picks
            Returns the picks of a micrograph.
        formats
            Names of the formats, as `deepem.io.PICK_FORMATS` has them.
        project_root
            Folder of the RELION project, whole path; by default it is looked for.
        micrograph_list
            RELION's list of the micrographs, or exposures of cryoSPARC, relative to the folder of
            the project: names and uids are taken from it.

        Returns
        -------
        Export

        Raises
        ------
        ConfigError
            Nothing is to be exported, a format is not known, or something that one needs is not.
        ConventionError
            Micrographs are not in the list, or cannot be told apart in a format.
        NotFoundError
            There is no such list.
        OutputError
            A file cannot be written.
        """
        targets = _find_formats(formats)
        if not names:
            raise ConfigError("picks", "has no micrographs to export; pick or label some first")
        relion = find_relion_project(self._project.folder, project_root)
        find_listing = self._read_listings(micrograph_list, relion)
        picks = [self._place(find_picks(name), name, find_listing(name)) for name in names]
        has_uids = all(one.listing is not None and one.listing.uid is not None for one in picks)
        with self._begin() as folder:
            handover = Handover(folder, relion, has_uids, micrograph_list is not None)
            files: list[Path] = []
            for target in targets:
                try:
                    files += write_format(
                        picks, folder / target.name, target, relion_root=relion.root
                    )
                except OutputError:
                    raise  # the disk is full, or the like: it has nothing to do with the format
                except DeepEMError as error:
                    raise name_format(error, target) from error
            export = Export(
                id=folder.name,
                picks=picks_id,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                formats=tuple(target.name for target in targets),
                folder=folder.relative_to(self._project.folder).as_posix(),
                files=tuple(file.relative_to(folder).as_posix() for file in files),
                n_micrographs=len(picks),
                n_particles=sum(map(len, picks)),
                next_steps=tuple(describe_next_steps(t.name, handover) for t in targets),
            )
            write_record(folder, export)
        return export

    def _place(self, picks: Picks, name: str, listing: Listing) -> Picks:
        """Picks with all that a format may need: frame, box, and how programs list them."""
        micrograph = self._project.open(name)
        placed = place_picks(picks, micrograph)
        boxed = add_box(placed, self._project.diameter_px(micrograph))
        return replace(boxed, listing=listing)

    def _read_listings(
        self, micrograph_list: str | None, relion: RelionProject
    ) -> Callable[[str], Listing]:
        """How to find out by which name and uid programs know a micrograph."""
        if micrograph_list is None:
            return lambda name: relion.name(self._project.file(name))
        path = self._project.resolve(micrograph_list)
        listings = {file.name: file.find_listing() for file in find_micrographs(path)}
        index = NameIndex(listings)

        def find(name: str) -> Listing:
            match = index.find(name)
            if match is None:
                raise ConventionError(
                    f"{path}: has no micrograph for {name} ({index.explain(name)}); give the list "
                    "of these micrographs, or none"
                )
            return listings[match.name]

        return find

    @contextmanager
    def _begin(self) -> Iterator[Path]:
        """A folder of its own, that is removed again if the block fails."""
        with self._lock:
            numbers = [int(p.name) for p in self._folder.glob("*") if p.name.isdigit()]
            folder = self._folder / f"{max(numbers, default=0) + 1:03d}"
            mark = folder / _MARK
            touch(mark)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        mark.unlink()


def _find_formats(names: Sequence[str]) -> list[PickFormat]:
    if not names:
        raise ConfigError("formats", "names none; choose at least one, such as relion")
    unique = dict.fromkeys(names)
    return [pick_format(name) for name in unique]
