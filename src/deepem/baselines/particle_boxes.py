"""From labelled micrographs to boxes to learn a template from, and from score maps to picks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepem.core import BOX_OVER_DIAMETER, Frame, Micrograph, Picks
from deepem.errors import ConfigError, TrainingDataError
from deepem.picking import find_peaks

_MIN_DISTANCE_OVER_DIAMETER = 0.8
# As in training a network: the largest whole binning that leaves the box at least this wide.
_SMALLEST_BOX = 40


def choose_factor(diameter_px: float, factor: float | None = None) -> float:
    """The binning at which templates are made.

    Parameters
    ----------
    diameter_px
        Diameter of the particle in unbinned pixels.
    factor
        What the user wants; None for the largest whole number that leaves a box of 1.5 diameters
        at least 40 pixels.

    Raises
    ------
    ConfigError
        The diameter or the factor is not positive, or too large for the other.
    """
    if not diameter_px > 0:
        raise ConfigError("diameter_px", f"must be greater than 0, got {diameter_px:g}")
    if factor is None:
        factor = max(1, int(BOX_OVER_DIAMETER * diameter_px / _SMALLEST_BOX))
    if not 0 < factor <= diameter_px / 4:
        raise ConfigError(
            "factor",
            f"must be from above 0 to {diameter_px / 4:g} for a diameter of {diameter_px:g} "
            f"px, got {factor:g}",
        )
    return float(factor)


def require_particles(micrographs: Sequence[Micrograph], picks: Sequence[Picks]) -> None:
    """Check that there are particles to learn from.

    Raises
    ------
    TrainingDataError
        There is not a set of picks for each micrograph, or no pick at all.
    """
    if len(micrographs) != len(picks) or not sum(map(len, picks)):
        raise TrainingDataError(
            f"{len(micrographs)} micrographs, {len(picks)} sets of picks, "
            f"{sum(map(len, picks))} particles: give a set of picks for each micrograph, and "
            "at least one particle"
        )


def cut_boxes(
    pixels: NDArray[np.float32], picks: Picks, frame: Frame, size: int
) -> NDArray[np.float32]:
    """Boxes whose middle pixel lies exactly on each pick.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``.
    picks
        Centres in unbinned pixels.
    frame
        Frame of ``pixels``.
    size
        Side of a box in pixels of the image.

    Returns
    -------
    NDArray
        Shape ``(n, size, size)``, by linear interpolation; beyond the image its edge goes on.
    """
    offset = np.arange(size) - size // 2
    columns, rows = frame.from_px(picks.x_px, picks.y_px)
    boxes = np.empty((len(picks), size, size), dtype=np.float32)
    for box, column, row in zip(boxes, columns, rows, strict=True):
        grid = np.meshgrid(row + offset, column + offset, indexing="ij")
        ndimage.map_coordinates(pixels, grid, output=box, order=1, mode="nearest")
    return boxes


def average_rotations(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Image in which every pixel has the mean of its ring about the middle pixel."""
    offset = np.arange(len(image)) - len(image) // 2
    radius = np.hypot(offset, offset[:, np.newaxis])
    ring = np.rint(radius).astype(int)
    profile = np.bincount(ring.ravel(), image.ravel()) / np.bincount(ring.ravel())
    mean: NDArray[np.float64] = np.interp(radius, np.arange(profile.size), profile)
    return mean


def find_candidates(
    scores: NDArray[np.float32],
    frame: Frame,
    micrograph: Micrograph,
    *,
    margin: int,
    diameter_px: float,
) -> Picks:
    """Local maxima of a score map, best first, at least 0.8 diameters apart.

    Parameters
    ----------
    scores
        Score map ``(ny, nx)``.
    frame
        Frame of the image that was scored.
    micrograph
        The micrograph that the image comes from.
    margin
        Sample (0, 0) of the map is the pixel ``(margin, margin)`` of the image.
    diameter_px
        Diameter of the particle in unbinned pixels.
    """
    distance = _MIN_DISTANCE_OVER_DIAMETER * diameter_px / frame.step_px[0]
    peaks = find_peaks(scores, min_distance=distance)
    x_px, y_px = frame.to_px(peaks.column + margin, peaks.row + margin)
    return Picks(
        micrograph.name,
        x_px,
        y_px,
        score=peaks.score,
        frame=micrograph.frame,
        listing=micrograph.find_listing(),
    )
