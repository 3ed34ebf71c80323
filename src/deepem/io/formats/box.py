"""EMAN2 .box files: the corner and size of each box, in whole pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deepem.core import Picks
from deepem.errors import ConfigError, FileFormatError
from deepem.io.atomic import write_atomically
from deepem.io.inputs import read_text

_EXPECTED = (
    "expected four or five numbers separated by blanks or tabs: "
    "x_corner y_corner width height [score]"
)


def read_box(path: Path) -> list[Picks]:
    """Read an EMAN2 .box file.

    Parameters
    ----------
    path
        Lines of ``x_corner y_corner width height`` and perhaps a score, separated by blanks or
        tabs, whole or with decimals. Blank lines and lines that begin with ``#`` are skipped. An
        empty file means no particles.

    Returns
    -------
    list of Picks
        One, with centre = corner + size // 2 and the box size of the file. A negative fifth
        number marks the ends of filaments in EMAN1, so it is not taken as a score.

    Raises
    ------
    FileFormatError
        A line is not as expected, a box is not square, or sizes differ.
    """
    rows: list[tuple[float, float, float]] = []
    size_px, size_line = None, 0
    for line, text in enumerate(read_text(path).splitlines(), start=1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        x_corner, y_corner, box_px, score = _parse_line(path, line, text)
        if size_px is None:
            size_px, size_line = box_px, line
        if box_px != size_px:
            raise FileFormatError(
                path,
                f"mixes box sizes: {size_px} in line {size_line} and {box_px} in line {line}; "
                "expected one size, so split the file by size",
            )
        rows.append((x_corner + box_px // 2, y_corner + box_px // 2, score))
    columns = np.array(rows).reshape(-1, 3)
    return [
        Picks(path.stem, columns[:, 0], columns[:, 1], score=columns[:, 2], box_size_px=size_px)
    ]


def write_box(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph as an EMAN2 .box file.

    Four integers a line, which every program reads: corner = round(centre) − size // 2, halves
    rounded up. Read back, a centre is the nearest whole pixel, at most 0.5 px away. Scores are not
    kept.

    Raises
    ------
    ConfigError
        The box size is not known.
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    size_px = require_box_size(single, path)
    x_corner, y_corner = (
        np.floor(centre + 0.5).astype(int) - size_px // 2 for centre in (single.x_px, single.y_px)
    )
    with write_atomically(path, overwrite=overwrite) as file:
        for x, y in zip(x_corner, y_corner, strict=True):
            file.write(f"{x}\t{y}\t{size_px}\t{size_px}\n")


def require_box_size(picks: Picks, path: Path) -> int:
    """The box size, for a file that holds boxes.

    Raises
    ------
    ConfigError
        It is not known.
    """
    if picks.box_size_px is None:
        raise ConfigError(
            "box_size_px",
            f"is not known for {picks.micrograph}, but {path} holds boxes; give it (--box-size)",
        )
    return picks.box_size_px


def _parse_line(path: Path, line: int, text: str) -> tuple[float, float, int, float]:
    """Corner x and y, size and score of one line."""
    where = f"line {line}: '{text.strip()[:80]}'"
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise FileFormatError(path, f"{where} is not all numbers; {_EXPECTED}")
    if len(numbers) == 2:
        raise FileFormatError(
            path,
            f"{where} has two columns: perhaps a plain list of coordinates, not boxes; {_EXPECTED}",
        )
    if len(numbers) not in (4, 5):
        raise FileFormatError(path, f"{where} has {len(numbers)} columns; {_EXPECTED}")
    x_corner, y_corner, width, height, *rest = numbers
    if width != height:
        raise FileFormatError(
            path, f"{where} is a box of {width:g} x {height:g} pixels; expected a square box"
        )
    if width < 1 or width != int(width):
        raise FileFormatError(
            path, f"{where} has the box size {width:g}; expected a whole number of pixels above 0"
        )
    score = rest[0] if rest and rest[0] >= 0 else math.nan
    return x_corner, y_corner, int(width), score
