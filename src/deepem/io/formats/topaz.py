"""Topaz coordinate tables: whole pixels of all micrographs, separated by tabs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path

import numpy as np

from deepem.core import Picks
from deepem.io.atomic import write_atomically
from deepem.io.formats.table import ColumnNames, read_columns, to_texts

_NAMES = ColumnNames(
    micrograph=("image_name",),
    x=("x_coord",),
    y=("y_coord",),
    score=("score",),
    header="image_name, x_coord, y_coord, score",
    is_micrograph_needed=True,
)


def read_topaz(path: Path) -> list[Picks]:
    """Read a Topaz table of coordinates.

    Topaz counts rows as they are stored and from 0, and names particle centres: exactly ours. Its
    coordinates are those of the images that it was run on, often binned ones: ``deepem convert
    --binned-by`` brings them to the micrograph. Its scores are logarithms of likelihood ratios and
    may be negative.

    Parameters
    ----------
    path
        A header and a row for each particle: ``image_name``, with or without an extension,
        ``x_coord``, ``y_coord``, and perhaps ``score``; whole pixels or not.

    Returns
    -------
    list of Picks
        One for each image in order of first appearance; one that has the name of the file where
        there are no rows.

    Raises
    ------
    FileFormatError
        The file has no header, lacks a column, or a value is not a number.
    """
    return read_columns(path, _NAMES)


def write_topaz(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of all micrographs as a Topaz table.

    Whole pixels, halves rounded up, as Topaz itself writes them; read back, a centre is at most
    half a pixel away. The column of scores is left out where none is known; if only some are, the
    others are empty, and ``topaz convert`` drops them. A micrograph without picks cannot be
    represented: it has no row.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    has_scores = any(np.isfinite(one.score).any() for one in picks)
    with write_atomically(path, overwrite=overwrite) as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        header = ["image_name", "x_coord", "y_coord"]
        writer.writerow([*header, "score"] if has_scores else header)
        for one in picks:
            x, y = (np.floor(centre + 0.5).astype(int).tolist() for centre in (one.x_px, one.y_px))
            columns = [repeat(one.micrograph, len(one)), x, y]
            if has_scores:
                columns.append(to_texts(one.score))
            writer.writerows(zip(*columns, strict=True))
