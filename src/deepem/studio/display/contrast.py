"""Which grey values are shown black and white, found from a part of the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from deepem.studio.display.look import Look

#: Of a constant image, and of what lies outside an image.
MID_GREY = 128
_N_KEPT = 4096


@dataclass(frozen=True)
class GreyValues:
    """How grey values are distributed.

    Parameters
    ----------
    quantiles
        Evenly spaced, the least value first and the greatest last.
    """

    quantiles: NDArray[np.float32]

    @classmethod
    def of(cls, pixels: NDArray[np.float32]) -> GreyValues:
        """Those of an array, not empty, of any shape."""
        ascending = np.sort(pixels, axis=None)
        places = np.linspace(0, ascending.size - 1, _N_KEPT + 1)
        return cls(ascending[np.rint(places).astype(np.intp)])

    def to_bytes(self, pixels: NDArray[np.float32], look: Look) -> NDArray[np.uint8]:
        """Pixels with 0 for black and 255 for white; those of a constant image become mid-grey."""
        low, high = self._find(look.black), self._find(look.white)
        if not high > low:  # most pixels are equal
            low, high = self._find(0), self._find(100)
        if not high > low:
            return np.full(pixels.shape, MID_GREY, dtype=np.uint8)
        grey = (pixels - np.float32(low)) * np.float32(255 / (high - low))
        return np.asarray(np.clip(grey + np.float32(0.5), 0, 255), dtype=np.uint8)

    def _find(self, percentile: float) -> float:
        last = len(self.quantiles) - 1
        return float(np.interp(percentile / 100 * last, np.arange(last + 1), self.quantiles))


def spread_patches(shape: tuple[int, int], *, side: int, n_along: int) -> list[tuple[slice, slice]]:
    """Choose square patches that are spread evenly over an image; the whole image if it is small.

    Parameters
    ----------
    shape
        Of the image, ``(ny, nx)``.
    side
        Of a patch.
    n_along
        Number of patches along each axis.
    """

    def spread(n: int) -> list[slice]:
        if n <= side * n_along:
            return [slice(0, n)]
        starts = np.linspace(0, n - side, n_along).astype(int)
        return [slice(int(start), int(start) + side) for start in starts]

    return list(product(spread(shape[0]), spread(shape[1])))
