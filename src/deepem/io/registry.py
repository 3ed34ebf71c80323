"""The coordinate formats, and reading and writing picks in any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.io.box import read_box, write_box
from deepem.io.star import read_star, write_star

# What RELION and others append to a micrograph's name to name its coordinates.
_PICK_NAMES = ("_autopick", "_manualpick", "_topazpicks", "_picks", "_pick", "_deepem")


class _Writer(Protocol):
    def __call__(self, picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None: ...


@dataclass(frozen=True)
class PickFormat:
    """One way to keep coordinates in a file.

    Parameters
    ----------
    name
        What users type, such as ``star``.
    suffix
        Of its files, lower case with the dot.
    description
        One line for ``--help``.
    read
        Returns the picks in a file, one ``Picks`` for each micrograph. Where the file does not
        name its micrograph, ``Picks.micrograph`` is the file's own name without extension.
    write
        Writes picks to a file.
    one_file_for_all
        Whether a file is written for many micrographs at once; otherwise for one.
    """

    name: str
    suffix: str
    description: str
    read: Callable[[Path], list[Picks]]
    write: _Writer
    one_file_for_all: bool = False


PICK_FORMATS = (
    PickFormat("box", ".box", "EMAN2 boxes: corner and size, whole pixels", read_box, write_box),
    PickFormat("star", ".star", "RELION coordinates: centres and scores", read_star, write_star),
)


def pick_format(name_or_path: str | Path) -> PickFormat:
    """Look up a format by its name, or that of a file by its suffix.

    Raises
    ------
    ConfigError
        There is none.
    """
    suffix = Path(name_or_path).suffix.lower()
    for known in PICK_FORMATS:
        if name_or_path == known.name or suffix == known.suffix:
            return known
    choices = ", ".join(f"{known.name} ({known.suffix})" for known in PICK_FORMATS)
    raise ConfigError(
        "format",
        f"'{name_or_path}' is not a coordinate format that is known; choose from {choices}",
    )


def strip_pick_name(name: str) -> str:
    """Find the micrograph's name in a coordinate file's: ``mic_1`` in ``mic_1_autopick``."""
    for pick_name in _PICK_NAMES:
        if name.endswith(pick_name):
            return name.removesuffix(pick_name)
    return name


def read_picks(path: str | Path, *, format: str | None = None) -> list[Picks]:
    """Read the coordinates in a file.

    Parameters
    ----------
    path
        The coordinate file.
    format
        Name of its format, such as ``"star"``; None goes by the suffix.

    Returns
    -------
    list of Picks
        One for each micrograph in the file, centres in unbinned pixels. Where the file does not
        name the micrograph, its name is the file's, without what programs append to it
        (``_autopick``, ``_manualpick``, ``_topazpicks``, ``_picks``, ``_pick``, ``_deepem``).

    Raises
    ------
    ConfigError
        The format is not known.
    FileFormatError
        The file is missing, damaged, or holds something else.
    """
    path = Path(path)
    return [
        replace(picks, micrograph=strip_pick_name(picks.micrograph))
        for picks in pick_format(format or path).read(path)
    ]


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
        if not np.isfinite([one.x_px, one.y_px]).all():
            raise ConventionError(
                f"{path}: some coordinates of {one.micrograph} are NaN or infinite; drop them first"
            )
    chosen.write(picks, path, overwrite=overwrite)
    return path
