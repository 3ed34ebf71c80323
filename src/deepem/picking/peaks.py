"""From a score map to candidates: local maxima, no two closer than asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, maximum_filter, uniform_filter
from scipy.spatial import cKDTree

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
    is_top = maximum_filter(scores, size=3) == scores
    # Two tops side by side are a plateau; there are few, and finding their middle takes long.
    is_plateau = is_top & (uniform_filter(is_top.astype(np.float32), size=3) > 1.5 / 9)
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
    if not len(points):
        return keep
    # A hair less than the distance: points exactly that far apart may both stay.
    pairs = cKDTree(points).query_pairs(min_distance * (1 - 1e-9), output_type="ndarray")
    pairs.sort(axis=1)
    for better, worse in pairs[np.argsort(pairs[:, 0], kind="stable")]:
        if keep[better]:
            keep[worse] = False
    return keep
