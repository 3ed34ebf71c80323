"""Which label files there are, whose they are, and how many labels each holds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from deepem.errors import DeepEMError
from deepem.io.inputs import explain_read_error
from deepem.io.label_folder import may_hold_labels
from deepem.io.naming import NameIndex
from deepem.io.registry import looks_like_picks
from deepem.io.star_file import find_star_tables

_STAR = ".star"
_X = "rlnCoordinateX"


class Stamp(NamedTuple):
    """What changes when a file does."""

    time_ns: int
    size: int
    inode: int


def take_stamp(path: Path) -> Stamp | None:
    """The stamp of a file; None where there is none."""
    with suppress(OSError):
        return _make_stamp(path.stat())
    return None


class LabelIndex:
    """The files of labels in a folder, by the name of their micrograph.

    The folder is listed at every question, as any program may put a file there; a file is read
    again only where it has changed.

    Parameters
    ----------
    folder
        The folder; it may be missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: NameIndex | None = None
        self._known: tuple[str, ...] = ()
        self._owners: dict[str, str | None] = {}
        self._counts: dict[str, tuple[Stamp, int]] = {}

    def find(self, name: str, micrographs: Iterable[str]) -> dict[str, Stamp]:
        """Names of the files of a micrograph, sorted, with their stamps.

        Parameters
        ----------
        name
            The micrograph.
        micrographs
            Names of all micrographs.
        """
        self.update_names(micrographs)
        found = {}
        for entry in self._list():
            if self._find_owner(entry) == name:
                with suppress(OSError):  # it has just gone
                    found[entry.name] = _make_stamp(entry.stat())
        return dict(sorted(found.items()))

    def group(self, micrographs: Iterable[str]) -> dict[str, dict[str, Stamp]]:
        """Names of the files of every micrograph that has some, with their stamps."""
        self.update_names(micrographs)
        groups: dict[str, dict[str, Stamp]] = {}
        for entry in self._list():
            owner = self._find_owner(entry)
            if owner is not None:
                with suppress(OSError):
                    stamp = _make_stamp(entry.stat())
                    groups.setdefault(owner, {})[entry.name] = stamp
        return groups

    def count_rows(self, file_name: str, stamp: Stamp) -> int | None:
        """How many labels our own kind of file holds; None where it must be read to tell.

        Parameters
        ----------
        file_name, stamp
            A file of the folder, as it was found.
        """
        known = self._counts.get(file_name)
        if known is not None and known[0] == stamp:
            return known[1]
        if not file_name.endswith(_STAR):
            return None
        try:
            found = find_star_tables(self.folder / file_name)
        except DeepEMError:
            return None
        tables = [table for table in found if _X in table]
        return self.remember(file_name, stamp, tables[0].n_rows) if len(tables) == 1 else None

    def remember(self, file_name: str, stamp: Stamp, n_labels: int) -> int:
        """Keep the number of labels of a file until it changes; returns it."""
        self._counts[file_name] = stamp, n_labels
        return n_labels

    def update_names(self, micrographs: Iterable[str]) -> NameIndex:
        """The index of the micrographs' names, made anew where these have changed."""
        known = tuple(micrographs)
        if self._names is None or known != self._known:
            self._names, self._known, self._owners = NameIndex(known), known, {}
        return self._names

    def _list(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder) as entries:
                return list(entries)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise explain_read_error(self.folder, error) from error

    def _find_owner(self, entry: os.DirEntry[str]) -> str | None:
        """The micrograph of a file; None for a file that is no coordinates of any."""
        owners = self._owners
        if entry.name not in owners:
            owners[entry.name] = self._name_owner(entry.name)
        owner = owners[entry.name]
        if owner is None or not entry.is_file():
            return None
        # The content of some kinds of files decides, and it may change.
        is_ours = entry.name.endswith(_STAR) or looks_like_picks(self.folder / entry.name)
        return owner if is_ours else None

    def _name_owner(self, file_name: str) -> str | None:
        if self._names is None or not may_hold_labels(file_name):
            return None
        match = self._names.find(Path(file_name).stem)
        return None if match is None else match.name


def _make_stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
