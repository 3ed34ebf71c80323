"""Grey values to a common scale: no outliers, mean 0, standard deviation 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.errors import MicrographError

_SAMPLE_SIZE = 1 << 18
_MAX_BAD_FRACTION = 0.05


def clip_outliers(
    pixels: NDArray[Any], *, n_sigma: float = 5.0, label: str = "micrograph"
) -> NDArray[np.float32]:
    """Limit grey values to ``median ± n_sigma * sigma``: hot and dead pixels lose their weight.

    ``sigma`` is 1.4826 times the median absolute deviation, both taken from at most about a quarter
    of a million evenly spread pixels. Pixels that are not finite get the median.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)`` of any real type.
    n_sigma
        Half the width of what is kept, in robust standard deviations.
    label
        How errors name the image.

    Returns
    -------
    clipped
        A new float32 image ``(ny, nx)``.

    Raises
    ------
    deepem.errors.MicrographError
        The image is constant, or more than 5 % of its pixels are not finite.
    """
    stride = max(1, int(np.sqrt(pixels.size / _SAMPLE_SIZE)))
    sample = np.asarray(pixels[::stride, ::stride], dtype=np.float64)
    finite = sample[np.isfinite(sample)]
    if finite.size < (1 - _MAX_BAD_FRACTION) * sample.size:
        bad = 100 * (1 - finite.size / sample.size)
        raise MicrographError(
            f"{label}: {bad:.0f} % of the pixels are not finite (NaN or infinite). "
            "Make the micrograph again from its movie, or leave it out."
        )
    median = float(np.median(finite))
    sigma = 1.4826 * float(np.median(np.abs(finite - median)))
    if sigma == 0:  # more than half of the pixels are equal, as in sparse counting images
        sigma = float(finite.std())
    clipped = np.array(pixels, dtype=np.float32)
    if np.issubdtype(pixels.dtype, np.floating):
        np.nan_to_num(clipped, copy=False, nan=median, posinf=median, neginf=median)
    if sigma == 0 and np.ptp(clipped) == 0:
        raise MicrographError(
            f"{label}: every pixel has the value {median:g}. It holds no image: leave it out."
        )
    if sigma > 0:
        np.clip(clipped, median - n_sigma * sigma, median + n_sigma * sigma, out=clipped)
    return clipped


def standardise(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift and scale an image ``(ny, nx)`` to mean 0 and standard deviation 1."""
    mean = pixels.mean(dtype=np.float64)
    deviation = pixels.std(dtype=np.float64)
    return ((pixels - np.float32(mean)) / np.float32(deviation)).astype(np.float32, copy=False)
