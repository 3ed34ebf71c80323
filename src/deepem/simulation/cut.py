"""A part of a density map: what lies on one side of a plane across its longest axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepem.errors import ConfigError
from deepem.simulation.density_map import DensityMap

_EDGE_VOXELS = 3


@dataclass(frozen=True, eq=False)
class LongAxis:
    """The longest axis of inertia of a density map, and how the density lies along it.

    Parameters
    ----------
    direction
        Unit vector ``(x, y, z)`` in the map's axes. It points to the end that reaches farther
        from the centre of mass (the third moment of the density along it is not negative).
    first_angstrom, last_angstrom
        Where along it the density begins and ends, in Å from the centre of mass: the first and
        last 0.1 % of the mass are left out.
    """

    direction: NDArray[np.float64]
    first_angstrom: float
    last_angstrom: float


def find_long_axis(density_map: DensityMap) -> LongAxis:
    """Find the axis along which the positive density of a map spreads most."""
    weights, points = _list_density(density_map)
    covariance = (points * weights[:, np.newaxis]).T @ points
    direction = np.linalg.eigh(covariance)[1][:, -1]
    along = points @ direction
    if weights @ along**3 < 0:
        direction, along = -direction, -along
    order = np.argsort(along)
    mass = np.cumsum(weights[order])
    first, last = along[order][np.searchsorted(mass, np.array([0.001, 0.999]) * mass[-1])]
    return LongAxis(direction, float(first), float(last))


def cut_density(
    density_map: DensityMap,
    *,
    position_angstrom: float,
    keep: Literal["above", "below"],
    name: str,
    edge_angstrom: float | None = None,
    diameter_angstrom: float | None = None,
) -> DensityMap:
    """Cut a map by a plane across its longest axis, and keep one side.

    Parameters
    ----------
    density_map
        The whole particle.
    position_angstrom
        Where the plane crosses the axis, in Å from the centre of mass; positive towards the end
        that reaches farther, see `find_long_axis`.
    keep
        ``"above"``: the side of greater positions; ``"below"``: the other.
    name
        Name of the part.
    edge_angstrom
        Width of the soft edge in Å, 0 or more; None for three voxels, with which projections do
        not ring. The density falls by half a period of a cosine, to one half in the plane. Both
        sides together are the whole, less what a `DensityMap` fades of a very wide edge.
    diameter_angstrom
        Diameter of the part in Å; None measures it, see `DensityMap`.

    Returns
    -------
    DensityMap
        The part, its centre of mass the origin, with the axes of the whole.

    Raises
    ------
    ConfigError
        The plane lies outside the particle, or a value is out of its range.
    """
    if keep not in ("above", "below"):
        raise ConfigError("keep", f"must be 'above' or 'below', got '{keep}'")
    if edge_angstrom is None:
        edge_angstrom = _EDGE_VOXELS * density_map.voxel_size_angstrom
    if not 0 <= edge_angstrom < np.inf:
        raise ConfigError("edge_angstrom", f"must be 0 or more, got {edge_angstrom:g}")
    axis = find_long_axis(density_map)
    if not axis.first_angstrom < position_angstrom < axis.last_angstrom:
        raise ConfigError(
            "position_angstrom",
            f"{position_angstrom:g} leaves nothing or everything of '{density_map.name}'; give a "
            f"position between {axis.first_angstrom:.0f} and {axis.last_angstrom:.0f}",
        )
    along = _measure_along(density_map, axis.direction) - np.float32(position_angstrom)
    if keep == "below":
        along = -along
    if edge_angstrom:
        fraction = np.clip(along / np.float32(edge_angstrom), -0.5, 0.5)
        weight = 0.5 + 0.5 * np.sin(np.pi * fraction)
    else:
        weight = np.where(along == 0, np.float32(0.5), (along > 0).astype(np.float32))
    return DensityMap(
        name,
        density_map.density * weight,
        density_map.voxel_size_angstrom,
        diameter_angstrom or 0.0,
    )


def _centre_of_mass(density_map: DensityMap) -> NDArray[np.float64]:
    """Index ``(z, y, x)`` that projections have in the middle."""
    return np.array(ndimage.center_of_mass(np.maximum(density_map.density, 0)))


def _list_density(density_map: DensityMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positive densities, and their positions ``(x, y, z)`` in Å from the centre of mass."""
    voxels = np.argwhere(density_map.density > 0)
    weights = density_map.density[tuple(voxels.T)].astype(np.float64)
    centred = (voxels - _centre_of_mass(density_map))[:, ::-1]
    return weights, centred * density_map.voxel_size_angstrom


def _measure_along(density_map: DensityMap, direction: NDArray[np.float64]) -> NDArray[np.float32]:
    """Position of every voxel along the axis, in Å, shape ``(nz, ny, nx)``."""
    grids = np.ogrid[tuple(slice(n) for n in density_map.density.shape)]
    centre = _centre_of_mass(density_map)
    steps = direction[::-1] * density_map.voxel_size_angstrom
    total = sum(
        (grid - middle) * step for grid, middle, step in zip(grids, centre, steps, strict=True)
    )
    along: NDArray[np.float32] = np.asarray(total, dtype=np.float32)
    return along
