"""What the kinds of junk are told by: cells, windows, and heights over the usual."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)
ROBUST = 1.4826  # standard deviation of a normal distribution over its median deviation
# What covers more of a micrograph is its normal state.
LARGEST_SHARE = 0.5


def odd(length: float) -> int:
    """The odd number of pixels, at least 3, that a window of this length has."""
    return max(3, 2 * int(length / 2) + 1)


def average_cells(image: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Mean of every cell of ``n`` x ``n`` pixels; an incomplete last row or column is dropped."""
    return _over_cells(np.add, image, n) / np.float32(n * n) if n > 1 else image


def _over_cells(fold: np.ufunc, image: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Fold every cell of ``n`` x ``n`` pixels to one value: rows first, as they lie in memory."""
    ny, nx = (max(1, length // n) for length in image.shape)
    rows = fold.reduce(image[: ny * n].reshape(ny, -1, image.shape[1]), axis=1)
    across = rows[:, : nx * n].reshape(ny, nx, -1)
    folded: NDArray[np.float32] = across[:, :, 0].copy()
    for column in range(1, across.shape[2]):
        fold(folded, across[:, :, column], out=folded)
    return folded


def widen(image: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True pixels and their eight neighbours."""
    rows = image.copy()
    rows[1:] |= image[:-1]
    rows[:-1] |= image[1:]
    wide = rows.copy()
    wide[:, 1:] |= rows[:, :-1]
    wide[:, :-1] |= rows[:, 1:]
    return wide


def to_sigmas(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance from the median in robust standard deviations."""
    centred = image - np.median(image)
    sigma = ROBUST * np.median(np.abs(centred))
    return (centred / max(float(sigma), 1e-6)).astype(np.float32, copy=False)


def usual_height(height: NDArray[np.float32], size: float, percentile: float) -> float:
    """The height below which this percentage of the places of the size of a particle stays."""
    cells = _over_cells(np.maximum, height, max(2, round(size)))
    return float(np.percentile(cells, percentile))


def is_filled(image: NDArray[np.bool_], window: float, share: float) -> NDArray[np.bool_]:
    """Where a window is True for more than a share of it."""
    n = odd(window)
    if 4 * np.count_nonzero(image) < share * n * n:  # mirrored at a corner, a sample counts 4 times
        return np.zeros(image.shape, dtype=bool)
    is_filled = uniform_filter(image.astype(np.float32), n) > share
    return np.asarray(is_filled, dtype=bool)
