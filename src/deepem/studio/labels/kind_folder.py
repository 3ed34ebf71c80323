"""The folder of one kind of labels: files are found, read, and replaced by ours."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from deepem.core import Picks
from deepem.errors import OutputError
from deepem.io import place_picks, write_picks
from deepem.io.label_folder import REPLACED_ENDING, read_labels
from deepem.studio.labels.label_index import LabelIndex, Stamp
from deepem.studio.labels.labels import round_labels
from deepem.studio.project import Project

#: Names of files with what changes when they do.
Files = dict[str, Stamp]


class KindFolder:
    """``labels/particles`` or ``labels/negatives``.

    Parameters
    ----------
    project
        Whose labels.
    kind
        Name of the folder.
    """

    def __init__(self, project: Project, kind: str) -> None:
        self._project = project
        self._folder = project.labels_dir / kind
        self._index = LabelIndex(self._folder)

    def find(self, name: str) -> Files:
        """The files of a micrograph; one, unless somebody has put another there."""
        return self._index.find(name, self._project.micrographs)

    def group(self) -> dict[str, Files]:
        """The files of every micrograph that has some."""
        return self._index.group(self._project.micrographs)

    def read(self, name: str, files: Files) -> Picks:
        """The labels in files that were found, rounded, on their micrograph.

        Raises
        ------
        deepem.errors.ConfigError
            A file is a link that leads out of the project.
        deepem.errors.FileFormatError, deepem.errors.ConventionError
            The micrograph or a file cannot be read, or they do not fit each other.
        """
        if not files:
            return Picks(name)
        paths = [self._folder / file_name for file_name in files]
        for path in paths:
            if path.is_symlink():
                check_inside(self._project, path)
        micrograph = self._project.open(name)
        names = self._index.update_names(self._project.micrographs)
        found = read_labels(name, paths, names, lambda: micrograph.shape)
        return round_labels(place_picks(found, micrograph))

    def count(self, files: Files) -> int | None:
        """How many labels files hold; None where they must be read to tell."""
        if len(files) != 1:
            return None if files else 0
        return self._index.count_rows(*next(iter(files.items())))

    def remember_count(self, files: Files, n_labels: int) -> None:
        """Keep what was counted by reading, for as long as the file does not change."""
        if len(files) == 1:
            self._index.remember(*next(iter(files.items())), n_labels)

    def replace(self, old: Picks, new: Picks | None, files: Files) -> bool:
        """Let our file hold new labels, and be the only one.

        Parameters
        ----------
        old
            The labels in ``files``.
        new
            The labels to write; None for no file.
        files
            The files as they were when they were read.

        Returns
        -------
        bool
            False where another program has changed the files since: they must be read again.

        Raises
        ------
        deepem.errors.OutputError
            A file cannot be written.
        """
        name = old.micrograph
        target = self._folder / f"{name}.star"
        others = [self._folder / file_name for file_name in files if file_name != target.name]
        if others:
            # First ours with the same labels, so that a program that is killed loses none.
            if not self._put(old, target, files):
                return False
            for path in others:
                _rename(path, path.with_name(path.name + REPLACED_ENDING))
            files = self.find(name)
        if new is not None:
            return self._put(new, target, files)
        if files != self.find(name):
            return False
        _remove(target)
        return True

    def _put(self, picks: Picks, target: Path, files: Files) -> bool:
        """Write our file in a moment, unless the files have changed since they were read."""
        if self._folder.exists():
            check_inside(self._project, self._folder)
        staged = target.with_name(f".{target.name}")
        write_picks(picks, staged, format="star", overwrite=True)
        if files != self.find(picks.micrograph):
            staged.unlink()
            return False
        _rename(staged, target)
        return True


def check_inside(project: Project, path: Path) -> None:
    """Refuse a link below the project's folder that leads out of it.

    Raises
    ------
    deepem.errors.ConfigError
        It does.
    """
    project.resolve(path.relative_to(project.folder).as_posix())


def _rename(path: Path, target: Path) -> None:
    try:
        path.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise OutputError(
            target, f"cannot be written: {error.strerror or error}; ask its owner for permission"
        ) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise OutputError(
            path, f"cannot be removed: {error.strerror or error}; ask its owner for permission"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk too, not only in the system's memory."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network folders cannot; the content is there anyway
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
