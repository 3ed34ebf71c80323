"""Where in a density map the particle is: solvent, threshold, extent, and the fading around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepem.errors import ConfigError

# Around the particle, density counts as the particle's up to this share of its diameter, and
# fades out over the next: solvent noise of an experimental map is no part of it.
_KEPT_RIM, _FADING_RIM = 0.15, 0.1
# No density below so many standard deviations of the solvent is the particle's.
_ABOVE_NOISE = 4.0
# Pieces above the threshold smaller than this share of the largest one are dust.
_DUST = 0.01


def measure_solvent(density: NDArray[np.float32]) -> tuple[float, float]:
    """Median and robust standard deviation of the faces of the grid."""
    faces = np.concatenate([np.take(density, (0, -1), axis=axis).ravel() for axis in range(3)])
    level = float(np.median(faces))
    return level, 1.4826 * float(np.median(np.abs(faces - level)))


def find_particle(density: NDArray[np.float32], noise: float) -> NDArray[np.int64]:
    """Find the voxels ``(z, y, x)`` of the particle, shape ``(n, 3)``.

    Parameters
    ----------
    density
        Density above the solvent, shape ``(nz, ny, nx)``.
    noise
        Standard deviation of the solvent.

    Raises
    ------
    ConfigError
        Nothing is denser than the solvent.
    """
    # Where the particle is a small part of the grid, Otsu's threshold may split the noise.
    threshold = max(_otsu_threshold(density), _ABOVE_NOISE * noise)
    labels, n = ndimage.label(density > threshold)
    sizes = np.bincount(labels.ravel(), minlength=n + 1)
    sizes[0] = 0
    is_particle = sizes > _DUST * sizes.max()
    voxels = np.argwhere(is_particle[labels])
    if not len(voxels) or density[tuple(voxels.T)].sum() <= 0:
        raise ConfigError(
            "density",
            "nothing in it is denser than its faces; invert the contrast (particle positive)",
        )
    return voxels


def _otsu_threshold(density: NDArray[np.float32]) -> float:
    """Value that splits the voxels into two classes with the greatest variance between them."""
    counts, edges = np.histogram(density, bins=256)
    middles = (edges[1:] + edges[:-1]) / 2
    below, sum_below = np.cumsum(counts)[:-1], np.cumsum(counts * middles)[:-1]
    above, total = counts.sum() - below, (counts * middles).sum()
    between = (sum_below / below - (total - sum_below) / above) ** 2 * below * above
    return float(edges[1:-1][np.argmax(between)])


def measure_longest_axis(voxels: NDArray[np.int64]) -> float:
    """Longest extent along an axis of inertia, in voxels."""
    centred = voxels - voxels.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return float(np.ptp(centred @ axes, axis=0).max()) + 1


def fade_out(
    density: NDArray[np.float32], particle: NDArray[np.int64], *, diameter: float
) -> NDArray[np.float32]:
    """Let density fall to zero outside the particle's sphere; ``diameter`` is in voxels."""
    weights = density[tuple(particle.T)]
    centre = (particle * weights[:, np.newaxis]).sum(axis=0) / weights.sum()
    radius = np.linalg.norm(particle - centre, axis=1).max() + 2 + _KEPT_RIM * diameter
    grids = np.ogrid[tuple(slice(n) for n in density.shape)]
    distance = np.sqrt(
        sum((grid - middle) ** 2 for grid, middle in zip(grids, centre, strict=True))
    )
    fraction = np.clip((distance - radius) / (_FADING_RIM * diameter), 0, 1)
    weight: NDArray[np.float32] = (0.5 + 0.5 * np.cos(np.pi * fraction)).astype(np.float32)
    return density * weight
