"""Samples of a blurred image on a grid of one's own: resampling and low-pass filter in one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

#: Beyond this many standard deviations the Gaussian counts as 0.
CUT_OFF_SIGMA = 4.0


def sample_blurred(
    pixels: NDArray[np.float32],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    *,
    sigma: float,
) -> NDArray[np.float32]:
    """Gaussian means of an image around the points of a grid.

    Each is the mean of the pixels within four standard deviations along each axis, with Gaussian
    weights. It depends on nothing else: pieces that are computed each on its own, from parts of
    the image that hold these pixels, join without seams.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``, finite.
    rows, columns
        Where the rows ``(n_rows,)`` and the columns ``(n_columns,)`` of the grid lie, in pixels
        of the image; fractions and places outside are allowed.
    sigma
        Standard deviation of the Gaussian in pixels, at least 0.4: the pixels must not be
        farther apart than the Gaussian reaches.

    Returns
    -------
    samples
        Shape ``(n_rows, n_columns)``. At the edges of the image the mean is that of the pixels
        that there are. Points with none within reach get 0.

    Raises
    ------
    ValueError
        The standard deviation is less than 0.4 pixels.
    """
    if not sigma >= 0.4:
        raise ValueError(f"sigma must be at least 0.4 pixels, got {sigma}")
    # Few pixels count for a sample, so sparse matrices are several times faster than full ones,
    # and use no threads of their own, which would be in the way of other requests.
    lines = _weigh(rows, pixels.shape[0], sigma) @ pixels
    samples = _weigh(columns, pixels.shape[1], sigma) @ np.ascontiguousarray(lines.T)
    return np.asarray(samples.T, dtype=np.float32)


def _weigh(positions: NDArray[np.float64], n: int, sigma: float) -> Any:
    """Weights ``(n_positions, n)`` of pixels 0 to n - 1, which add up to 1 or are all 0."""
    reach = CUT_OFF_SIGMA * sigma
    n_within = math.floor(2 * reach) + 1
    pixels = np.ceil(positions - reach).astype(np.intp)[:, None] + np.arange(n_within)
    distances = (positions[:, None] - pixels) / sigma
    weights = np.exp(-0.5 * distances**2)
    weights[(pixels < 0) | (pixels >= n)] = 0
    totals = weights.sum(axis=1, keepdims=True)
    np.divide(weights, totals, out=weights, where=totals > 0)
    starts = np.arange(0, weights.size + 1, n_within)
    columns = np.clip(pixels, 0, n - 1).ravel()
    shape = len(positions), n
    return csr_array((weights.astype(np.float32).ravel(), columns, starts), shape=shape)
