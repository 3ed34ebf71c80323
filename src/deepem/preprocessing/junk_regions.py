"""Regions of junk, as carbon and large crystals: of another grey level or texture than the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, uniform_filter

from deepem.preprocessing.junk_measures import LARGEST_SHARE, ROBUST, average_cells, odd

# Two textures or grey levels are two where hardly anything lies between them.
_REGION_IN_DIAMETERS, _REGION_SIGMAS, _REGION_BETWEEN = 3.0, 6.0, 0.35
_SMALLEST_REGION_AREA = 10


def find_regions(
    fine: NDArray[np.float32], smooth: NDArray[np.float32], size: float, n_grey: int
) -> NDArray[np.bool_]:
    """Regions of at most half the image with another grey level or another fine texture."""
    regions = np.zeros(smooth.shape, dtype=bool)
    n = max(1, round(size / 2))
    window = odd(_REGION_IN_DIAMETERS * size / n)
    level = uniform_filter(average_cells(smooth, n), window)
    # Differences of differences see the noise and the grain of carbon, hardly a particle.
    grain = np.zeros_like(fine)
    grain[1:, 1:] = np.square(np.diff(np.diff(fine, axis=0), axis=1))
    power = uniform_filter(average_cells(average_cells(grain, n_grey), n), window)
    roughness = np.log(np.maximum(power, 1e-6))
    for feature in (level, roughness):
        low = _split(feature)
        if low is None:
            continue
        region = low if low.mean() <= LARGEST_SHARE else ~low
        is_darker = level[region].mean() < level[~region].mean()
        is_rougher = feature is roughness and region is not low
        if not (is_darker or is_rougher):
            continue
        pieces, _ = label(region)
        areas = np.bincount(pieces.ravel())
        areas[0] = 0
        region = (areas >= _SMALLEST_REGION_AREA * np.pi / 4 * (size / n) ** 2)[pieces]
        rows, columns = (
            np.minimum(np.arange(length) // n, last - 1)
            for length, last in zip(smooth.shape, region.shape, strict=True)
        )
        regions |= region[np.ix_(rows, columns)]
    return regions


def _split(feature: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """The low one of two classes, where the values form two that hardly anything lies between.

    The classes are found as Otsu did (IEEE Trans. SMC 9:62, 1979, doi 10.1109/TSMC.1979.4310076).
    """
    values = np.sort(feature, axis=None).astype(np.float64)
    n = values.size
    n_low = np.arange(1, n)
    sums = np.cumsum(values)
    gap = (sums[-1] - sums[:-1]) / (n - n_low) - sums[:-1] / n_low
    between = n_low * (n - n_low) * np.square(gap)
    last = int(between.argmax())
    classes = values[: last + 1], values[last + 1 :]
    low, high = (float(np.median(one)) for one in classes)
    sigmas = [
        ROBUST * float(np.median(np.abs(one - middle)))
        for one, middle in zip(classes, (low, high), strict=True)
    ]
    quarter = (high - low) / 4
    is_between = (values > low + quarter) & (values < high - quarter)
    if high - low <= _REGION_SIGMAS * float(np.linalg.norm(sigmas)) / np.sqrt(2) + 1e-6:
        return None
    if is_between.sum() > _REGION_BETWEEN * min(len(one) for one in classes):
        return None
    return feature <= (low + high) / 2  # where a sharp border lies; Otsu leans to the wide class
