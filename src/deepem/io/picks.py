"""Read and write a file of coordinates, in any format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepem.core import Picks
from deepem.errors import ConventionError
from deepem.io.naming import strip_pick_name
from deepem.io.pick_format import FindShape
from deepem.io.registry import find_format, pick_format


def read_picks(
    path: str | Path,
    *,
    format: str | None = None,
    find_shape: FindShape | None = None,
) -> list[Picks]:
    """Read the coordinates in a file.

    Parameters
    ----------
    path
        The coordinate file.
    format
        Name of its format, such as ``"star"``; None goes by the suffix and the content.
    find_shape
        Returns the shape ``(ny, nx)`` of the micrograph that a name in the file stands for; only
        formats that count rows from the last one (CryoPPP) need it.

    Returns
    -------
    list of Picks
        One for each micrograph in the file, centres in unbinned pixels. Where the file does not
        name the micrograph, its name is the file's, without what programs append to it
        (``_autopick``, ``_manualpick``, ``_topazpicks``, ``_info`` …).

    Raises
    ------
    ConfigError
        The format is not known.
    FileFormatError
        The file is missing, damaged, or holds something else.
    ConventionError
        The format counts rows from the last one, and the micrograph's shape is not known.
    """
    path = Path(path)
    found = find_format(path, format=format).load(path, find_shape=find_shape)
    return [replace(picks, micrograph=strip_pick_name(picks.micrograph)) for picks in found]


def write_picks(
    picks: Picks | Sequence[Picks],
    path: str | Path,
    *,
    format: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write coordinates to a file, completely or not at all.

    Parameters
    ----------
    picks
        The picks of one micrograph; of several only in formats with ``one_file_for_all``.
    path
        The file to write; its folder is made where it is missing.
    format
        Name of the format, such as ``"star"``; None goes by the suffix.
    overwrite
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        The format is not known, or needs something that the picks lack.
    ConventionError
        A coordinate is not finite, or several micrographs are given to a format for one.
    OutputError
        The file exists already or cannot be written.
    """
    path = Path(path)
    picks = [picks] if isinstance(picks, Picks) else picks
    chosen = pick_format(format or path)
    if len(picks) != 1 and not chosen.one_file_for_all:
        raise ConventionError(
            f"{path}: a {chosen.suffix} file holds the picks of one micrograph, got those of "
            f"{len(picks)}; write one file for each"
        )
    for one in picks:
        if not (np.isfinite(one.x_px).all() and np.isfinite(one.y_px).all()):
            raise ConventionError(
                f"{path}: some coordinates of {one.micrograph} are NaN or infinite; drop them first"
            )
    chosen.save(picks, path, overwrite=overwrite)
    return path
