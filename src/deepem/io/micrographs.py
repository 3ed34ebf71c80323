"""Find micrographs and open them, whatever their format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from deepem.core import Micrograph
from deepem.errors import ConfigError, ConventionError, FileFormatError
from deepem.io.inputs import list_files, normalise_path, read_head
from deepem.io.micrograph_file import MicrographFile
from deepem.io.micrograph_lists import LIST_SUFFIXES, read_micrograph_list
from deepem.io.mrc import count_slices, open_mrc
from deepem.io.raster import open_png, open_tiff

#: Of files whose slices are micrographs.
STACK_SUFFIX = ".mrcs"
_OPENERS = {
    ".mrc": open_mrc,
    ".map": open_mrc,
    ".mrcs": open_mrc,
    ".tif": open_tiff,
    ".tiff": open_tiff,
    ".png": open_png,
}
#: Endings of the names of micrographs, lower case.
MICROGRAPH_SUFFIXES = tuple(_OPENERS)


def open_micrograph(
    path: str | Path | MicrographFile, *, pixel_size_angstrom: float | None = None
) -> Micrograph:
    """Open a micrograph; its pixels are read when they are first needed.

    Parameters
    ----------
    path
        An MRC (``.mrc``, ``.map``, ``.mrcs``), TIFF or PNG file, or what
        :func:`find_micrographs` returns. ``3@stack.mrcs`` is the third slice of a stack.
    pixel_size_angstrom
        Size of a pixel in Å, instead of that in a list or the header; None believes these, the
        list first.

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
    file = MicrographFile.of(path)
    if pixel_size_angstrom is not None and not pixel_size_angstrom > 0:
        raise ConfigError("pixel_size_angstrom", f"is {pixel_size_angstrom}; give a number above 0")
    suffix = file.path.suffix.lower()
    opener = _OPENERS.get(suffix)
    if opener is None:
        read_head(file.path, 1)  # a missing file is a better reason than its suffix
        raise FileFormatError(
            file.path,
            f"is not a micrograph that can be read: its suffix is '{file.path.suffix}', expected "
            f"one of {', '.join(MICROGRAPH_SUFFIXES)}",
        )
    listing = file.listing
    if file.slice_index is None:
        micrograph = opener(file.path)
    else:
        micrograph = open_mrc(file.path, slice_index=file.slice_index)
        listing = file.find_listing()  # its path alone is that of all slices
    micrograph = replace(micrograph, name=file.name, listing=listing)
    pixel_size_angstrom = pixel_size_angstrom or file.pixel_size_angstrom
    if pixel_size_angstrom is not None:
        micrograph = micrograph.with_pixel_size(pixel_size_angstrom)
    return micrograph


def find_micrographs(paths: str | Path | Iterable[str | Path]) -> list[MicrographFile]:
    """List the micrographs that a user named.

    Parameters
    ----------
    paths
        Files, folders (every micrograph file directly in one), patterns with ``*``, and lists:
        RELION's ``micrographs_ctf.star`` or exposures of cryoSPARC (``.cs``, ``.csg``). A stack
        (``.mrcs``) stands for its slices. A file is kept even if it is missing, so that it fails
        on its own and the others are processed.

    Returns
    -------
    list of MicrographFile
        Each micrograph once, in the order given; those of a folder or pattern sorted.

    Raises
    ------
    ConfigError
        No path is given.
    FileFormatError
        A folder or a pattern yields no micrograph, or a list cannot be read.
    ConventionError
        Two micrographs have the same name but for folder and extension.
    """
    files: list[MicrographFile] = []
    for path in list_files(paths, suffixes=MICROGRAPH_SUFFIXES, kind="micrographs"):
        files += _expand(path)
    return list(index_by_name(files).values())


def _expand(path: Path) -> list[MicrographFile]:
    file = MicrographFile.of(path)
    suffix = path.suffix.lower()
    if suffix in LIST_SUFFIXES:
        return read_micrograph_list(path)
    if suffix == STACK_SUFFIX and file.slice_index is None and path.exists():
        n_slices = count_slices(path)
        if n_slices > 1:
            return [replace(file, slice_index=index) for index in range(n_slices)]
    return [file]


def index_by_name(
    paths: Iterable[str | Path | MicrographFile],
) -> dict[str, MicrographFile]:
    """Micrographs by their name without folder and extension, which coordinates are matched to.

    Raises
    ------
    ConventionError
        Two micrographs have the same name.
    """
    by_name: dict[str, MicrographFile] = {}
    for file in map(MicrographFile.of, paths):
        other = by_name.setdefault(file.name, file)
        if other is not file and normalise_path(other.path) != normalise_path(file.path):
            raise ConventionError(
                f"two micrographs have the same name, so coordinates cannot be told apart: "
                f"{other} and {file}. Give only one of them (a pattern such as 'folder/*.mrc' "
                "helps) or rename one"
            )
    return by_name
