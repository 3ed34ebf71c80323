"""Where on a micrograph to look: windows that hold most of what is expected to be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_REGION_STEPS = 8
_MOST_STEPS = 64


@dataclass(frozen=True)
class Region:
    """A part of a micrograph to look at.

    Parameters
    ----------
    x_px, y_px
        Its first column and row, in unbinned pixels.
    width_px, height_px
        Its size in pixels; it lies inside the micrograph.
    score
        Wrong verdicts that are expected in it.
    n_doubtful
        Candidates in it with a probability of 0.25 … 0.75.
    """

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    score: float
    n_doubtful: int


def find_regions(
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    *,
    weight: NDArray[np.float64],
    is_doubtful: NDArray[np.bool_],
    shape: tuple[int, int],
    region_px: float,
    n_regions: int,
) -> list[Region]:
    """Find the windows that hold most weight, one after the other, none over another.

    Parameters
    ----------
    x_px, y_px
        Places, shape ``(n,)``, in unbinned pixels.
    weight
        Of each place, shape ``(n,)``, from 0: wrong verdicts that are expected there.
    is_doubtful
        Which places are counted in ``Region.n_doubtful``, shape ``(n,)``.
    shape
        Of the micrograph, ``(ny, nx)``.
    region_px
        Side of a window in unbinned pixels, above 0; cut to the size of the micrograph.
    n_regions
        Most windows, from 0.

    Returns
    -------
    list of Region
        Heaviest first, none without weight. Windows begin an eighth of their side apart, at most
        65 along a side of the micrograph; of equal ones the first in rows, then columns, is taken.
    """
    ny, nx = shape
    height, width = (max(1, min(round(region_px), size)) for size in (ny, nx))
    tops, lefts = _list_origins(ny, height), _list_origins(nx, width)
    row = np.clip(np.rint(y_px), 0, ny - 1)
    column = np.clip(np.rint(x_px), 0, nx - 1)
    in_rows = (row >= tops[:, None]) & (row < tops[:, None] + height)
    in_columns = (column >= lefts[:, None]) & (column < lefts[:, None] + width)
    totals = (in_rows * weight) @ in_columns.T.astype(float)
    regions: list[Region] = []
    while len(regions) < n_regions and totals.max() > 0:
        # Of equal windows the first, in spite of rounding.
        best = int(np.argmax(totals >= totals.max() * (1 - 1e-9)))
        i, j = divmod(best, len(lefts))
        regions.append(
            Region(
                x_px=int(lefts[j]),
                y_px=int(tops[i]),
                width_px=width,
                height_px=height,
                score=float(totals[i, j]),
                n_doubtful=int((in_rows[i] & in_columns[j] & is_doubtful).sum()),
            )
        )
        overlaps_rows, overlaps_columns = (
            abs(tops - tops[i]) < height,
            abs(lefts - lefts[j]) < width,
        )
        totals[np.ix_(overlaps_rows, overlaps_columns)] = 0
    return regions


def _list_origins(size: int, window: int) -> NDArray[np.int64]:
    """First pixels of windows from one end to the other, an eighth of a window apart."""
    room = size - window
    n_steps = min(-(-room * _REGION_STEPS // window), _MOST_STEPS)
    origins: NDArray[np.int64] = np.unique(np.linspace(0, room, n_steps + 1).round().astype(int))
    return origins
