"""Whole micrographs to learn from: where particles are, where there are none, what is not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepem.core import Picks
from deepem.preprocessing import PreparedImage

# Width of the bump that stands for a particle, and radius of what belongs to it, in diameters.
_SIGMA_OVER_DIAMETER = 0.2
RADIUS_OVER_DIAMETER = 0.35
# Labels nearer than this to another are the same particle, labelled twice.
_SAME_OVER_DIAMETER = 0.35
# A place that somebody marked as wrong weighs as much as so many others.
_MARKED_WEIGHT = 5.0


@dataclass(frozen=True, eq=False)
class HeatMap:
    """A micrograph and what a score should be at each of its pixels.

    Parameters
    ----------
    pixels
        Prepared image without margin, ``(ny, nx)``.
    target
        1 at the centre of each particle, falling off as a Gaussian, ``(ny, nx)``, in [0, 1].
    weight
        What each pixel counts in the loss, ``(ny, nx)``; 0 where nobody knows.
    centres
        ``(row, column)`` of the particles, shape ``(n, 2)``.
    """

    pixels: NDArray[np.float32]
    target: NDArray[np.float32]
    weight: NDArray[np.float32]
    centres: NDArray[np.float64]


def draw_heat_map(
    image: PreparedImage,
    particles: Picks,
    *,
    diameter_px: float,
    negatives: Picks | None = None,
    unknown: Picks | None = None,
) -> HeatMap:
    """Draw what a network should answer on a micrograph.

    Parameters
    ----------
    image
        The prepared micrograph, without margin.
    particles
        Its particles. Several labels within a third of a diameter are one particle.
    diameter_px
        Particle diameter in unbinned pixels.
    negatives
        Places that were marked as wrong: they weigh more than the rest of the background.
    unknown
        Places that may hold a particle: they weigh nothing.

    Returns
    -------
    heat_map
    """
    diameter = diameter_px / image.frame.step_px[0]
    shape = image.pixels.shape
    centres = _drop_doubles(_to_grid(image, particles), _SAME_OVER_DIAMETER * diameter)
    target = draw_bumps(shape, centres, sigma=_SIGMA_OVER_DIAMETER * diameter)
    weight = np.ones(shape, dtype=np.float32)
    is_particle = discs(shape, centres, radius=RADIUS_OVER_DIAMETER * diameter)
    for places, value in ((unknown, 0.0), (negatives, _MARKED_WEIGHT)):
        if places is not None and len(places):
            around = discs(shape, _to_grid(image, places), radius=RADIUS_OVER_DIAMETER * diameter)
            weight[around & ~is_particle] = value
    return HeatMap(image.pixels, target, weight, centres)


def draw_bumps(
    shape: tuple[int, ...], centres: NDArray[np.float64], *, sigma: float
) -> NDArray[np.float32]:
    """Gaussians of height 1 at ``(row, column)`` centres; where they overlap, the higher one."""
    image = np.zeros(shape, dtype=np.float32)
    reach = int(np.ceil(4 * sigma))
    for row, column in centres:
        rows = np.arange(max(0, round(row) - reach), min(shape[0], round(row) + reach + 1))
        columns = np.arange(max(0, round(column) - reach), min(shape[1], round(column) + reach + 1))
        if not (rows.size and columns.size):
            continue
        bump = np.exp(
            -((rows[:, None] - row) ** 2 + (columns[None] - column) ** 2) / (2 * sigma**2)
        ).astype(np.float32)
        window = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        np.maximum(window, bump, out=window)
    return image


def discs(
    shape: tuple[int, ...], centres: NDArray[np.float64], *, radius: float
) -> NDArray[np.bool_]:
    """Which pixels lie within a radius of any ``(row, column)`` centre."""
    inside: NDArray[np.bool_] = draw_bumps(shape, centres, sigma=radius / 2) > np.exp(-2.0)
    return inside


def _to_grid(image: PreparedImage, places: Picks) -> NDArray[np.float64]:
    column, row = image.frame.from_px(places.x_px, places.y_px)
    return np.column_stack((row, column))


def _drop_doubles(centres: NDArray[np.float64], distance: ArrayLike) -> NDArray[np.float64]:
    kept: list[NDArray[np.float64]] = []
    for centre in centres:
        if not kept or (np.hypot(*(np.array(kept) - centre).T) > distance).all():
            kept.append(centre)
    return np.array(kept).reshape(-1, 2)
