"""Where a micrograph shows no particles but carbon, ice, aggregates or damage: a mask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, median_filter, uniform_filter

from deepem.core import Frame
from deepem.preprocessing.damaged_edges import find_damaged_edges
from deepem.preprocessing.junk_blobs import find_blobs
from deepem.preprocessing.junk_lines import find_cut_off, find_lines
from deepem.preprocessing.junk_measures import average_cells, odd, to_sigmas
from deepem.preprocessing.junk_regions import find_regions

# Pixels across a particle: enough for texture, then for everything else; more only costs time.
_DIAMETER_OF_TEXTURE, _DIAMETER_OF_GREY = 13.0, 6.5
_SMALLEST_IN_DIAMETERS = 3  # images with fewer have no surroundings to compare with
_BACKGROUND_IN_DIAMETERS = 8
_MARGIN_IN_DIAMETERS = 0.5


@dataclass(frozen=True, eq=False)
class JunkMask:
    """Where on a micrograph no particle is to be expected.

    Parameters
    ----------
    pixels
        Mask ``(ny, nx)``, True in junk and up to half a particle around it.
    frame
        Where its samples lie on the micrograph.
    """

    pixels: NDArray[np.bool_]
    frame: Frame

    @property
    def share(self) -> float:
        """Share of the image that is junk, from 0 to 1."""
        return float(self.pixels.mean())

    def is_junk(self, x_px: NDArray[np.float64], y_px: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie in junk.

        Parameters
        ----------
        x_px, y_px
            Positions ``(n,)`` in unbinned pixels; those outside count as the nearest inside.

        Returns
        -------
        is_junk
            Shape ``(n,)``.
        """
        column, row = self.frame.from_px(x_px, y_px)
        ny, nx = self.pixels.shape
        rows = np.clip(np.rint(row), 0, ny - 1).astype(int)
        columns = np.clip(np.rint(column), 0, nx - 1).astype(int)
        return np.asarray(self.pixels[rows, columns])


def find_junk(pixels: NDArray[Any], diameter: float, *, frame: Frame | None = None) -> JunkMask:
    """Find carbon, ice, aggregates and damaged edges by local statistics alone.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``, finite, of the order of 1, dense matter dark; best with a particle
        about 13 pixels across. A larger image is averaged down to that first.
    diameter
        Diameter of the particle in pixels of ``pixels``, positive.
    frame
        Frame of ``pixels``; by default that of an unbinned micrograph.

    Returns
    -------
    mask
        All False for an image less than three diameters wide.

    Raises
    ------
    ValueError
        The diameter is not positive.

    Notes
    -----
    Four kinds are found, each against the micrograph's own median and median deviation:

    - *blobs*: places darker or brighter than particles that are larger than one,
    - *lines* longer than five diameters, such as the fringes of a carbon edge and chains of
      aggregates, and the darker piece of at most half the image that they cut off,
    - *regions* of at most half the image, darker or rougher than the rest, with hardly anything
      in between: carbon, large crystals,
    - *damaged* lines of pixels at the edge.

    What covers most of a micrograph is its normal state, so a micrograph that is all crystalline
    ice has no mask; the standard deviation range and the score are there for it.
    """
    if not diameter > 0:
        raise ValueError(f"the diameter must be positive, got {diameter}")
    frame = Frame((pixels.shape[0], pixels.shape[1])) if frame is None else frame
    n_fine = max(1, round(diameter / _DIAMETER_OF_TEXTURE))
    fine = average_cells(np.asarray(pixels, dtype=np.float32), n_fine)
    n_grey = max(1, round(diameter / n_fine / _DIAMETER_OF_GREY))
    grey = average_cells(fine, n_grey)
    n_all = n_fine * n_grey
    middle = (n_all - 1) / 2
    here = frame.subgrid(grey.shape, origin=(middle, middle), step=n_all)
    size = diameter / n_all
    if min(grey.shape) < _SMALLEST_IN_DIAMETERS * size:
        return JunkMask(np.zeros(grey.shape, dtype=bool), here)

    smooth = uniform_filter(grey, odd(size / 2))
    local = to_sigmas(uniform_filter(grey - _background(grey, size), odd(size / 2)))
    blobs = find_blobs(local, size) | find_blobs(to_sigmas(smooth), size)
    lines, with_ends = find_lines(local, size)
    junk = blobs | lines
    if lines.any():
        junk |= find_cut_off(junk | with_ends, smooth, size)
    junk |= find_regions(fine, smooth, size, n_grey)
    if junk.any():
        junk = distance_transform_edt(~junk) <= _MARGIN_IN_DIAMETERS * size
    junk |= find_damaged_edges(fine, size * n_grey, n_grey, grey.shape)
    return JunkMask(junk, here)


def _background(image: NDArray[np.float32], size: float) -> NDArray[np.float32]:
    """Median over eight diameters, which follows the thickness of the ice and no particle."""
    n = max(1, round(size))
    width = odd(_BACKGROUND_IN_DIAMETERS * size / n)
    coarse = median_filter(average_cells(image, n), width, mode="reflect")
    for axis in (0, 1):
        at = (np.arange(image.shape[axis]) - (n - 1) / 2) / n
        at = np.clip(at, 0, coarse.shape[axis] - 1)
        before = np.minimum(at.astype(int), max(coarse.shape[axis] - 2, 0))
        after = np.minimum(before + 1, coarse.shape[axis] - 1)
        weight = np.expand_dims((at - before).astype(np.float32), 1 - axis)
        low, high = coarse.take(before, axis), coarse.take(after, axis)
        coarse = low + (high - low) * weight
    return np.asarray(coarse)
