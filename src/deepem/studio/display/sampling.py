"""Parts of a micrograph, blurred, at any scale, from the level that costs least."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deepem.preprocessing.blurred_samples import CUT_OFF_SIGMA, sample_blurred
from deepem.studio.display.pyramid import Pyramid, find_level_shape

#: Reads pixels of a level: `Pyramid.read` or `Pyramid.cut`.
Read = Callable[[int, slice, slice], NDArray[np.float32]]

# A Gaussian of two pixels or more is as good from these as from pixels half as large: their own
# width changes its variance by 2 %.
_LEAST_SIGMA = 2.0
#: A blur of fewer pixels is none: it would change nothing that can be seen.
NO_BLUR_SIGMA = 0.4


def sample(
    pyramid: Pyramid,
    read: Read,
    rows_px: NDArray[np.float64],
    columns_px: NDArray[np.float64],
    *,
    sigma_px: float,
    first_level: int = 0,
) -> NDArray[np.float32]:
    """Gaussian means of a micrograph around the points of a grid.

    Parameters
    ----------
    pyramid, read
        The micrograph, and how its pixels are to be read.
    rows_px, columns_px
        Where the rows and the columns of the grid lie, ascending, in unbinned pixels. Points that
        lie outside get what is nearest to them, or 0.
    sigma_px
        Standard deviation of the Gaussian in unbinned pixels, at least 0.4 pixels of the level.
    first_level
        The finest level to be read.
    """
    level = find_level(pyramid, sigma_px, first_level=first_level)
    size_px = 2.0**level
    # In pixels of the level, whose first is in the middle of the unbinned ones it stands for.
    rows, columns = ((one + 0.5) / size_px - 0.5 for one in (rows_px, columns_px))
    sigma = sigma_px / size_px
    shape = find_level_shape(pyramid.shape, level)
    down, across = (
        _find_reach(positions, n, sigma)
        for positions, n in zip((rows, columns), shape, strict=True)
    )
    pixels = read(level, down, across)
    return sample_blurred(pixels, rows - down.start, columns - across.start, sigma=sigma)


def find_positions(pixels: slice, size_px: float) -> NDArray[np.float64]:
    """Where the middles of pixels lie that are ``size_px`` large, in unbinned pixels."""
    numbers = np.arange(pixels.start, pixels.stop, dtype=np.float64)
    return (numbers + 0.5) * size_px - 0.5


def find_level(pyramid: Pyramid, sigma_px: float, *, first_level: int = 0) -> int:
    """The coarsest level whose pixels are fine enough for a blur."""
    fine_enough = math.floor(math.log2(max(sigma_px / _LEAST_SIGMA, 1)))
    return min(max(first_level, fine_enough), pyramid.coarsest_level)


def _find_reach(positions: NDArray[np.float64], n: int, sigma: float) -> slice:
    """Pixels that count, at least one."""
    reach = CUT_OFF_SIGMA * sigma
    start = min(max(math.ceil(positions[0] - reach), 0), n - 1)
    stop = min(max(math.floor(positions[-1] + reach) + 1, start + 1), n)
    return slice(start, stop)
