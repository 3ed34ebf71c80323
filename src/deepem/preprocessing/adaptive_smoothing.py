"""Smoothing that spares what stands out of the noise: Wiener's filter with local statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter


def smooth_adaptively(
    pixels: NDArray[Any], *, noise_variance: float, box_size: int = 5
) -> NDArray[np.float32]:
    """Pull every pixel to the mean of the box around it, the less the more the box varies.

    With the mean ``m`` and the variance ``v`` of the box, a pixel ``p`` becomes
    ``m + (p - m) * max(v - noise_variance, 0) / v``. For people to look at: it makes no
    micrograph better for a network.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``, finite, with grey values of the order of 1.
    noise_variance
        Variance of the noise, as `find_noise_variance` finds it. At 0 nothing changes.
    box_size
        Side of the box in pixels, odd.

    Returns
    -------
    smoothed
        A new image ``(ny, nx)``. It is continued by its mirror image. Otherwise a pixel depends
        on its box alone, so that pieces of an image with ``box_size // 2`` pixels around join
        without seams.

    Raises
    ------
    ValueError
        The box size is not odd, or the variance is negative.

    References
    ----------
    Lee 1980, doi:10.1109/TPAMI.1980.4766994.
    """
    if box_size % 2 != 1 or not noise_variance >= 0:
        raise ValueError(
            f"box_size must be odd and noise_variance not negative, got {box_size} and "
            f"{noise_variance}"
        )
    image = np.asarray(pixels, dtype=np.float32)
    mean, variance = _measure(image, box_size)
    kept = np.zeros_like(variance)
    above = variance > noise_variance
    np.divide(variance - np.float32(noise_variance), variance, out=kept, where=above)
    smoothed: NDArray[np.float32] = mean + kept * (image - mean)
    return smoothed


def find_noise_variance(pixels: NDArray[Any], *, box_size: int = 5) -> float:
    """Variance of the noise of an image: the median of the variances of all boxes.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``, finite, with grey values of the order of 1.
    box_size
        Side of the box in pixels, odd; what is as small or smaller counts as noise.
    """
    _, variance = _measure(np.asarray(pixels, dtype=np.float32), box_size)
    return float(np.median(variance))


def _measure(
    image: NDArray[np.float32], box_size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and variance of the box around every pixel."""
    mean = uniform_filter(image, box_size)
    variance = uniform_filter(np.square(image), box_size) - np.square(mean)
    return mean, np.maximum(variance, 0)
