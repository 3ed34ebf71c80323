"""Boxes of picks as programs that average them want them: white on a background of deviation 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import ConfigError


def cut_white_boxes(
    pixels: NDArray[Any],
    picks: Picks,
    *,
    box_size_px: int,
    diameter_px: float,
    normalise: bool = True,
) -> NDArray[np.float32]:
    """Cut out boxes, inverted and normalised.

    Parameters
    ----------
    pixels
        Micrograph, shape ``(ny, nx)``, particles dark.
    picks
        Centres.
    box_size_px
        Side of the boxes in pixels.
    diameter_px
        Diameter of the circle around the particle in pixels, below the side of the box. What lies
        outside of it gets mean 0 and deviation 1.

    normalise
        Whether each box gets its background of mean 0 and deviation 1; without noise there is
        no background to go by.

    Returns
    -------
    boxes
        Shape ``(n, box_size_px, box_size_px)``, float32, particles white, the pixel nearest to
        the pick at ``box_size_px // 2``. Edge pixels of the micrograph are repeated outside.

    Raises
    ------
    deepem.errors.ConfigError
        The circle leaves no background.
    """
    if not 0 < diameter_px < box_size_px:
        raise ConfigError(
            "diameter_px",
            f"must be above 0 and below the side of the box ({box_size_px} px), got "
            f"{diameter_px:g}; make the box larger",
        )
    ny, nx = pixels.shape
    span = np.arange(box_size_px) - box_size_px // 2
    rows = np.clip(np.rint(picks.y_px).astype(int)[:, None] + span, 0, ny - 1)
    columns = np.clip(np.rint(picks.x_px).astype(int)[:, None] + span, 0, nx - 1)
    boxes = -pixels[rows[:, :, None], columns[:, None, :]].astype(np.float64)
    if not normalise:
        return boxes.astype(np.float32)
    is_background = np.hypot(*np.meshgrid(span, span)) > diameter_px / 2
    background = boxes[:, is_background]
    mean, std = background.mean(axis=1), background.std(axis=1)
    # Where nothing varies there is nothing to divide by.
    std[std == 0] = 1
    return np.asarray((boxes - mean[:, None, None]) / std[:, None, None], dtype=np.float32)
