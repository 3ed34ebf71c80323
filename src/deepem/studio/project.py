"""A project: the folder that was opened, its micrographs, and where the studio keeps its files."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from deepem.core import Micrograph
from deepem.errors import ConventionError, DeepEMError, NotFoundError
from deepem.io import MicrographFile
from deepem.io.micrographs import open_micrograph
from deepem.studio.containment import Containment
from deepem.studio.micrograph_folder import MicrographFolder, look_for_micrographs
from deepem.studio.settings import ProjectSettings, read_settings, write_settings

_HOME = "DeepEM"
_SETTINGS_FILE = "project.json"
# Headers to look at for a pixel size, before it is taken for unknown.
_N_HEADERS = 5


class Project:
    """The folder that was opened; safe to use from several threads.

    Parameters
    ----------
    folder
        Holds micrographs directly or, if there is none, in folders below it.
    data_folders
        Other folders that symbolic links in it may lead to.

    Attributes
    ----------
    folder
        The folder, absolute, links followed.
    home
        ``folder/DeepEM``, where everything is written. It is made where it is missing.
    labels_dir, models_dir, picks_dir, jobs_dir, exports_dir, imported_dir, uploads_dir, cache_dir
        Folders in it; they may be missing until something is written there.
    data_folders
        As given, absolute.

    Raises
    ------
    ConfigError
        The folder or one of `data_folders` does not exist, or ``DeepEM`` leads out of them.
    FileFormatError
        The folder or ``project.json`` cannot be read.
    OutputError
        ``DeepEM`` cannot be made.

    Examples
    --------
    >>> project = Project("micrographs")  # doctest: +SKIP
    >>> project.open("mic_0001").frame.shape  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, *, data_folders: Iterable[str | Path] = ()) -> None:
        self.data_folders = tuple(Path(data).resolve() for data in data_folders)
        self._containment = Containment(Path(folder), self.data_folders)
        self.folder = self._containment.folder
        self.home = self.folder / _HOME
        self._containment.make_folder(self.home)
        self.labels_dir = self._place("labels")
        self.models_dir = self._place("models")
        self.picks_dir = self._place("picks")
        self.jobs_dir = self._place("jobs")
        self.exports_dir = self._place("exports")
        self.imported_dir = self._place("imported")
        self.uploads_dir = self._place("uploads")
        self.cache_dir = self._place("cache")
        self._lock = threading.RLock()
        self._settings = read_settings(self.home / _SETTINGS_FILE)
        self._found = self._look()
        self._header_pixel_size: tuple[MicrographFolder, float | None] | None = None

    @property
    def settings(self) -> ProjectSettings:
        """What the user has said of the project."""
        return self._settings

    @property
    def micrographs(self) -> Mapping[str, MicrographFile]:
        """The micrographs by name, sorted; those in `problems` are not among them."""
        return self._found.files

    @property
    def problems(self) -> Mapping[str, str]:
        """Why a name in the folder cannot be used, and what to do, by name."""
        return self._found.problems

    def update(self, **changes: object) -> ProjectSettings:
        """Change settings, and keep them on disk.

        Parameters
        ----------
        **changes
            Fields of `ProjectSettings`. A diameter in one unit takes the place of the other's.

        Raises
        ------
        ConfigError
            A value cannot be.
        OutputError
            They cannot be written; they stay as they were.
        """
        with self._lock:
            settings = self._settings.changed(**changes)
            if settings != self._settings:
                write_settings(self.home / _SETTINGS_FILE, settings)
                self._settings = settings
            return settings

    def file(self, name: str) -> MicrographFile:
        """The file of a micrograph.

        Raises
        ------
        NotFoundError
            There is no micrograph of this name.
        ConventionError
            There is, and it cannot be used.
        """
        found = self._found
        try:
            return found.files[name]
        except KeyError:
            if name in found.problems:
                raise ConventionError(found.problems[name]) from None
            raise NotFoundError(
                f"there is no micrograph named {name!r} in {self.folder}; it may have been moved "
                "or renamed"
            ) from None

    def open(self, name: str) -> Micrograph:
        """Open a micrograph; its pixels are read when they are first needed.

        Raises
        ------
        NotFoundError
            There is no micrograph of this name.
        ConfigError
            It is a link that leads out of the folder and of all --data folders.
        ConventionError, FileFormatError
            It cannot be used, or not be read.
        """
        file = self.file(name)
        self._containment.check(file.path)
        return open_micrograph(file, pixel_size_angstrom=self._settings.pixel_size_angstrom)

    def diameter_px(self, micrograph: Micrograph | None = None) -> float | None:
        """Particle diameter in unbinned pixels; None where it or its pixel size is not known.

        Parameters
        ----------
        micrograph
            Whose pixel size a diameter in Å is turned with; by default that of the project.
        """
        settings = self._settings
        if settings.diameter_px is not None or settings.diameter_angstrom is None:
            return settings.diameter_px
        if micrograph is None:
            pixel_size = self.pixel_size_angstrom()
        else:
            pixel_size = micrograph.frame.pixel_size_angstrom
        return None if pixel_size is None else settings.diameter_angstrom / pixel_size

    def pixel_size_angstrom(self) -> float | None:
        """Pixel size in Å of the project: as the user said, or of the first header that has one."""
        if self._settings.pixel_size_angstrom is not None:
            return self._settings.pixel_size_angstrom
        found = self._found
        if self._header_pixel_size is None or self._header_pixel_size[0] is not found:
            self._header_pixel_size = (found, self._read_pixel_size(found))
        return self._header_pixel_size[1]

    def resolve(self, relative_path: str) -> Path:
        """A file or folder that exists, from a path that a page or a user sent.

        Parameters
        ----------
        relative_path
            Relative to `folder`, with ``/`` between its parts and without ``..``.

        Returns
        -------
        Path
            Absolute, links followed; in `folder` or in a --data folder.

        Raises
        ------
        ConfigError
            The path is absolute, has ``..``, or leads elsewhere.
        NotFoundError
            There is no such file.
        """
        return self._containment.resolve(relative_path)

    def check(self, path: Path) -> Path:
        """A path below `folder` with its links followed, whether or not it exists.

        Raises
        ------
        ConfigError
            A link leads out of `folder` and of all --data folders.
        """
        return self._containment.check(path)

    def rescan(self) -> bool:
        """Look for micrographs again if the folder has changed; returns whether the list has.

        Raises
        ------
        FileFormatError
            The folder cannot be read any more.
        """
        with self._lock:
            before = self._found
            if not before.has_changed():
                return False
            self._found = self._look()
            return (before.files, before.problems) != (self._found.files, self._found.problems)

    def _place(self, name: str) -> Path:
        """A folder in `home`, which must not be a link to elsewhere."""
        folder = self.home / name
        self._containment.check(folder)
        return folder

    def _look(self) -> MicrographFolder:
        return look_for_micrographs(self.folder, self._containment, leave_out=self.home)

    def _read_pixel_size(self, found: MicrographFolder) -> float | None:
        for name in list(found.files)[:_N_HEADERS]:
            try:
                pixel_size = self.open(name).frame.pixel_size_angstrom
            except DeepEMError:
                continue  # said where this micrograph is looked at
            if pixel_size is not None:
                return pixel_size
        return None
