"""The noise of the detector, scaled to a signal-to-noise ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks


def measure_signal_variance(clean: NDArray[np.float32], boxes: Picks) -> float:
    """Variance of a noise-free micrograph inside the particles' boxes, averaged over particles.

    Parameters
    ----------
    clean
        The micrograph without noise, shape ``(ny, nx)``.
    boxes
        One or more particles with their ``box_size_px``. What of a box lies outside the micrograph
        does not count; a neighbour that reaches into a box does.
    """
    size = boxes.box_size_px
    if size is None or len(boxes) == 0:
        raise ValueError(f"signal is measured inside boxes, got {boxes!r}")
    rows = np.rint(boxes.y_px).astype(int) - size // 2
    columns = np.rint(boxes.x_px).astype(int) - size // 2
    variances = [
        clean[max(row, 0) : row + size, max(column, 0) : column + size].var(dtype=np.float64)
        for row, column in zip(rows, columns, strict=True)
    ]
    return float(np.mean(variances))


def add_noise(
    clean: NDArray[np.float32], *, signal_variance: float, snr: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add white Gaussian noise of variance ``signal_variance / snr``.

    Parameters
    ----------
    clean
        The micrograph without noise, shape ``(ny, nx)``.
    signal_variance
        Variance of the clean particles, see `measure_signal_variance`.
    snr
        Signal-to-noise ratio: a ratio of variances, greater than 0.
    rng
        Source of the noise.
    """
    std = np.float32(np.sqrt(signal_variance / snr))
    return clean + std * rng.standard_normal(clean.shape, dtype=np.float32)
