"""RELION STAR files of coordinates."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import FileFormatError
from deepem.io.atomic import write_atomically
from deepem.io.inputs import read_text

_UNKNOWN = -999.0  # RELION's dummy for a score that nobody computed
_X, _Y, _SCORE = "rlnCoordinateX", "rlnCoordinateY", "rlnAutopickFigureOfMerit"
_MICROGRAPH = "rlnMicrographName"
_HEADER = f"""
# version 30001

data_

loop_
_{_X} #1
_{_Y} #2
_{_SCORE} #3
_rlnClassNumber #4
_rlnAnglePsi #5
"""


def read_star(path: Path) -> list[Picks]:
    """Read a RELION STAR file of coordinates.

    RELION's coordinates are particle centres in pixels of the micrograph, counted from 0 at the
    centre of the first stored pixel, rows as stored: exactly ours, so nothing is converted.

    Parameters
    ----------
    path
        A file with one table, of any name, that has ``rlnCoordinateX`` and ``rlnCoordinateY``,
        and perhaps ``rlnAutopickFigureOfMerit`` (−999 means not known).

    Returns
    -------
    list of Picks
        One for each ``rlnMicrographName`` in order of first appearance; without this column, one
        that has the name of the file.

    Raises
    ------
    FileFormatError
        The file is not STAR, has no or several tables of coordinates, a value is not a number, or
        two micrographs have the same name but for their folder.
    """
    table = _read_table(path)
    picks = Picks(
        path.stem,
        _read_numbers(path, table, _X),
        _read_numbers(path, table, _Y),
        score=_read_known_numbers(path, table, _SCORE),
    )
    if _MICROGRAPH not in table or not len(picks):
        return [picks]
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(table[_MICROGRAPH]):
        rows_of.setdefault(str(name), []).append(row)
    names: dict[str, str] = {}
    for name in rows_of:
        other = names.setdefault(Path(name).stem, name)
        if other != name:
            raise FileFormatError(
                path, f"names two micrographs alike: {other} and {name}; rename one or split it"
            )
    return [
        replace(picks.take(np.array(rows)), micrograph=Path(name).stem)
        for name, rows in rows_of.items()
    ]


def write_star(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph as a RELION coordinate file.

    Centres with six decimals, the score (−999 where it is not known), class 0 and angle 0, as
    RELION's own pickers without references write them. No picks make a valid empty table.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    scores = np.where(np.isfinite(single.score), single.score, _UNKNOWN)
    with write_atomically(path, overwrite=overwrite) as file:
        file.write(_HEADER)
        rows = np.column_stack([single.x_px, single.y_px, scores])
        for x, y, score in rows.tolist():  # Python's floats are formatted faster than numpy's
            file.write(f"{x:13.6f} {y:13.6f} {score:13.6f} {0:8d} {0:13.6f}\n")


def _read_table(path: Path) -> Any:
    """Read the one table (a pandas DataFrame) that has coordinates."""
    import starfile  # slow, because it loads pandas

    if not read_text(path).strip():
        raise FileFormatError(path, "is empty; copy or transfer it again")
    try:
        blocks = starfile.read(path, always_dict=True, parse_as_string=[_MICROGRAPH])
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise FileFormatError(path, f"is not a valid STAR file ({error})") from error
    finally:
        linecache.clearcache()  # after a failure starfile would read the old lines again
    tables = {name: block for name, block in blocks.items() if _X in block and _Y in block}
    if len(tables) == 1:
        return next(iter(tables.values()))
    found = "; ".join(
        f"data_{name} with {', '.join(block)}" for name, block in (tables or blocks).items()
    )
    problem = f"expected one table with {_X} and {_Y}, found {found or 'no data block at all'}"
    if any("rlnMicrographCoordinates" in block for block in blocks.values()):
        problem += ". This file lists coordinate files: give those, or their folder, instead"
    raise FileFormatError(path, problem)


def _read_numbers(
    path: Path, table: Any, column: str, *, may_be_missing: bool = False
) -> NDArray[np.float64]:
    """Read a column of finite numbers; a missing one is NaN where it may be missing."""
    try:
        numbers = np.asarray(table[column], dtype=np.float64)
    except ValueError:  # a text somewhere: convert one by one to find it
        numbers = np.array([_to_number(value) for value in table[column]])
    is_wrong = ~np.isfinite(numbers)
    if may_be_missing:
        is_wrong &= np.asarray(table[column].notna())
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise FileFormatError(
            path,
            f"row {row + 1} of the table, column {column}: '{table[column].iloc[row]}' is not a "
            "finite number; correct or delete the row",
        )
    return numbers


def _read_known_numbers(path: Path, table: Any, column: str) -> NDArray[np.float64] | None:
    """Read an optional column of numbers, NaN where they are not known."""
    if column not in table:
        return None
    numbers = _read_numbers(path, table, column, may_be_missing=True)
    return np.where(numbers == _UNKNOWN, np.nan, numbers)


def _to_number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        return np.nan
