"""Lines of pixels at the edge that the camera or the drift correction spoilt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepem.preprocessing.junk_measures import ROBUST

_DAMAGE_SIGMAS, _DAMAGE_IN_DIAMETERS = 6.0, 0.5


def find_damaged_edges(
    fine: NDArray[np.float32], diameter: float, n_grey: int, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Lines of pixels at an edge whose level or spread jumps against those behind them."""
    damaged = np.zeros(shape, dtype=bool)
    deepest = max(1, round(_DAMAGE_IN_DIAMETERS * diameter))
    for axis in (0, 1):
        for is_end in (False, True):
            image = np.flip(fine, axis) if is_end else fine
            lines = image.swapaxes(0, axis)[: deepest + round(2 * diameter)]
            image = np.ascontiguousarray(lines)
            # Medians: a crystal that a few of the lines cross is not their damage.
            middle = np.median(image, axis=1)
            spread = np.median(np.abs(image - middle[:, np.newaxis]), axis=1)
            profiles = middle, np.log(spread + 1e-6)
            depth = max(_count_jumps(profile, deepest) for profile in profiles)
            if depth:
                n_lines = -(-depth // n_grey)
                side = slice(-n_lines, None) if is_end else slice(n_lines)
                damaged[side if axis == 0 else (slice(None), side)] = True
    return damaged


def _count_jumps(profile: NDArray[np.float32], deepest: int) -> int:
    """How many values from the first on lie far from those behind the first ``deepest``."""
    behind = profile[deepest:]
    middle = np.median(behind)
    sigma = ROBUST * float(np.median(np.abs(behind - middle)))
    is_far = np.abs(profile[:deepest] - middle) > _DAMAGE_SIGMAS * max(sigma, 1e-6)
    return int(np.argmin(np.append(is_far, False)))
