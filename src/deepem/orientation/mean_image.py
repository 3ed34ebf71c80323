"""The mean image at the picks, for every way of reading their coordinates: for people to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.core import Micrograph, Orientation, Picks
from deepem.errors import ConfigError, ConventionError, DeepEMError, MicrographError
from deepem.preprocessing import make_preview

_SIDE = 64


@dataclass(frozen=True, eq=False)
class MeanImage:
    """The mean of all boxes around picks whose coordinates are read in one way.

    Parameters
    ----------
    orientation
        How the coordinates are read.
    pixels
        Square image, the same side for every way; its values are in standard deviations of
        the micrographs. Zeros where no box lies inside of an image.
    n_boxes
        How many boxes it is the mean of.
    """

    orientation: Orientation
    pixels: NDArray[np.float32]
    n_boxes: int


def average_boxes(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    orientations: Sequence[Orientation],
    *,
    box_size_px: float,
    offset_px: tuple[float, float] | None = None,
    max_picks: int = 1000,
    max_micrographs: int = 20,
    seed: int = 0,
) -> tuple[MeanImage, ...]:
    """Average the boxes around picks, once for each way of reading their coordinates.

    Where a way is right, the mean image shows the particle, because all else averages out.

    Parameters
    ----------
    micrographs
        The micrographs.
    picks
        The coordinates of each, as in their files; they may reach outside of the images.
    orientations
        The ways.
    box_size_px
        Side of the box in unbinned pixels of the micrographs, above 0; twice the particle's
        diameter shows its surroundings too.
    offset_px
        By how much ``(x, y)`` to move the picks after they are read; None for not at all.
    max_picks, max_micrographs
        At most so many are used: the micrographs with most picks, and a random choice of those.
    seed
        The same seed gives the same images.

    Returns
    -------
    tuple of MeanImage
        One for each orientation, in their order. Each box is taken at the nearest sample and
        has its own mean taken off. Boxes that reach beyond the image are left out.

    Raises
    ------
    deepem.errors.ConfigError
        The box is not positive.
    deepem.errors.ConventionError
        There are not as many sets of picks as micrographs.
    deepem.errors.MicrographError
        There are picks, and none of their micrographs can be used.
    """
    if len(micrographs) != len(picks):
        raise ConventionError(
            f"{len(micrographs)} micrographs and {len(picks)} sets of picks do not fit each "
            "other. Give one Picks a micrograph, in the same order"
        )
    if not 0 < box_size_px < np.inf:
        raise ConfigError("box_size_px", f"must be positive, got {box_size_px:g} px")
    factor = max(1.0, box_size_px / _SIDE)
    side = max(4, round(box_size_px / factor))
    sums = np.zeros((len(orientations), side, side))
    n_boxes = np.zeros(len(orientations), dtype=np.int64)
    chosen = _choose(micrographs, picks, max_picks, max_micrographs, np.random.default_rng(seed))
    failures: list[DeepEMError] = []
    for micrograph, some in chosen:
        try:
            image = make_preview(micrograph, longest_side=round(max(micrograph.shape) / factor))
        except DeepEMError as error:
            failures.append(error)
            continue
        for index, orientation in enumerate(orientations):
            placed = orientation.apply(some, micrograph.shape)
            column, row = image.frame.from_px(placed.x_px, placed.y_px)
            if offset_px is not None:
                column = column + offset_px[0] / image.frame.step_px[1]
                row = row + offset_px[1] / image.frame.step_px[0]
            total, n_inside = _add_up(image.pixels, column, row, side)
            sums[index] += total
            n_boxes[index] += n_inside
    if chosen and len(failures) == len(chosen):
        raise MicrographError(
            f"none of the {len(chosen)} micrographs can be used to average boxes; the first "
            f"says: {failures[0]}"
        )
    means = (sums / np.maximum(n_boxes, 1)[:, None, None]).astype(np.float32)
    return tuple(
        MeanImage(orientation, mean, int(n))
        for orientation, mean, n in zip(orientations, means, n_boxes, strict=True)
    )


def _choose(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    max_picks: int,
    max_micrographs: int,
    rng: np.random.Generator,
) -> list[tuple[Micrograph, Picks]]:
    """The micrographs with most picks, with at most so many of these in all."""
    finite = [p.take(np.isfinite(p.x_px) & np.isfinite(p.y_px)) for p in picks]
    by_number = sorted(range(len(finite)), key=lambda i: -len(finite[i]))[:max_micrographs]
    used = [i for i in by_number if len(finite[i])]
    n_picks = sum(len(finite[i]) for i in used)
    is_kept = np.zeros(n_picks, dtype=np.bool_)
    is_kept[rng.choice(n_picks, min(max_picks, n_picks), replace=False)] = True
    ends = np.cumsum([len(finite[i]) for i in used], dtype=np.int64)
    parts = zip(used, np.split(is_kept, ends[:-1]), strict=True) if used else ()
    return [(micrographs[i], finite[i].take(kept)) for i, kept in parts]


def _add_up(
    pixels: NDArray[np.float32],
    column: NDArray[np.float64],
    row: NDArray[np.float64],
    side: int,
) -> tuple[NDArray[np.float64], int]:
    """Sum of the boxes around positions, without those that reach beyond the image."""
    ny, nx = pixels.shape
    first_row = np.rint(row - (side - 1) / 2).astype(np.int64)
    first_column = np.rint(column - (side - 1) / 2).astype(np.int64)
    is_inside = (first_row >= 0) & (first_row + side <= ny)
    is_inside &= (first_column >= 0) & (first_column + side <= nx)
    total = np.zeros((side, side))
    for top, left in zip(first_row[is_inside], first_column[is_inside], strict=True):
        box = pixels[top : top + side, left : left + side]
        total += box - box.mean()
    return total, int(is_inside.sum())
