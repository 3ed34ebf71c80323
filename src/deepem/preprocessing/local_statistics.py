"""Mean and standard deviation of every box of an image, at a cost that no box size changes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter


def local_mean_std(
    pixels: NDArray[Any], box_size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of the box at every position inside the image.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``.
    box_size
        Side of the box in pixels, at most the shorter side of the image.

    Returns
    -------
    mean, std
        Arrays ``(ny - box_size + 1, nx - box_size + 1)``; entry ``(row, column)`` is that of
        ``pixels[row : row + box_size, column : column + box_size]``.

    Raises
    ------
    ValueError
        The box does not fit into the image.

    Notes
    -----
    Running sums, kept in double precision along each line. Variance is the difference of two means,
    so grey values should be of the order of 1, as `standardise` makes them.
    """
    if not 1 <= box_size <= min(pixels.shape):
        raise ValueError(f"a box of {box_size} pixels does not fit into an image {pixels.shape}")
    first = box_size // 2  # the filter puts a box that starts at 0 here
    inside = tuple(slice(first, first + n - box_size + 1) for n in pixels.shape)
    image = np.asarray(pixels, dtype=np.float32)
    mean = uniform_filter(image, box_size)[inside]
    mean_square = uniform_filter(np.square(image), box_size)[inside]
    variance = np.maximum(mean_square - np.square(mean), 0)
    return mean, np.sqrt(variance)
