"""Where the particles lie: at random, but no two closer than asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepem.errors import ConfigError

# So many misses in a row mean that less than about a thousandth of the area is still free.
_MAX_MISSES = 10_000


def place_particles(
    shape: tuple[int, int],
    *,
    n_particles: int,
    min_distance_px: float,
    edge_distance_px: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw particle centres one after the other, each where there is still room.

    Parameters
    ----------
    shape
        Shape ``(ny, nx)`` of the micrograph.
    n_particles
        Number of particles.
    min_distance_px
        No two centres are closer than this, in pixels.
    edge_distance_px
        No centre is closer to the first or last row or column than this, in pixels.
    rng
        Source of the positions.

    Returns
    -------
    NDArray
        Centres ``(x, y)`` in pixels, shape ``(n_particles, 2)``.

    Raises
    ------
    ConfigError
        There is not enough room; the message says how many particles fitted.

    Notes
    -----
    Random sequential addition. It fills a plane with discs to 54.7 % at most (E. L. Hinrichsen,
    J. Feder and T. Jøssang, J. Stat. Phys. 44:793, 1986, doi 10.1007/BF01011908).
    """
    if edge_distance_px < 0:
        raise ConfigError(
            "edge_distance_px",
            f"must be 0 or more, got {edge_distance_px:g}; centres lie on the micrograph",
        )
    low = np.array([edge_distance_px, edge_distance_px])
    high = np.array([shape[1], shape[0]]) - 1 - edge_distance_px
    if (high < low).any():
        needed = int(np.ceil(2 * edge_distance_px)) + 1
        raise ConfigError(
            "shape",
            f"{shape[0]} x {shape[1]} pixels have no room for a centre {edge_distance_px:g} px "
            f"from every edge; use at least {needed} x {needed}, or a smaller edge_distance_px",
        )
    centres = find_room(
        shape,
        n_centres=n_particles,
        min_distance_px=min_distance_px,
        edge_distance_px=edge_distance_px,
        rng=rng,
    )
    n_placed = len(centres)
    if n_placed < n_particles:
        raise ConfigError(
            "n_particles",
            f"only {n_placed} of {n_particles} particles fit into {shape[0]} x {shape[1]} "
            f"pixels with centres {min_distance_px:g} px apart and {edge_distance_px:g} px "
            f"from the edge; ask for at most {n_placed}, or for a larger shape, "
            "or for a smaller min_distance_px",
        )
    return centres


def find_room(
    shape: tuple[int, int],
    *,
    n_centres: int,
    min_distance_px: float,
    edge_distance_px: float,
    rng: np.random.Generator,
    forbidden: NDArray[np.bool_] | None = None,
    occupied_px: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Draw as many centres as there is room for, also on a micrograph that is not empty.

    Parameters
    ----------
    shape, min_distance_px, edge_distance_px, rng
        As in `place_particles`.
    n_centres
        How many at most.
    forbidden
        Pixels on which no centre may lie, of shape ``shape``; None for none.
    occupied_px
        Centres ``(x, y)``, shape ``(m, 2)``, that are there already and from which the new ones
        keep the distance, too; None for none.

    Returns
    -------
    NDArray
        The new centres ``(x, y)`` in pixels, shape ``(n, 2)``.
    """
    low = np.array([edge_distance_px, edge_distance_px])
    high = np.array([shape[1], shape[0]]) - 1 - edge_distance_px
    n_there = 0 if occupied_px is None else len(occupied_px)
    centres = np.empty((n_there + n_centres, 2))
    if occupied_px is not None:
        centres[:n_there] = occupied_px
    n_placed, n_misses = n_there, 0
    while n_placed < len(centres) and n_misses < _MAX_MISSES:
        candidate = rng.uniform(low, high)
        is_free = forbidden is None or not forbidden[round(candidate[1]), round(candidate[0])]
        if is_free and _is_away(candidate, centres[:n_placed], min_distance_px):
            centres[n_placed] = candidate
            n_placed += 1
            n_misses = 0
        else:
            n_misses += 1
    return centres[n_there:n_placed]


def _is_away(
    candidate: NDArray[np.float64], centres: NDArray[np.float64], min_distance_px: float
) -> bool:
    squared_distances = ((centres - candidate) ** 2).sum(axis=1)
    return bool((squared_distances >= min_distance_px**2).all())
