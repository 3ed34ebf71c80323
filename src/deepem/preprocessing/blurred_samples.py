"""Samples of a blurred image on a grid of one's own: resampling and low-pass filter in one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    down = _weigh(rows, pixels.shape[0], sigma)
    across = _weigh(columns, pixels.shape[1], sigma)
    return (down @ pixels @ across.T).astype(np.float32, copy=False)


def _weigh(positions: NDArray[np.float64], n: int, sigma: float) -> NDArray[np.float32]:
    """Weights ``(n_positions, n)`` of pixels 0 to n - 1, which add up to 1 or are all 0."""
    distances = (positions[:, None] - np.arange(n)) / sigma
    weights = np.exp(-0.5 * distances**2)
    weights[np.abs(distances) > CUT_OFF_SIGMA] = 0
    totals = weights.sum(axis=1, keepdims=True)
    np.divide(weights, totals, out=weights, where=totals > 0)
    return weights.astype(np.float32)
