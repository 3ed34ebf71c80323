"""Names of micrographs as RELION knows them: relative to the folder of its project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deepem.core import Listing
from deepem.errors import ConfigError
from deepem.io import MicrographFile

# What RELION keeps in the folder of a project: of its pipeline, and of its window.
_MARKERS = ("default_pipeline.star", ".gui_projectdir")


@dataclass(frozen=True)
class RelionProject:
    """The folder that RELION's names of micrographs are relative to.

    Parameters
    ----------
    root
        The folder, absolute.
    folder
        The folder of micrographs as seen from there, absolute: below `root`, perhaps through a
        link in it.
    real_folder
        The same folder, links followed.
    is_marked
        Whether RELION has been started in `root`.
    """

    root: Path
    folder: Path
    real_folder: Path
    is_marked: bool

    def name(self, file: MicrographFile) -> Listing:
        """How RELION lists a micrograph of the folder."""
        seen = self.folder / file.path.relative_to(self.real_folder)
        path = str(seen.relative_to(self.root))
        if file.slice_index is not None:
            path = f"{file.slice_index + 1:06d}@{path}"
        return Listing(path)


def find_relion_project(folder: Path, root: str | None = None) -> RelionProject:
    """Find the RELION project that micrographs belong to.

    Parameters
    ----------
    folder
        The folder of micrographs, absolute, links followed.
    root
        The project's folder, as the user says it; by default the nearest one that RELION has been
        started in, of `folder` and those above it, or `folder` itself where there is none.

    Returns
    -------
    RelionProject

    Raises
    ------
    ConfigError
        The folder that the user says is not there, or the micrographs are not in it.
    """
    if root is None:
        nearest = next((above for above in (folder, *folder.parents) if _is_marked(above)), None)
        return RelionProject(nearest or folder, folder, folder, nearest is not None)
    chosen = Path(root).expanduser()
    if not chosen.is_absolute() or not chosen.is_dir():
        raise ConfigError(
            "project_root",
            f"{root!r} is not a folder; give the whole path of the folder in which RELION is "
            "started, such as /data/me/relion",
        )
    for seen in _find_ways(chosen, folder):
        return RelionProject(chosen, seen, folder, _is_marked(chosen))
    raise ConfigError(
        "project_root",
        f"the micrographs in {folder} are not in {chosen}, nor in a folder that a link in it leads "
        "to; RELION only finds micrographs below the folder in which it is started. Link them "
        "there, or choose another folder",
    )


def _find_ways(root: Path, folder: Path) -> Iterator[Path]:
    """Paths of a folder from the root of a project, directly or through a link in it."""
    real_root = Path(os.path.realpath(root))
    if folder.is_relative_to(real_root):
        yield root / folder.relative_to(real_root)
    with os.scandir(root) as entries:
        links = sorted(entry.path for entry in entries if entry.is_symlink() and entry.is_dir())
    for link in links:
        target = Path(os.path.realpath(link))
        if folder.is_relative_to(target):
            yield Path(link) / folder.relative_to(target)


def _is_marked(folder: Path) -> bool:
    return any((folder / marker).exists() for marker in _MARKERS)
