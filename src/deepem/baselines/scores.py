"""Figures of merit of any range to scores in (0, 1) that keep their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def squash(merit: NDArray[np.float64], *, scale: float = 1.0) -> NDArray[np.float64]:
    """``(1 + m / (scale + abs(m))) / 2``: 0.5 at 0, 0.75 at ``scale``, and without saturation."""
    score: NDArray[np.float64] = 0.5 + 0.5 * merit / (scale + np.abs(merit))
    return score
