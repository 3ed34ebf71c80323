"""Places without particles, as many as picks: what a measure of picks must tell from them."""

from __future__ import annotations

import zlib

import numpy as np
from scipy.spatial import cKDTree

from deepem.core import Picks

_MIN_DISTANCE_OVER_DIAMETER = 0.7


def draw_empty_places(truth: Picks, n: int, *, diameter_px: float, seed: int) -> Picks:
    """Random places where no particle is: the control, of which nothing can be made.

    Parameters
    ----------
    truth
        All particles of the micrograph, with its frame.
    n
        Number of places.
    diameter_px
        Particle diameter in pixels. Places are 0.7 diameters from every particle, and half a
        diameter from the edge; they may overlap each other.
    seed
        The places depend on it and on the name of the micrograph.
    """
    if truth.frame is None:
        raise ValueError(f"particles of {truth.micrograph} have no frame")
    rng = np.random.default_rng([seed, zlib.crc32(truth.micrograph.encode())])
    ny, nx = truth.frame.shape
    tree = cKDTree(np.column_stack([truth.x_px, truth.y_px]))
    found = np.zeros((0, 2))
    while len(found) < n:
        low, high = diameter_px / 2, np.array([nx, ny]) - 1 - diameter_px / 2
        tries = rng.uniform(low, high, size=(10 * n, 2))
        distance_px, _ = tree.query(tries)
        is_empty = distance_px >= _MIN_DISTANCE_OVER_DIAMETER * diameter_px
        found = np.concatenate([found, tries[is_empty]])
    return Picks(truth.micrograph, found[:n, 0], found[:n, 1], frame=truth.frame)
