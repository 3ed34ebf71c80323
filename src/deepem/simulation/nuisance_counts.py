"""How many picks are no particles but junk, by the kind of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepem.core import Picks
from deepem.simulation.nuisances import AREA_KINDS, DAMAGED_KINDS
from deepem.simulation.scene import Scene


def count_nuisances_picked(picks: Picks, scene: Scene) -> dict[str, int]:
    """Count the picks that lie on a nuisance.

    Parameters
    ----------
    picks
        Picks on the micrograph of the scene.
    scene
        The micrograph and its truth.

    Returns
    -------
    dict
        For every kind on the micrograph, the number of picks in its area, or within half a
        diameter of the centre of one. A pick within half a diameter of a whole particle counts as
        that particle, and a pick on several nuisances counts for the first of carbon, ice
        crystals, contaminants, aggregates, broken and empty particles.

    Examples
    --------
    >>> from deepem.simulation import Nuisances, make_phantom, simulate_micrograph
    >>> scene = simulate_micrograph(
    ...     make_phantom("apoferritin"),
    ...     n_particles=20,
    ...     pixel_size_angstrom=3,
    ...     seed=0,
    ...     nuisances=Nuisances(broken=4),
    ... )
    >>> count_nuisances_picked(scene.decoys["broken"], scene)
    {'broken': 4}
    """
    reach_px = scene.diameter_px / 2
    is_open = ~_is_near(picks, scene.truth, reach_px)
    counts = {}
    for kind in (*AREA_KINDS, *DAMAGED_KINDS):
        if kind not in scene.masks and kind not in scene.decoys:
            continue
        is_on = np.zeros(len(picks), dtype=bool)
        if kind in scene.masks:
            is_on |= _is_in(picks, scene.masks[kind])
        if kind in scene.decoys:
            is_on |= _is_near(picks, scene.decoys[kind], reach_px)
        counts[kind] = int((is_on & is_open).sum())
        is_open &= ~is_on
    return counts


def _is_near(picks: Picks, centres: Picks, reach_px: float) -> NDArray[np.bool_]:
    if not len(picks) or not len(centres):
        return np.zeros(len(picks), dtype=bool)
    tree = cKDTree(np.column_stack([centres.x_px, centres.y_px]))
    distances, _ = tree.query(np.column_stack([picks.x_px, picks.y_px]))
    is_near: NDArray[np.bool_] = distances <= reach_px
    return is_near


def _is_in(picks: Picks, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    columns, rows = np.rint(picks.x_px).astype(int), np.rint(picks.y_px).astype(int)
    ny, nx = mask.shape
    is_in: NDArray[np.bool_] = (columns >= 0) & (columns < nx) & (rows >= 0) & (rows < ny)
    is_in[is_in] = mask[rows[is_in], columns[is_in]]
    return is_in
