"""From a score map to candidates: local maxima, no two closer than asked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class Peaks:
    """Local maxima of a score map, best first.

    Parameters
    ----------
    row, column
        Fractional samples of the map, shape ``(n,)``.
    score
        Highest sample of each peak, shape ``(n,)``.
    """

    row: NDArray[np.float64]
    column: NDArray[np.float64]
    score: NDArray[np.float64]


def find_peaks(scores: NDArray[np.float32], *, min_distance: float) -> Peaks:
    """Find local maxima, best first, and drop those too close to a better one.

    Parameters
    ----------
    scores
        Score map ``(ny, nx)``.
    min_distance
        Least distance between two peaks, in samples of the map.

    Returns
    -------
    peaks

    Notes
    -----
    A sample is a peak where none of its eight neighbours is higher; a plateau of equal samples is
    one peak at its centre. A parabola through the neighbours refines the position to a fraction
    of a sample. Equal scores are taken by row, then column, so the result does not depend on
    chance.
    """
    row, column, score = _local_maxima(scores)
    order = np.lexsort((column, row, -score))
    row, column, score = row[order], column[order], score[order]
    kept = _keep_distant(np.column_stack((column, row)), min_distance)
    return Peaks(row=row[kept], column=column[kept], score=score[kept])


def _local_maxima(scores: NDArray[np.float32]) -> tuple[NDArray[np.float64], ...]:
    is_top = _highest_around(scores) == scores
    # Two tops side by side are a plateau; there are few, and finding their middle takes long.
    is_plateau = np.zeros_like(is_top)
    rows, columns = np.nonzero(is_top)
    padded = np.pad(is_top, 1)
    shifts = [shift for shift in product(range(3), repeat=2) if shift != (1, 1)]
    has_other = np.any([padded[rows + down, columns + right] for down, right in shifts], axis=0)
    is_plateau[rows[has_other], columns[has_other]] = True
    plateaus, _ = label(is_plateau, structure=_EIGHT_NEIGHBOURS)
    rows, columns = np.nonzero(is_plateau)
    number = plateaus[rows, columns]
    _, first, size = np.unique(number, return_index=True, return_counts=True)
    single_row, single_column = np.nonzero(is_top & ~is_plateau)
    row = np.concatenate([single_row, np.bincount(number, rows)[1:] / size])
    column = np.concatenate([single_column, np.bincount(number, columns)[1:] / size])
    score = scores[
        np.concatenate([single_row, rows[first]]), np.concatenate([single_column, columns[first]])
    ].astype(np.float64)
    at = (np.rint(row).astype(int), np.rint(column).astype(int))
    row += _parabola_shift(scores, at, axis=0)
    column += _parabola_shift(scores, at, axis=1)
    return row, column, score


def _highest_around(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest of each sample and its eight neighbours."""
    rows = scores.copy()
    np.maximum(rows[1:], scores[:-1], out=rows[1:])
    np.maximum(rows[:-1], scores[1:], out=rows[:-1])
    highest = rows.copy()
    np.maximum(highest[:, 1:], rows[:, :-1], out=highest[:, 1:])
    np.maximum(highest[:, :-1], rows[:, 1:], out=highest[:, :-1])
    return highest


def _parabola_shift(
    scores: NDArray[np.float32], at: tuple[NDArray[Any], NDArray[Any]], *, axis: int
) -> NDArray[np.float64]:
    """Offset of the top of a parabola through three samples along an axis; 0 at the border."""
    before, after = [list(at) for _ in range(2)]
    before[axis] = np.maximum(at[axis] - 1, 0)
    after[axis] = np.minimum(at[axis] + 1, scores.shape[axis] - 1)
    left, middle, right = (scores[tuple(i)].astype(np.float64) for i in (before, at, after))
    bend = left - 2 * middle + right
    inside = (at[axis] > 0) & (at[axis] < scores.shape[axis] - 1)
    is_top = inside & (bend < 0) & (left <= middle) & (right <= middle)
    return np.where(is_top, 0.5 * (left - right) / np.where(is_top, bend, 1), 0.0)


def _keep_distant(points: NDArray[np.float64], min_distance: float) -> NDArray[np.bool_]:
    """Walk down the ranked points; each one kept removes all worse ones around it."""
    keep = np.ones(len(points), dtype=bool)
    # A hair less than the distance: points exactly that far apart may both stay.
    better, worse = _near_pairs(points, min_distance * (1 - 1e-9))
    while len(better):  # all at once whose better neighbours are all removed
        is_open = np.zeros(len(points), dtype=bool)
        is_open[worse] = True
        keep[worse[~is_open[better]]] = False
        is_left = keep[better] & keep[worse]
        better, worse = better[is_left], worse[is_left]
    return keep


def _near_pairs(
    points: NDArray[np.float64], distance: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Lower and higher numbers of all pairs of points at most a distance apart.

    Points are sorted into cells of that size, so that a pair is in one cell or in neighbours.
    """
    n = len(points)
    if not n:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    column, row = ((points - points.min(axis=0)) / max(distance, 1.0)).astype(np.intp).T
    width = (
        column.max() + 2
    )  # with an empty one between the last of a row and the first of the next
    cells = row * width + column
    order = np.argsort(cells, kind="stable")
    cells = cells[order]
    spans = [
        (np.arange(1, n + 1), np.searchsorted(cells, cells + 1, side="right")),
        (
            np.searchsorted(cells, cells + width - 1),
            np.searchsorted(cells, cells + width + 1, "right"),
        ),
    ]
    pairs = []
    for start, stop in spans:
        counts = stop - start
        one = np.repeat(np.arange(n), counts)
        other = np.arange(len(one)) + np.repeat(start - (np.cumsum(counts) - counts), counts)
        pairs.append((order[one], order[other]))
    one, other = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    is_near = np.square(points[one] - points[other]).sum(axis=1) <= distance**2
    one, other = one[is_near], other[is_near]
    return np.minimum(one, other), np.maximum(one, other)
