"""Strong scatterers that are no particles: ice crystals, contaminants and the carbon film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from deepem.simulation.canvas import Canvas

# Lengths in diameters of the particle, densities in its own, see `measure_density`.
_CRYSTAL_SIDES, _CRYSTAL_DENSITIES = (0.5, 3.0), (4.0, 8.0)
_FRINGES = 0.1
_BLOB_SIDES, _BLOB_DENSITIES = (0.2, 1.5), (4.0, 8.0)
_CARBON_DENSITY, _CARBON_GRAIN, _GRAIN_ANGSTROM = 3.0, 0.6, 3.0
# A blob ends where its density is this share of its highest.
_BLOB_END = 0.05


@dataclass(frozen=True, eq=False)
class Stamp:
    """A piece of density and where it is something, both of one odd square shape."""

    density: NDArray[np.float32]
    mask: NDArray[np.bool_]


def draw_crystal(diameter_px: float, *, density: float, rng: np.random.Generator) -> Stamp:
    """Draw an ice crystal: an irregular polygon of five to seven sides with bevelled facets.

    Parameters
    ----------
    diameter_px
        Diameter of the particle in pixels.
    density
        Projected density of the particle.
    rng
        Source of size, form and strength.
    """
    side_px = rng.uniform(*_CRYSTAL_SIDES) * diameter_px
    n_sides = int(rng.integers(5, 8))
    angles = 2 * np.pi * (np.arange(n_sides) + rng.uniform(-0.2, 0.2, n_sides)) / n_sides
    angles += rng.uniform(0, 2 * np.pi)
    distances_px = side_px / 2 * rng.uniform(0.7, 1.0, n_sides)
    # A corner of the polygon lies farther out than its sides: 1.5 times at five irregular ones.
    x, y = _make_grid(1.6 * side_px / 2)
    inside_px = np.min(
        [
            distance - x * np.cos(angle) - y * np.sin(angle)
            for angle, distance in zip(angles, distances_px, strict=True)
        ],
        axis=0,
    )
    thickness = 0.4 + 0.6 * np.clip(inside_px / (0.3 * side_px), 0, 1)
    fringe = rng.uniform(0, 2 * np.pi)
    period_px = max(rng.uniform(0.08, 0.25) * diameter_px, 3)
    phase = 2 * np.pi / period_px * (x * np.cos(fringe) + y * np.sin(fringe))
    thickness *= 1 + _FRINGES * np.cos(phase)
    thickness *= np.clip(inside_px + 0.5, 0, 1)  # the share of a pixel that is inside
    strength = np.float32(density * rng.uniform(*_CRYSTAL_DENSITIES))
    return Stamp(strength * thickness.astype(np.float32), thickness > 0)


def draw_blob(diameter_px: float, *, density: float, rng: np.random.Generator) -> Stamp:
    """Draw a contaminant: a smooth ellipse, flat on top; parameters as in `draw_crystal`."""
    side_px = rng.uniform(*_BLOB_SIDES) * diameter_px
    ratio, angle = rng.uniform(0.6, 1.0), rng.uniform(0, np.pi)
    # The sides of the ellipse are where exp(-r^4) has fallen to the end of the blob.
    end = (-np.log(_BLOB_END)) ** 0.25
    x, y = _make_grid(side_px / 2)
    along = (x * np.cos(angle) + y * np.sin(angle)) / (side_px / 2)
    across = (y * np.cos(angle) - x * np.sin(angle)) / (ratio * side_px / 2)
    profile = np.exp(-((end**2 * (along**2 + across**2)) ** 2))
    strength = np.float32(density * rng.uniform(*_BLOB_DENSITIES))
    return Stamp(strength * profile.astype(np.float32), profile >= _BLOB_END)


def draw_carbon(
    canvas: Canvas, *, fraction: float, density: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw the carbon film outside of a round hole, whose edge crosses the micrograph.

    Parameters
    ----------
    canvas
        Where it is drawn.
    fraction
        Share of the micrograph that is carbon.
    density
        Projected density of the particle.
    rng
        Source of the hole's place and of the grain.

    Returns
    -------
    NDArray
        Where the micrograph is carbon, shape ``(ny, nx)``.
    """
    ny, nx = canvas.shape
    angle = rng.uniform(0, 2 * np.pi)
    away = rng.uniform(0.7, 1.5) * max(ny, nx)
    rows, columns = (np.arange(side) - canvas.rim_px for side in canvas.density.shape)
    from_hole = np.hypot(
        rows[:, np.newaxis] - ((ny - 1) / 2 + away * np.sin(angle)),
        columns - ((nx - 1) / 2 + away * np.cos(angle)),
    )
    radius = np.quantile(canvas.crop(from_hole), 1 - fraction)
    film = np.clip(from_hole - radius + 0.5, 0, 1).astype(np.float32)
    grain = rng.standard_normal(canvas.density.shape, dtype=np.float32)
    grain = gaussian_filter(grain, _GRAIN_ANGSTROM / canvas.pixel_size_angstrom, mode="wrap")
    grain *= np.float32(_CARBON_GRAIN / grain.std())
    canvas.density += np.float32(density) * film * (np.float32(_CARBON_DENSITY) + grain)
    is_carbon: NDArray[np.bool_] = canvas.crop(from_hole) > radius
    return is_carbon


def measure_density(canvas: Canvas) -> float:
    """Projected density of the particle: root mean square over the disc of its diameter.

    The mean of three views along the specimen's axes.
    """
    diameter_px = canvas.specimen.diameter_angstrom / canvas.pixel_size_angstrom
    area_px = np.pi / 4 * diameter_px**2
    views = (np.eye(3)[list(axes)] for axes in ((0, 1, 2), (1, 2, 0), (2, 0, 1)))
    squares = [np.square(canvas.project(view)).sum(dtype=np.float64) for view in views]
    return float(np.mean(np.sqrt(np.array(squares) / area_px)))


def _make_grid(half_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the pixels of a square whose middle pixel is the origin."""
    half = int(np.ceil(half_px)) + 1
    offset = np.arange(-half, half + 1, dtype=np.float64)
    return offset[np.newaxis, :], offset[:, np.newaxis]
