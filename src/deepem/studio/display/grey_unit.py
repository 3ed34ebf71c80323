"""One unit for the grey values of a micrograph, whatever its type: compact, and always finite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SAMPLE_SIDE = 256
# Of a file that is mapped at a time: of what is touched, whole pages around it come along.
_MAPPED_BYTES = 16_000_000
_PERCENTILES = (0.5, 50.0, 99.5)
# In units: far beyond what is shown, so that hot pixels alone are limited.
_LIMIT = 32.0
# Types whose values float32 holds exactly.
_NARROW = ("i1", "u1", "i2", "u2", "f2", "f4")


@dataclass(frozen=True)
class GreyUnit:
    """Grey values less `offset`, in units of `size`.

    Parameters
    ----------
    offset
        The grey value that becomes 0; pixels that are not finite become 0, too.
    size
        Above 0. Values are limited to 32 of these on both sides.
    """

    offset: float
    size: float

    def apply(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Grey values of any real type in this unit, as a new float32 array, always finite."""
        scaled = np.empty(pixels.shape, dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            # Large numbers lose their differences in float32, unless the offset is taken first.
            kind = np.float32 if is_narrow(pixels.dtype) else np.float64
            np.subtract(pixels, kind(self.offset), out=scaled, dtype=kind, casting="unsafe")
            scaled /= np.float32(self.size)
        if not is_finite(scaled):
            scaled[~np.isfinite(pixels)] = 0
            np.nan_to_num(scaled, copy=False)
        np.clip(scaled, -_LIMIT, _LIMIT, out=scaled)
        return scaled


def find_grey_unit(open_pixels: Callable[[], NDArray[Any]]) -> GreyUnit:
    """Find the median and half the range of an image from some sixty thousand of its pixels.

    The range is that between the percentiles 0.5 and 99.5. An image without finite pixels, or
    with one value alone, has the unit 1.

    Parameters
    ----------
    open_pixels
        Returns the image ``(ny, nx)`` of any real type; where that is a memory map, a new one each
        time, so that what was read of the file need not stay in memory.
    """
    pixels = open_pixels()
    rows, columns = (
        np.linspace(0, n - 1, min(n, _SAMPLE_SIDE)).astype(np.intp) for n in pixels.shape
    )
    n_parts = min(len(rows), -(-pixels.nbytes // _MAPPED_BYTES))
    parts = [
        np.asarray(open_pixels()[np.ix_(some, columns)], dtype=np.float64)
        for some in np.array_split(rows, n_parts)
    ]
    sample = np.concatenate(parts)
    finite = sample[np.isfinite(sample)]
    if finite.size == 0:
        return GreyUnit(0.0, 1.0)
    low, middle, high = np.percentile(finite, _PERCENTILES)
    if not high > low:
        low, high = finite.min(), finite.max()
    size = float(high / 2 - low / 2)
    return GreyUnit(float(middle), size if 1e-30 < size < 1e30 else 1.0)


def is_narrow(dtype: np.dtype[Any]) -> bool:
    """Whether float32 holds all values of a type exactly."""
    return dtype.str[1:] in _NARROW


def is_finite(pixels: NDArray[np.float32]) -> bool:
    """Whether all values are finite, and none is so large that their sum is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(pixels.sum()))
