"""Tiles: squares that a level of a micrograph is cut into, for the page to fetch what it shows."""

from __future__ import annotations

from deepem.errors import NotFoundError
from deepem.studio.display.jpeg import encode_jpeg
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid import TILE_SIZE_PX, Pyramid, find_level_shape
from deepem.studio.display.view import view


def render_tile(pyramid: Pyramid, level: int, column: int, row: int, look: Look) -> bytes:
    """Make a tile as JPEG.

    Parameters
    ----------
    pyramid
        The micrograph.
    level
        0 for full size, ``k`` for binned ``2**k`` times.
    column, row
        Which tile, from 0, counted from the first pixel of the first row.
    look
        Contrast and filters.

    Returns
    -------
    bytes
        A picture of 512 x 512 pixels, less at the last column and the last row.

    Raises
    ------
    NotFoundError
        There is no such tile.
    deepem.errors.FileFormatError
        The file is damaged, or has changed.
    """
    if not 0 <= level < pyramid.n_levels:
        raise NotFoundError(f"there is no level {level}; the last one is {pyramid.n_levels - 1}")
    ny, nx = find_level_shape(pyramid.shape, level)
    n_rows, n_columns = (-(-n // TILE_SIZE_PX) for n in (ny, nx))
    if not (0 <= column < n_columns and 0 <= row < n_rows):
        raise NotFoundError(
            f"level {level} has {n_columns} columns and {n_rows} rows of tiles, so there is none "
            f"in column {column}, row {row}, counted from 0"
        )
    rows, columns = (
        slice(first * TILE_SIZE_PX, min((first + 1) * TILE_SIZE_PX, n))
        for first, n in ((row, ny), (column, nx))
    )
    return encode_jpeg(view(pyramid, level, rows, columns, look))
