"""The yardstick: reading a micrograph, and one cropped Fourier transform of it by scipy."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import scipy.fft

from deepem import open_micrograph


def time_yardstick(path: Path, factor: float, n_threads: int) -> float:
    """Seconds of reading a file into an array and bringing it to the scale of the model."""
    start = time.perf_counter()
    pixels = np.array(open_micrograph(path).pixels(), dtype=np.float32)
    spectrum = scipy.fft.rfft2(pixels, workers=n_threads)
    ny, nx = (round(side / factor) for side in pixels.shape)
    top, left = ny // 2, nx // 2 + 1
    cropped = np.concatenate([spectrum[: ny - top, :left], spectrum[-top:, :left]])
    scipy.fft.irfft2(cropped, s=(ny, nx), workers=n_threads)
    return time.perf_counter() - start
