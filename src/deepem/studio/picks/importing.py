"""Brings coordinates of other programs into the project as a set of picks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from deepem.errors import ConventionError, DeepEMError, NotFoundError, OutputError
from deepem.io import pair_picks, place_picks
from deepem.studio.picks.imported_set import write_imported
from deepem.studio.project import Project

_LONGEST_NAME = 40


def import_picks(project: Project, paths: Sequence[str], title: str) -> str:
    """Read coordinate files in any format that DeepEM reads, and keep them as a set.

    Parameters
    ----------
    project
        Its micrographs, to which coordinates are matched by name.
    paths
        Files and folders relative to the project's folder.
    title
        The name of the set for people.

    Returns
    -------
    str
        Name of its folder in ``DeepEM/imported``, made from the title.

    Raises
    ------
    deepem.errors.ConfigError
        A path leads out of the project.
    deepem.errors.NotFoundError
        There is no such file, or there are no micrographs.
    deepem.errors.FileFormatError
        A file cannot be read, or a folder holds no coordinate file.
    deepem.errors.ConventionError
        Coordinates do not fit their micrograph, or no file belongs to any.
    deepem.errors.OutputError
        The set cannot be written.
    """
    files = [project.resolve(path) for path in paths]
    if not project.micrographs:
        raise NotFoundError(f"there are no micrographs in {project.folder} to bring picks to")
    pairing = pair_picks(list(project.micrographs.values()), files)
    if pairing.failures:
        raise pairing.failures[0][1]
    by_name = {
        file.name: place_picks(picks, project.open(file.name)) for file, picks in pairing.pairs
    }
    if not any(map(len, by_name.values())):
        raise ConventionError(
            f"there is not one particle in {', '.join(paths)}; choose files with coordinates"
        )
    folder = _make_folder(project.imported_dir, title)
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        write_imported(folder, title, created, by_name)
    except DeepEMError:
        _remove(folder)
        raise
    return folder.name


def _make_folder(parent: Path, title: str) -> Path:
    """A new folder whose name is the title in plain letters, with a number where it is taken."""
    plain = re.sub(r"[^0-9A-Za-z]+", "-", title).strip("-")[:_LONGEST_NAME].strip("-") or "picks"
    number = 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = parent / (plain if number == 1 else f"{plain}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
                continue
            return folder
    except OSError as error:
        raise OutputError(parent, f"cannot be written: {error.strerror or error}") from error


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
