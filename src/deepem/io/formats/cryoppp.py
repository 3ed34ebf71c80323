"""CryoPPP CSV files: centres on pictures that were turned upside down, and a diameter."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path

import numpy as np

from deepem.core import BOX_OVER_DIAMETER, Picks
from deepem.io.atomic import write_atomically
from deepem.io.formats.delimited import open_delimited
from deepem.io.formats.table import require_columns, to_texts

_HEADER = "X-Coordinate,Y-Coordinate,Diameter"


def read_cryoppp(path: Path) -> list[Picks]:
    """Read a CSV file of the CryoPPP data set.

    CryoPPP drew its particles on pictures whose first row is the last one of the MRC file, and
    counted so that row = height − y. The picks returned count rows from the last one, the last
    being row 0, which is what ``counts_rows_from_end`` means: y − 1. The registry turns them over
    with the height of the micrograph: (height − 1) − (y − 1) = height − y.

    Parameters
    ----------
    path
        A table with ``X-Coordinate``, ``Y-Coordinate`` and perhaps ``Diameter`` in pixels; other
        columns are not read.

    Returns
    -------
    list of Picks
        One, that has the name of the file. Where all particles have one diameter, the box is 1.5
        times as large, rounded up to an even number of pixels, so that the diameter can be told
        from it as from any other box.

    Raises
    ------
    FileFormatError
        The file has no header, lacks a column, or a value is not a number.
    """
    table = open_delimited(path, expected=_HEADER)
    x, y = require_columns(table, x=("x_coordinate",), y=("y_coordinate",), header=_HEADER)
    diameter = table.find(("diameter",))
    frame = table.read(numbers=(x, y), optional=() if diameter is None else (diameter,))
    sizes = np.unique(frame[diameter]) if diameter is not None else np.empty(0)
    box_size_px = None
    if sizes.size == 1 and sizes[0] > 0:
        # The small number keeps 1.5 · (box / 1.5) from becoming a little more than the box.
        box_size_px = 2 * math.ceil(sizes[0] * BOX_OVER_DIAMETER / 2 - 1e-6)
    return [Picks(path.stem, frame[x], frame[y] - 1, box_size_px=box_size_px)]


def write_cryoppp(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph, counted from its last row, as CryoPPP does.

    The column ``Diameter`` is written where the box size is known: the box is 1.5 diameters.
    Scores are not kept.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    columns = [to_texts(single.x_px), to_texts(single.y_px + 1)]
    header = _HEADER.split(",")
    if single.box_size_px is not None:
        diameter = f"{single.box_size_px / BOX_OVER_DIAMETER:.12g}"
        columns.append(list(repeat(diameter, len(single))))
    with write_atomically(path, overwrite=overwrite) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header[: len(columns)])
        writer.writerows(zip(*columns, strict=True))
