"""Lines of junk, as fringes of carbon edges and chains of aggregates, and what they cut off."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label

from deepem.preprocessing.junk_measures import (
    EIGHT_NEIGHBOURS,
    LARGEST_SHARE,
    ROBUST,
    usual_height,
    widen,
)

# A line is longer than a row of touching particles. Fringes of the other contrast than particles
# tell carbon edges, so they may be fainter. Lines take up few places, so more of the places may
# be particles.
_NOISE_SIGMAS, _OVER_PARTICLES = 4.0, 1.25  # as of a blob
_LINE_IN_DIAMETERS, _CROWDED_PERCENTILE = 5.0, 95
_DARK_LINE_AREA, _FRINGE_AREA = 2.0, 1.2
_FRINGE_SIGMAS, _FRINGE_OVER_USUAL = 3.4, 1.1
_FAINT_END = 0.7
# What a line cuts off is junk where it is also darker: carbon is, the hole beside it is not.
_WALL_IN_DIAMETERS, _BESIDE_IN_DIAMETERS, _CUT_OFF_SIGMAS = 0.75, 3.0, 0.5


def find_lines(
    sigmas: NDArray[np.float32], size: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Lines, and the same with their faint ends, which may close a piece off."""
    heights = {sign: usual_height(sign * sigmas, size, _CROWDED_PERCENTILE) for sign in (-1, 1)}
    particles = -1 if heights[-1] >= heights[1] else 1
    lines = np.zeros(sigmas.shape, dtype=bool)
    with_ends = lines.copy()
    for sign, usual in heights.items():
        height = sign * sigmas
        if sign == particles:
            limit = max(_NOISE_SIGMAS, _OVER_PARTICLES * usual)
            least_area, joined = _DARK_LINE_AREA, height > limit
        else:
            limit = max(_FRINGE_SIGMAS, _FRINGE_OVER_USUAL * usual)
            least_area = _FRINGE_AREA
            joined = widen(height > limit)  # over gaps of two pixels
        pieces, _ = label(joined, EIGHT_NEIGHBOURS)
        areas = np.bincount(pieces.ravel(), weights=(height > limit).ravel())
        found = np.zeros(sigmas.shape, dtype=bool)
        for number, place in enumerate(find_objects(pieces), 1):
            extent = math.hypot(*(side.stop - side.start for side in place))
            is_long = extent >= _LINE_IN_DIAMETERS * size
            if is_long and areas[number] >= least_area * np.pi / 4 * size**2:
                found[place] |= pieces[place] == number
        if found.any():
            lines |= found & (height > limit)
            faint = widen(height > _FAINT_END * limit)
            pieces, n = label(faint | found, EIGHT_NEIGHBOURS)
            is_end = np.zeros(n + 1, dtype=bool)
            is_end[pieces[found]] = True
            with_ends |= is_end[pieces]
    return lines, with_ends


def find_cut_off(
    borders: NDArray[np.bool_], smooth: NDArray[np.float32], size: float
) -> NDArray[np.bool_]:
    """The darker pieces, and holes smaller than a particle, that borders cut off from the rest."""
    cut_off = np.zeros(borders.shape, dtype=bool)
    distance = distance_transform_edt(~borders)
    wall = distance <= _WALL_IN_DIAMETERS * size
    beside = distance <= (_WALL_IN_DIAMETERS + _BESIDE_IN_DIAMETERS) * size
    pieces, n = label(~wall)
    areas = np.bincount(pieces.ravel(), minlength=n + 1)
    areas[0] = 0
    largest = int(areas.argmax())
    beside_largest = smooth[(pieces == largest) & beside]
    if not beside_largest.size:
        return cut_off
    level = np.median(beside_largest)
    sigma = ROBUST * np.median(np.abs(smooth - np.median(smooth)))
    for number in range(1, n + 1):
        if number == largest or areas[number] > LARGEST_SHARE * borders.size:
            continue
        piece = pieces == number
        is_hole = areas[number] < np.pi / 4 * size**2
        if is_hole or level - np.median(smooth[piece & beside]) > _CUT_OFF_SIGMAS * sigma:
            cut_off |= piece
    if cut_off.any():  # what the wall took from them
        cut_off = distance_transform_edt(~cut_off) <= _WALL_IN_DIAMETERS * size
    return cut_off
