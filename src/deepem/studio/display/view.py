"""A level of a micrograph as it is shown: filtered, and with contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.preprocessing.adaptive_smoothing import find_noise_variance, smooth_adaptively
from deepem.studio.display.contrast import GreyValues, spread_patches
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid import Pyramid, find_level_shape
from deepem.studio.display.sampling import NO_BLUR_SIGMA, find_level, find_positions, sample

# Patches of a level that its contrast is found from, along each axis, and their side.
_N_PATCHES = 8
_PATCH_SIDE = 64
# Of the box in which noise is told from what is more.
_DENOISED_BOX = 7
# Variances of boxes of nothing but noise scatter by a fifth; those few that are above are spared.
_NOISE_MARGIN = 1.5


@dataclass(frozen=True)
class _Statistics:
    """What is known of a filtered level."""

    grey_values: GreyValues
    noise_variance: float


def view(
    pyramid: Pyramid, level: int, rows: slice, columns: slice, look: Look
) -> NDArray[np.uint8]:
    """A part of a level as it is shown. Parts that are made one by one join without seams.

    Parameters
    ----------
    pyramid
        The micrograph.
    level
        From 0, below its number of levels.
    rows, columns
        Which part, inside the level.
    look
        Contrast and filters.

    Returns
    -------
    grey
        From 0, black, to 255, white; row 0 first.

    Raises
    ------
    deepem.errors.FileFormatError
        The file is damaged, or has changed.
    """
    known = _know(pyramid, level, look)
    pixels = _filter(pyramid, level, rows, columns, look, known.noise_variance)
    return known.grey_values.to_bytes(pixels, look)


def _know(pyramid: Pyramid, level: int, look: Look) -> _Statistics:
    """Statistics of a filtered level, found once, from patches.

    Those of a blurred level are found at one that is as fine as need be, where patches show more
    of the micrograph.
    """
    level = find_level(pyramid, look.sigma_px, first_level=level)

    def find() -> _Statistics:
        shape = find_level_shape(pyramid.shape, level)
        patches = spread_patches(shape, side=_PATCH_SIDE, n_along=_N_PATCHES)
        seen = [_blur(pyramid, level, rows, columns, look) for rows, columns in patches]
        noise_variance = 0.0
        if look.denoise:
            variances = [find_noise_variance(one, box_size=_DENOISED_BOX) for one in seen]
            noise_variance = _NOISE_MARGIN * float(np.median(variances))
            seen = [
                smooth_adaptively(one, noise_variance=noise_variance, box_size=_DENOISED_BOX)
                for one in seen
            ]
        values = np.concatenate([one.ravel() for one in seen])
        return _Statistics(GreyValues.of(values), noise_variance)

    return pyramid.remember((level, look.lowpass_px, look.denoise), find)


def _filter(
    pyramid: Pyramid, level: int, rows: slice, columns: slice, look: Look, noise_variance: float
) -> NDArray[np.float32]:
    """Blur and denoise a part, with what is needed around it."""
    if not look.denoise:
        return _blur(pyramid, level, rows, columns, look)
    ny, nx = find_level_shape(pyramid.shape, level)
    more_rows, more_columns = _widen(rows, ny), _widen(columns, nx)
    blurred = _blur(pyramid, level, more_rows, more_columns, look)
    smooth = smooth_adaptively(blurred, noise_variance=noise_variance, box_size=_DENOISED_BOX)
    top, left = rows.start - more_rows.start, columns.start - more_columns.start
    return smooth[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]


def _widen(part: slice, n: int) -> slice:
    margin = _DENOISED_BOX // 2
    return slice(max(part.start - margin, 0), min(part.stop + margin, n))


def _blur(
    pyramid: Pyramid, level: int, rows: slice, columns: slice, look: Look
) -> NDArray[np.float32]:
    size_px = 2.0**level
    if look.sigma_px < NO_BLUR_SIGMA * size_px:
        return pyramid.read(level, rows, columns)
    rows_px, columns_px = (find_positions(part, size_px) for part in (rows, columns))
    return sample(
        pyramid, pyramid.read, rows_px, columns_px, sigma_px=look.sigma_px, first_level=level
    )
