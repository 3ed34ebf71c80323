"""Plain CSV and TSV tables of coordinates, with a header that names the columns."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepem.core import Listing, Picks
from deepem.errors import FileFormatError
from deepem.io.atomic import write_atomically
from deepem.io.formats.delimited import DelimitedTable, normalise_column, open_delimited
from deepem.io.formats.grouping import split_by_micrograph
from deepem.io.naming import find_name

_COLUMNS = ("micrograph", "x_px", "y_px", "score", "std", "box_size_px")
_RELION_MICROGRAPH = "rlnmicrographname"


@dataclass(frozen=True)
class ColumnNames:
    """What a format calls its columns, in lower case with underscores; the first comes first.

    Parameters
    ----------
    micrograph, x, y, score, std, box_size
        The names of each column. Columns without a name are not read.
    header
        An example of the header, for messages.
    is_micrograph_needed
        Whether a file without the column ``micrograph`` is an error.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    header: str
    micrograph: tuple[str, ...] = ()
    score: tuple[str, ...] = ()
    std: tuple[str, ...] = ()
    box_size: tuple[str, ...] = ()
    is_micrograph_needed: bool = False


_NAMES = ColumnNames(
    micrograph=(
        "micrograph", "micrograph_name", "image_name", "image", "filename", "file_name",
        _RELION_MICROGRAPH,
    ),
    x=("x_px", "x", "x_coord", "x_coordinate", "coordinate_x", "x_center", "rlncoordinatex"),
    y=("y_px", "y", "y_coord", "y_coordinate", "coordinate_y", "y_center", "rlncoordinatey"),
    score=(
        "score", "confidence", "figure_of_merit", "fom", "probability", "rlnautopickfigureofmerit",
    ),
    std=("std",),
    box_size=("box_size_px", "box_size", "boxsize"),
    header="micrograph,x_px,y_px,score",
)  # fmt: skip


def has_coordinate_columns(head: str) -> bool:
    """Whether the first line of a file, but for comments, names columns of coordinates."""
    lines = (line for line in head.lstrip("\ufeff").splitlines() if line.strip())
    first = next((line for line in lines if not line.startswith("#")), "")
    columns = {normalise_column(word.strip(" \"'")) for word in re.split("[,;\t]", first)}
    return not columns.isdisjoint(_NAMES.x) and not columns.isdisjoint(_NAMES.y)


def read_table(path: Path) -> list[Picks]:
    """Read a CSV or TSV table of coordinates.

    Parameters
    ----------
    path
        A header and a row for each particle, separated by commas, tabs or semicolons, whatever
        the suffix. Columns: ``x_px`` and ``y_px``, centres in unbinned pixels counted from 0;
        perhaps ``micrograph``, ``score``, ``std`` and ``box_size_px``. Other usual names are
        understood: ``x``, ``x_coord``, ``rlnCoordinateX``, ``image_name``, ``confidence`` …

    Returns
    -------
    list of Picks
        One for each micrograph in order of first appearance; without a column that names it, or
        without rows, one that has the name of the file.

    Raises
    ------
    FileFormatError
        The file has no header, lacks a column, a value is not a number, the boxes of one
        micrograph differ, or two micrographs have the same name but for their folder.
    """
    return read_columns(path, _NAMES)


def read_columns(path: Path, names: ColumnNames) -> list[Picks]:
    """Read a table whose columns have the given names; see :func:`read_table`."""
    table = open_delimited(path, expected=names.header)
    x, y = require_columns(table, x=names.x, y=names.y, header=names.header)
    score, std, box_size = (table.find(n) for n in (names.score, names.std, names.box_size))
    if names.is_micrograph_needed:
        require_columns(table, micrograph=names.micrograph, header=names.header)
    micrograph = table.find(names.micrograph)
    frame = table.read(
        numbers=(x, y),
        optional=[index for index in (score, std, box_size) if index is not None],
        texts=() if micrograph is None else (micrograph,),
    )

    def take(index: int | None, rows: NDArray[np.intp] | slice) -> NDArray[np.float64] | None:
        return None if index is None else frame[index].to_numpy()[rows]

    groups: list[tuple[str, NDArray[np.intp] | slice]] = [(path.stem, slice(None))]
    is_listed = False
    if micrograph is not None and len(frame):
        groups = list(split_by_micrograph(path, frame[micrograph]))
        is_listed = table.find((_RELION_MICROGRAPH,)) == micrograph
    return [
        Picks(
            path.stem if micrograph is None else find_name(name),
            frame[x].to_numpy()[rows],
            frame[y].to_numpy()[rows],
            score=take(score, rows),
            std=take(std, rows),
            box_size_px=_find_box_size(path, name, take(box_size, rows)),
            listing=Listing(name) if is_listed else None,
        )
        for name, rows in groups
    ]


def require_columns(
    table: DelimitedTable, *, header: str, **aliases: tuple[str, ...]
) -> tuple[int, ...]:
    """Indices of columns that must be there.

    Raises
    ------
    FileFormatError
        One is missing.
    """
    indices = [table.find(names) for names in aliases.values()]
    missing = [names[0] for names, index in zip(aliases.values(), indices, strict=True)
               if index is None]  # fmt: skip
    if missing:
        raise FileFormatError(
            table.path,
            f"line {table.line}: has no column {' and no column '.join(missing)}; it has "
            f"{', '.join(table.columns)}. Name its columns as in {header}, separated by commas, "
            "tabs or semicolons",
        )
    return tuple(index for index in indices if index is not None)


def _find_box_size(path: Path, name: str, sizes: NDArray[np.float64] | None) -> int | None:
    """The size of all boxes of a micrograph; None where none is known."""
    if sizes is None:
        return None
    found = np.unique(sizes[np.isfinite(sizes)])
    if found.size > 1:
        raise FileFormatError(
            path,
            f"{name} has boxes of {found[0]:g} and {found[1]:g} px; expected one size for a "
            "micrograph, so correct the column, or delete it",
        )
    if found.size and (found[0] < 1 or found[0] % 1):
        raise FileFormatError(
            path,
            f"{name} has the box size {found[0]:g}; expected a whole number of pixels above 0, so "
            "correct the column, or delete it",
        )
    return int(found[0]) if found.size else None


def write_csv(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of all micrographs as a table separated by commas.

    Columns ``micrograph``, ``x_px``, ``y_px``, ``score``, ``std``, ``box_size_px``; the last three
    only where known for any particle. Micrographs without picks have no row, so they are not in
    the file.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    _write_table(picks, path, delimiter=",", overwrite=overwrite)


def write_tsv(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of all micrographs as a table separated by tabs; see :func:`write_csv`."""
    _write_table(picks, path, delimiter="\t", overwrite=overwrite)


def _write_table(picks: Sequence[Picks], path: Path, *, delimiter: str, overwrite: bool) -> None:
    is_known = {
        "score": any(np.isfinite(one.score).any() for one in picks),
        "std": any(np.isfinite(one.std).any() for one in picks),
        "box_size_px": any(one.box_size_px is not None and len(one) for one in picks),
    }
    with write_atomically(path, overwrite=overwrite) as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow([name for name in _COLUMNS if is_known.get(name, True)])
        for one in picks:
            columns = [repeat(one.micrograph, len(one)), to_texts(one.x_px), to_texts(one.y_px)]
            columns += [to_texts(getattr(one, name)) for name in ("score", "std") if is_known[name]]
            if is_known["box_size_px"]:
                size = "" if one.box_size_px is None else str(one.box_size_px)
                columns.append(repeat(size, len(one)))
            writer.writerows(zip(*columns, strict=True))


def to_texts(numbers: NDArray[np.float64]) -> list[str]:
    """Numbers with twelve digits, so to a millionth of a pixel; empty where not known."""
    return [f"{number:.12g}" if math.isfinite(number) else "" for number in numbers.tolist()]
