"""Blobs of junk: darker or brighter than particles, and larger than one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, uniform_filter

from deepem.preprocessing.junk_measures import EIGHT_NEIGHBOURS, is_filled, odd, usual_height

# A blob is grey beyond the noise, and beyond what every tenth place of the size of a particle
# shows, so beyond particles; and it fills a window larger than one.
_NOISE_SIGMAS, _OVER_PARTICLES, _USUAL_PERCENTILE = 4.0, 1.25, 90
_BLOB_IN_DIAMETERS, _BLOB_FILL, _BLOB_FOOT = 1.3, 0.9, 0.6
# A crystal may be large enough to be what every tenth place shows. It has no gaps, as particles do.
_SOLID_IN_DIAMETERS, _SOLID_FILL, _SOLID_SHARE = 2.0, 0.98, 0.7


def find_blobs(sigmas: NDArray[np.float32], size: float) -> NDArray[np.bool_]:
    """Blobs of an image in robust standard deviations, where a particle is ``size`` across."""
    blobs = np.zeros(sigmas.shape, dtype=bool)
    window = _BLOB_IN_DIAMETERS * size
    for height in (-sigmas, sigmas):
        usual = usual_height(height, size, _USUAL_PERCENTILE)
        limit = max(_NOISE_SIGMAS, _OVER_PARTICLES * usual)
        cores = is_filled(height > limit, window, _BLOB_FILL)
        solid = max(_NOISE_SIGMAS, _SOLID_SHARE * usual)
        cores |= is_filled(height > solid, _SOLID_IN_DIAMETERS * size, _SOLID_FILL)
        if not cores.any():
            continue
        feet, n = label(height > min(_BLOB_FOOT * limit, solid), EIGHT_NEIGHBOURS)
        has_core = np.zeros(n + 1, dtype=bool)
        has_core[feet[cores]] = True
        has_core[0] = False
        # Feet may run on into particles that touch the blob.
        near = uniform_filter(cores.astype(np.float32), odd(window + 2 * size)) > 0
        blobs |= has_core[feet] & near
    return blobs
