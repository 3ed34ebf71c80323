"""Grey values to a common scale: no outliers, mean 0, standard deviation 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.errors import MicrographError

_SAMPLE_SIDE = 256
_MAX_BAD_FRACTION = 0.05
_BLOCK_ROWS = 32


@dataclass(frozen=True)
class GreyLimits:
    """Grey values that count.

    Parameters
    ----------
    low, high
        Values beyond them get the nearer one.
    middle
        What pixels that are not finite get.
    """

    low: float
    high: float
    middle: float

    def apply(self, pixels: NDArray[Any], out: NDArray[np.float32]) -> None:
        """Limit grey values of any real type into ``out``, an array of the same shape."""
        is_float = np.issubdtype(pixels.dtype, np.floating)
        if pixels.dtype != np.float32:  # which is in native byte order
            with np.errstate(over="ignore"):
                np.copyto(out, pixels, casting="same_kind" if is_float else "unsafe")
            pixels = out
        if is_float and not _is_finite(pixels):
            np.copyto(out, pixels)
            np.nan_to_num(out, copy=False, nan=self.middle, posinf=self.middle, neginf=self.middle)
            pixels = out
        np.clip(pixels, self.low, self.high, out=out)


def find_grey_limits(
    pixels: NDArray[Any], *, n_sigma: float = 5.0, label: str = "micrograph"
) -> GreyLimits:
    """Find ``median ± n_sigma * sigma``, between which grey values count.

    ``sigma`` is 1.4826 times the median absolute deviation, both taken from some sixty thousand
    evenly spread pixels.

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
    limits

    Raises
    ------
    deepem.errors.MicrographError
        The image is constant, or more than 5 % of its pixels are not finite.
    """
    rows, columns = map(_spread, pixels.shape)
    sample = np.asarray(pixels[np.ix_(rows, columns)], dtype=np.float64)
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
    if sigma > 0:
        return GreyLimits(median - n_sigma * sigma, median + n_sigma * sigma, median)
    unlimited = GreyLimits(-np.inf, np.inf, median)
    if np.ptp(_apply(unlimited, pixels)) == 0:
        raise MicrographError(
            f"{label}: every pixel has the value {median:g}. It holds no image: leave it out."
        )
    return unlimited


def clip_outliers(
    pixels: NDArray[Any], *, n_sigma: float = 5.0, label: str = "micrograph"
) -> NDArray[np.float32]:
    """Limit grey values to those of `find_grey_limits`: hot and dead pixels lose their weight.

    Pixels that are not finite get the median.

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
    return _apply(find_grey_limits(pixels, n_sigma=n_sigma, label=label), pixels)


def _apply(limits: GreyLimits, pixels: NDArray[Any]) -> NDArray[np.float32]:
    clipped = np.empty(pixels.shape, dtype=np.float32)
    for start in range(0, len(pixels), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        limits.apply(pixels[rows], clipped[rows])
    return clipped


def _spread(n: int) -> NDArray[np.intp]:
    """Rows or columns to look at, of ``n``: the same of an image that is turned or mirrored."""
    if n <= _SAMPLE_SIDE:
        return np.arange(n)
    first_half = np.linspace(0, (n - 1) / 2, _SAMPLE_SIDE // 2).astype(np.intp)
    return np.union1d(first_half, n - 1 - first_half)


def _is_finite(pixels: NDArray[np.float32]) -> bool:
    """Whether all values are, and none so large that its square is not."""
    values = pixels.ravel()
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(values, values)))


def standardise(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift and scale an image ``(ny, nx)`` to mean 0 and standard deviation 1."""
    mean = pixels.mean(dtype=np.float64)
    deviation = pixels.std(dtype=np.float64)
    return ((pixels - np.float32(mean)) / np.float32(deviation)).astype(np.float32, copy=False)
