"""Which files the studio may touch: those in the folder that was opened, and in --data folders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from deepem.errors import ConfigError, NotFoundError, OutputError


class Containment:
    """Refuses files outside a few folders, wherever ``..`` and symbolic links lead.

    Parameters
    ----------
    folder
        The folder that was opened.
    data_folders
        Other folders that links in it may lead to (``--data``).

    Raises
    ------
    ConfigError
        One of the folders does not exist.
    """

    def __init__(self, folder: Path, data_folders: Iterable[Path] = ()) -> None:
        self.folder = _real_folder(folder, "folder")
        self._allowed = (self.folder, *(_real_folder(data, "data") for data in data_folders))

    def check(self, path: Path) -> Path:
        """The path with all links followed.

        Raises
        ------
        ConfigError
            It leads out of the folder and of all --data folders, or no file can be called so.
        """
        try:
            real = Path(os.path.realpath(path))
        except (OSError, ValueError) as error:
            raise ConfigError("paths", f"{str(path)!r} cannot be the name of a file") from error
        if not any(real.is_relative_to(folder) for folder in self._allowed):
            raise ConfigError(
                "data",
                f"{path} leads to {real}, outside of {self.folder}. If that is meant, start the "
                f"studio with --data '{real.parent}'",
            )
        return real

    def make_folder(self, folder: Path) -> None:
        """Make a folder where it is missing.

        Raises
        ------
        ConfigError
            It is a link that leads out of the allowed folders.
        OutputError
            It cannot be made.
        """
        self.check(folder)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(
                folder,
                f"cannot be made: {error.strerror or error}; the studio keeps labels, models and "
                "picks there, so ask the owner of the folder for permission, or copy the "
                "micrographs to a folder of your own",
            ) from error

    def resolve(self, relative_path: str) -> Path:
        """A file or folder that exists, from a path relative to the folder that was opened.

        Parameters
        ----------
        relative_path
            With ``/`` between its parts, and without ``..``.

        Returns
        -------
        Path
            Absolute, links followed.

        Raises
        ------
        ConfigError
            The path is absolute, has ``..``, or a link leads out of the allowed folders.
        NotFoundError
            There is no such file or folder.
        """
        parts = PurePosixPath(relative_path).parts
        if not parts or relative_path.startswith("/") or ".." in parts or "\0" in relative_path:
            raise ConfigError(
                "paths",
                f"{relative_path!r} is not a path inside {self.folder}; give one relative to "
                "it, without '..', such as 'coordinates/run1'",
            )
        path = self.check(self.folder.joinpath(*parts))
        if not _exists(path):
            raise NotFoundError(
                f"there is no {relative_path!r} in {self.folder}; check the name, or copy it there"
            )
        return path


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return False
    return True


def _real_folder(folder: Path, field: str) -> Path:
    if not folder.is_dir():
        raise ConfigError(field, f"{folder} is not a folder that exists; check the name")
    return Path(os.path.realpath(folder))
