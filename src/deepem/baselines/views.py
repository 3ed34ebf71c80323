"""Directions from which a particle may be seen, even over the sphere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

# Golden section: successive points of a spiral never line up.
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def spread_views(n_views: int) -> NDArray[np.float64]:
    """Rotations that turn evenly spread directions into the beam, shape ``(n_views, 3, 3)``.

    The directions are the Fibonacci lattice: A. Gonzalez, Math. Geosci. 42:49, 2010, doi
    10.1007/s11004-009-9257-x.
    """
    index = np.arange(n_views)
    tilt = np.arccos(1 - (2 * index + 1) / n_views)
    angles = np.column_stack([-index * _GOLDEN_ANGLE, -tilt])
    matrices: NDArray[np.float64] = Rotation.from_euler("zy", angles).as_matrix()
    return matrices
