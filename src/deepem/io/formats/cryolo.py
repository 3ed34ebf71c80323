"""The .cbox files of crYOLO: corners, sizes and confidences of boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import FileFormatError
from deepem.io.atomic import write_atomically
from deepem.io.formats.box import require_box_size
from deepem.io.inputs import read_text
from deepem.io.star_file import find_star_tables

_X, _Y, _Z, _WIDTH, _HEIGHT = "CoordinateX", "CoordinateY", "CoordinateZ", "Width", "Height"
_SCORE = "Confidence"
_COLUMNS = (
    _X, _Y, _Z, _WIDTH, _HEIGHT, "Depth", "EstWidth", "EstHeight", _SCORE, "NumBoxes", "Angle",
)  # fmt: skip
_EXPECTED = "expected five to seven numbers: x_corner y_corner width height confidence …"


def read_cbox(path: Path) -> list[Picks]:
    """Read a .cbox file of crYOLO.

    Corners are those with the smallest x and y in stored rows, so centre = corner + size / 2. The
    file holds everything that crYOLO found above a low confidence: select by score.

    Parameters
    ----------
    path
        A STAR file with the table ``data_cryolo`` (crYOLO 1.8 and later), or lines of
        ``x_corner y_corner width height confidence`` (before). An empty file means no particles.

    Returns
    -------
    list of Picks
        One, with the confidence as score, and a box size where all boxes are squares of one
        whole number of pixels.

    Raises
    ------
    FileFormatError
        A value is not a number, or the boxes are those of a tomogram.
    """
    text = read_text(path)
    if not text.strip():
        return [Picks(path.stem)]
    is_star = any(line.startswith("data_") for line in text.splitlines())
    boxes = _read_tables(path) if is_star else _read_lines(path, text)
    x_corner, y_corner, width, height, score = boxes.T
    sizes = np.unique(boxes[:, 2:4])
    is_whole = sizes.size == 1 and sizes[0] >= 1 and sizes[0] % 1 == 0
    return [
        Picks(
            path.stem,
            x_corner + width / 2,
            y_corner + height / 2,
            score=score,
            box_size_px=int(sizes[0]) if is_whole else None,
        )
    ]


def _read_tables(path: Path) -> NDArray[np.float64]:
    tables = find_star_tables(path)
    table = next((table for table in tables if _X in table and _WIDTH in table), None)
    if table is None:
        found = "; ".join(f"data_{one.name} with {', '.join(one.columns)}" for one in tables)
        raise FileFormatError(
            path,
            f"has no table with {_X} and {_WIDTH}, found {found}; give a .cbox file of crYOLO, or "
            "rename a STAR file to .star",
        )
    columns = table.read(numbers=(_X, _Y, _WIDTH, _HEIGHT), optional=(_SCORE, _Z))
    if _Z in columns and columns[_Z].nunique() > 1:
        raise FileFormatError(
            path,
            f"holds boxes in {columns[_Z].nunique()} slices of a tomogram; expected those of one "
            "micrograph",
        )
    if _SCORE not in columns:
        columns[_SCORE] = math.nan
    boxes: NDArray[np.float64] = columns[[_X, _Y, _WIDTH, _HEIGHT, _SCORE]].to_numpy()
    return boxes


def _read_lines(path: Path, text: str) -> NDArray[np.float64]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            row = [float(word) for word in words[:5]]
        except ValueError:
            row = [math.nan]
        if not all(map(math.isfinite, row)) or not 5 <= len(words) <= 7:
            raise FileFormatError(
                path, f"line {number}: '{line.strip()[:80]}' is not a box of crYOLO; {_EXPECTED}"
            )
        rows.append(row)
    return np.array(rows)


def write_cbox(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph as a .cbox file of crYOLO 1.8 and later.

    All columns, ``<NA>`` where nothing is known. The estimated size is that of the box, as
    crYOLO's box manager can hide boxes by it. No picks make an empty file, as in crYOLO.

    Raises
    ------
    ConfigError
        The box size is not known.
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    size_px = require_box_size(single, path) if len(single) else 0
    with write_atomically(path, overwrite=overwrite) as file:
        if len(single):
            _write_tables(file, single, size_px)


def _write_tables(file: IO[str], picks: Picks, size_px: int) -> None:
    labels = "".join(f"_{name} #{number}\n" for number, name in enumerate(_COLUMNS, start=1))
    file.write("\ndata_global\n\n_cbox_format_version 1.0\n\n")
    file.write(f"\ndata_cryolo\n\nloop_\n{labels}")
    size = f"{size_px} {size_px}"
    scores = [f"{score:.6f}" if math.isfinite(score) else "<NA>" for score in picks.score.tolist()]
    x_corner, y_corner = ((centre - size_px / 2).tolist() for centre in (picks.x_px, picks.y_px))
    for x, y, score in zip(x_corner, y_corner, scores, strict=True):
        file.write(f"{x:.6f} {y:.6f} <NA> {size} 1 {size} {score} <NA> <NA>\n")
    # The slices that were searched, which only a tomogram has.
    file.write("\n\ndata_cryolo_include\n\nloop_\n_slice_index #1\n")
