"""Small pictures of micrographs, kept on disk: a long list of them scrolls."""

from __future__ import annotations

import logging
import os
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deepem.core import Micrograph
from deepem.errors import OutputError
from deepem.io import write_atomically
from deepem.studio.display.contrast import GreyValues
from deepem.studio.display.grey_unit import GreyUnit, find_grey_unit, is_narrow
from deepem.studio.display.jpeg import encode_jpeg
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid_cache import find_file_state

logger = logging.getLogger(__name__)

#: Longest side of a thumbnail.
THUMBNAIL_SIDE_PX = 160
_LOOK = Look(black=1, white=99)
# A part of the rows is enough for a picture this small, and saves most of the reading.
_ROWS_OF_EACH = 8
_MAPPED_STRIPS = 16
# Micrographs that are read at a time; others wait.
_N_AT_A_TIME = min(4, len(os.sched_getaffinity(0)))


class Thumbnails:
    """Thumbnails of micrographs, made when first asked for; safe to use from several threads.

    Parameters
    ----------
    folder
        Where they are kept, as ``NAME.jpg``. It is made when the first one is written. Where it
        cannot be written, thumbnails are made each time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places = threading.Semaphore(_N_AT_A_TIME)

    def get(self, micrograph: Micrograph) -> bytes:
        """The thumbnail of a micrograph as its file is now, as JPEG.

        Raises
        ------
        deepem.errors.FileFormatError
            The file is missing or damaged.
        """
        # What it was made from is a comment inside: both are written at once.
        made_from = "{} bytes, changed at {} ns".format(*find_file_state(micrograph))
        path = self._folder / f"{micrograph.name}.jpg"
        kept = _read_kept(path, made_from)
        if kept is not None:
            return kept
        with self._places:
            thumbnail = encode_jpeg(make_thumbnail(micrograph), comment=made_from)
        try:
            with write_atomically(path, overwrite=True, mode="wb") as file:
                file.write(thumbnail)
        except OutputError as error:
            logger.debug("thumbnail not kept: %s", error)
        return thumbnail


def make_thumbnail(micrograph: Micrograph) -> NDArray[np.uint8]:
    """Make a small picture from a part of the rows, spread evenly over the micrograph.

    Returns
    -------
    grey
        From 0, black, to 255, white; row 0 first; the longer side has 160 pixels, or what the
        micrograph has if that is less.

    Raises
    ------
    deepem.errors.FileFormatError
        The file is damaged.
    """
    pixels = micrograph.pixels()
    is_mapped = isinstance(pixels, np.memmap)
    unit = find_grey_unit(micrograph.pixels if is_mapped else lambda: pixels)
    ny, nx = pixels.shape
    # Means of squares first, down to less than twice the final size.
    square = 1
    while max(ny, nx) >= 2 * square * THUMBNAIL_SIDE_PX:
        square *= 2
    lines = []
    for number, top in enumerate(range(0, ny, square)):
        if is_mapped and number % _MAPPED_STRIPS == 0:
            pixels = micrograph.pixels()  # what was read so far need not stay in memory
        lines.append(_average_rows(pixels[top : top + square], unit))
    starts = np.arange(0, nx, square)
    sums = np.add.reduceat(unit.apply(np.stack(lines)), starts, axis=1)
    binned = (sums / np.diff(starts, append=nx)).astype(np.float32)
    grey = GreyValues.of(binned).to_bytes(binned, _LOOK)
    shrink = min(1.0, THUMBNAIL_SIDE_PX / max(ny, nx))
    size = max(1, round(nx * shrink)), max(1, round(ny * shrink))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))


def _average_rows(strip: NDArray[Any], unit: GreyUnit) -> NDArray[np.floating]:
    """Mean of the rows in the middle of a strip."""
    top = max(0, (len(strip) - _ROWS_OF_EACH) // 2)
    rows = strip[top : top + _ROWS_OF_EACH]
    kind = np.float32 if is_narrow(rows.dtype) else np.float64
    with np.errstate(over="ignore", invalid="ignore"):
        mean = rows.mean(axis=0, dtype=kind)
        if not np.isfinite(mean).all():
            mean = np.where(np.isfinite(rows), rows, unit.offset).mean(axis=0, dtype=kind)
    return np.asarray(mean)


def _read_kept(path: Path, made_from: str) -> bytes | None:
    """A thumbnail that is kept and was made from the same content."""
    try:
        content = path.read_bytes()
        with Image.open(BytesIO(content), formats=["JPEG"]) as image:
            return content if image.info.get("comment") == made_from.encode() else None
    except OSError:  # none there, or not written by us
        return None
