"""Lists of micrographs: RELION's STAR files and cryoSPARC's exposures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepem.core import Listing
from deepem.errors import FileFormatError
from deepem.io.micrograph_file import MicrographFile
from deepem.io.project_paths import find_in_project
from deepem.io.star_file import find_star_tables
from deepem.io.star_table import StarTable

if TYPE_CHECKING:
    import pandas as pd

LIST_SUFFIXES = (".star", ".cs", ".csg")
_MICROGRAPH, _GROUP, _PIXEL_SIZE = "rlnMicrographName", "rlnOpticsGroup", "rlnMicrographPixelSize"
_COORDINATES = {"rlnCoordinateX", "rlnMicrographCoordinates"}
# How RELION 3.0 gives the pixel size: that of the detector in µm, and the magnification.
_DETECTOR, _MAGNIFICATION = "rlnDetectorPixelSize", "rlnMagnification"
_ANGSTROM_PER_UM = 1e4


def is_micrograph_list(path: Path) -> bool:
    """Whether a file lists micrographs and no coordinates.

    Raises
    ------
    FileFormatError
        The file cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".star":
        columns = {column for table in find_star_tables(path) for column in table.columns}
        return _MICROGRAPH in columns and not columns & _COORDINATES
    if suffix in LIST_SUFFIXES:
        from deepem.io.cryosparc_dataset import is_exposures

        return is_exposures(path)
    return False


def read_micrograph_list(path: Path) -> list[MicrographFile]:
    """Read the micrographs that a list names.

    Parameters
    ----------
    path
        ``micrographs.star``, ``micrographs_ctf.star`` or any other STAR file with a column
        ``rlnMicrographName``, of RELION 3.0 to 5; or an exposure group of cryoSPARC (``.cs``,
        ``.csg``).

    Returns
    -------
    list of MicrographFile
        Each micrograph once, in the order of the list, with the pixel size of its optics group.
        Files are looked for from the current folder, that of the list, and those above it; one
        that is missing is in the list and fails when it is opened.

    Raises
    ------
    FileFormatError
        The file is not such a list, or a value is not a number.
    """
    if path.suffix.lower() == ".star":
        return _read_star_list(path)
    from deepem.io.cryosparc_dataset import read_exposures

    return [
        _find_file(listing, pixel_size_angstrom, path)
        for listing, pixel_size_angstrom in read_exposures(path)
    ]


def _read_star_list(path: Path) -> list[MicrographFile]:
    tables = find_star_tables(path)
    table = next((table for table in tables if _MICROGRAPH in table), None)
    if table is None:
        found = "; ".join(f"data_{one.name} with {', '.join(one.columns)}" for one in tables)
        raise FileFormatError(
            path,
            f"is not a list of micrographs: no table has a column {_MICROGRAPH}, found {found}; "
            "give the micrographs.star of a motion correction, CTF or selection job",
        )
    columns = table.read(
        texts=(_MICROGRAPH,),
        optional=(_GROUP, _PIXEL_SIZE, _DETECTOR, _MAGNIFICATION),
    )
    columns = columns.drop_duplicates(_MICROGRAPH)
    sizes = _find_pixel_sizes(columns, tables)
    return [
        _find_file(Listing(str(name)), size, path)
        for name, size in zip(columns[_MICROGRAPH], sizes, strict=True)
    ]


def _find_pixel_sizes(columns: pd.DataFrame, tables: list[StarTable]) -> list[float | None]:
    optics = next((one for one in tables if _PIXEL_SIZE in one and _GROUP in one), None)
    if _PIXEL_SIZE in columns:
        sizes = columns[_PIXEL_SIZE]
    elif _GROUP in columns and optics is not None:
        groups = optics.read(numbers=(_GROUP, _PIXEL_SIZE)).set_index(_GROUP)[_PIXEL_SIZE]
        sizes = columns[_GROUP].map(groups)
    elif _DETECTOR in columns and _MAGNIFICATION in columns:
        sizes = _ANGSTROM_PER_UM * columns[_DETECTOR] / columns[_MAGNIFICATION]
    else:
        return [None] * len(columns)
    return [float(size) if np.isfinite(size) and size > 0 else None for size in sizes]


def _find_file(listing: Listing, pixel_size_angstrom: float | None, path: Path) -> MicrographFile:
    file = MicrographFile.of(listing.path)
    return replace(
        file,
        path=find_in_project(str(file.path), path),
        pixel_size_angstrom=pixel_size_angstrom,
        listing=listing,
    )
