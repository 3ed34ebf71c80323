"""Find micrographs and open them, whatever their format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deepem.core import Micrograph
from deepem.errors import ConfigError, ConventionError, FileFormatError
from deepem.io.inputs import list_files, normalise_path, read_head
from deepem.io.mrc import open_mrc
from deepem.io.raster import open_png, open_tiff

_OPENERS = {
    ".mrc": open_mrc,
    ".map": open_mrc,
    ".mrcs": open_mrc,
    ".tif": open_tiff,
    ".tiff": open_tiff,
    ".png": open_png,
}


def open_micrograph(path: str | Path, *, pixel_size_angstrom: float | None = None) -> Micrograph:
    """Open a micrograph; its pixels are read when they are first needed.

    Parameters
    ----------
    path
        An MRC (``.mrc``, ``.map``, ``.mrcs`` with one slice), TIFF or PNG file.
    pixel_size_angstrom
        Size of a pixel in Å, instead of that in the header; None believes the header.

    Returns
    -------
    Micrograph
        Shape ``(ny, nx)``, rows in MRC order in every format.

    Raises
    ------
    FileFormatError
        The file is missing, of a format that is not read, damaged, or holds several images.
    ConfigError
        The pixel size is not positive.

    Examples
    --------
    >>> open_micrograph("mic_0001.mrc", pixel_size_angstrom=1.06)  # doctest: +SKIP
    """
    path = Path(path)
    if pixel_size_angstrom is not None and not pixel_size_angstrom > 0:
        raise ConfigError("pixel_size_angstrom", f"is {pixel_size_angstrom}; give a number above 0")
    opener = _OPENERS.get(path.suffix.lower())
    if opener is None:
        read_head(path, 1)  # a missing file is a better reason than its suffix
        raise FileFormatError(
            path,
            f"is not a micrograph that can be read: its suffix is '{path.suffix}', expected one of "
            f"{', '.join(_OPENERS)}",
        )
    micrograph = opener(path)
    if pixel_size_angstrom is not None:
        micrograph = micrograph.with_pixel_size(pixel_size_angstrom)
    return micrograph


def find_micrographs(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    """List the micrographs that a user named.

    Parameters
    ----------
    paths
        Files, folders (every micrograph file directly in one) and patterns with ``*``. A file is
        kept even if it is missing, so that it fails on its own and the others are processed.

    Returns
    -------
    list of Path
        Each file once, in the order given; those of a folder or pattern sorted.

    Raises
    ------
    ConfigError
        No path is given.
    FileFormatError
        A folder or a pattern yields no micrograph.
    ConventionError
        Two micrographs have the same name but for folder and extension.
    """
    files = list_files(paths, suffixes=_OPENERS, kind="micrographs")
    return list(index_by_name(files).values())


def index_by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Micrographs by their name without folder and extension, which coordinates are matched to.

    Raises
    ------
    ConventionError
        Two micrographs have the same name.
    """
    by_name: dict[str, Path] = {}
    for path in paths:
        other = by_name.setdefault(path.stem, path)
        if normalise_path(other) != normalise_path(path):
            raise ConventionError(
                f"two micrographs have the same name, so coordinates cannot be told apart: "
                f"{other} and {path}. Give only one of them (a pattern such as 'folder/*.mrc' "
                "helps) or rename one"
            )
    return by_name
