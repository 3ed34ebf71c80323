"""Particles that nobody wants: broken ones, empty ones, and clumps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CLUMP_SIZES = (4, 12)
# Lengths in diameters.
_CLUMP_DISTANCES = (0.4, 0.8)
_CUT_WIDTH, _EMPTY_RADIUS, _EMPTY_WIDTH = 0.05, 0.35, 0.1
# Shares of the density that are left of an empty particle.
_EMPTY_RIM, _EMPTY_MIDDLE = 0.5, 0.1


def break_particle(
    image: NDArray[np.float32], *, diameter_px: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Cut off a half by a plane through the centre and along the beam, at a random angle.

    Parameters
    ----------
    image
        Projection of a particle in the middle of a square.
    diameter_px
        Diameter of the particle in pixels.
    rng
        Source of the angle.

    Notes
    -----
    A plane along the beam is a line in the projection, so the cut is exact for every kind of
    particle; planes across the beam are not among the cuts.
    """
    angle = rng.uniform(0, 2 * np.pi)
    x, y = _make_grid(image)
    distance_px = x * np.cos(angle) + y * np.sin(angle)
    weight = np.clip(0.5 + distance_px / (_CUT_WIDTH * diameter_px), 0, 1)
    damaged: NDArray[np.float32] = image * weight.astype(np.float32)
    return damaged


def empty_particle(image: NDArray[np.float32], *, diameter_px: float) -> NDArray[np.float32]:
    """Leave half of a particle's density at its rim, and a tenth in its middle.

    Parameters as in `break_particle`.
    """
    x, y = _make_grid(image)
    distance = np.hypot(x, y) / diameter_px
    rim = np.clip(0.5 + (distance - _EMPTY_RADIUS) / _EMPTY_WIDTH, 0, 1)
    weight = _EMPTY_MIDDLE + (_EMPTY_RIM - _EMPTY_MIDDLE) * rim
    damaged: NDArray[np.float32] = image * weight.astype(np.float32)
    return damaged


def draw_clump(diameter_px: float, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Centres ``(x, y)`` of 4 to 12 particles, each upon an earlier one, about their mean.

    Parameters
    ----------
    diameter_px
        Diameter of the particle in pixels.
    rng
        Source of number and places.
    """
    n_members = int(rng.integers(_CLUMP_SIZES[0], _CLUMP_SIZES[1] + 1))
    members = np.zeros((n_members, 2))
    for index in range(1, n_members):
        angle = rng.uniform(0, 2 * np.pi)
        step_px = rng.uniform(*_CLUMP_DISTANCES) * diameter_px
        members[index] = members[rng.integers(index)]
        members[index] += step_px * np.array([np.cos(angle), np.sin(angle)])
    members -= members.mean(axis=0)
    return members


def draw_disc(diameter_px: float) -> NDArray[np.bool_]:
    """The area of a particle, a disc in the middle of a square of odd side."""
    half = int(diameter_px / 2)
    offset = np.arange(-half, half + 1)
    disc: NDArray[np.bool_] = np.hypot(offset[:, np.newaxis], offset) <= diameter_px / 2
    return disc


def _make_grid(image: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the pixels from the middle one."""
    ny, nx = image.shape
    return np.arange(nx) - nx // 2.0, (np.arange(ny) - ny // 2.0)[:, np.newaxis]
