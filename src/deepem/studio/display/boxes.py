"""Sprites: many boxes from many micrographs in one picture, for a gallery of particles."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deepem.errors import DeepEMError, NotFoundError
from deepem.studio.display.contrast import MID_GREY, GreyValues, spread_patches
from deepem.studio.display.jpeg import encode_jpeg
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid import Pyramid
from deepem.studio.display.sampling import NO_BLUR_SIGMA, find_positions, sample

logger = logging.getLogger(__name__)

# Patches that a micrograph's contrast is found from, along each axis, and their side in pixels of
# the sprite, or in larger ones where boxes are blurred.
_N_PATCHES = 4
_PATCH_SIDE = 48
_BLURRED_PATCH_SIDE = 20
_N_THREADS = min(4, len(os.sched_getaffinity(0)))


@dataclass(frozen=True)
class Box:
    """A square around a place of a micrograph.

    Parameters
    ----------
    name
        Of the micrograph.
    x_px, y_px
        Its centre in unbinned pixels.
    """

    name: str
    x_px: float
    y_px: float


@dataclass(frozen=True)
class Sprite:
    """How boxes are shown together: box ``i`` at column ``i % n_columns``, row ``i // n_columns``.

    Parameters
    ----------
    box_px
        Side of a box in unbinned pixels.
    side
        Side of a box in pixels of the picture.
    n_columns
        Number of boxes in a row.
    look
        Contrast, that of the whole micrograph so that boxes can be compared, and filter.
    """

    box_px: float
    side: int = 96
    n_columns: int = 10
    look: Look = field(default_factory=Look)

    @property
    def step_px(self) -> float:
        """Size of a pixel of the picture in unbinned ones."""
        return self.box_px / self.side

    @property
    def sigma_px(self) -> float:
        """Blur in unbinned pixels: what is asked for, and at least what the step needs."""
        least = NO_BLUR_SIGMA * max(self.step_px, 1.0)
        return math.hypot(least, self.look.sigma_px)


def render_boxes(
    boxes: Sequence[Box], sprite: Sprite, find_pyramid: Callable[[str], Pyramid]
) -> bytes:
    """Show boxes in one picture, as JPEG.

    Parameters
    ----------
    boxes
        At least one. A box or a part of it outside its micrograph is mid-grey, and so is one
        whose file cannot be read, so that the others are seen; the log says why.
    sprite
        How they are shown.
    find_pyramid
        Returns the micrograph of a name.

    Raises
    ------
    NotFoundError
        There is no micrograph of a name.
    """
    n_rows = -(-len(boxes) // sprite.n_columns)
    side = sprite.side
    picture = np.full((n_rows * side, sprite.n_columns * side), MID_GREY, dtype=np.uint8)
    by_name: dict[str, list[int]] = {}
    for number, box in enumerate(boxes):
        by_name.setdefault(box.name, []).append(number)

    def fill(name: str) -> None:
        try:
            pyramid = find_pyramid(name)
            for number in by_name[name]:
                row, column = divmod(number, sprite.n_columns)
                box = cut_box(pyramid, boxes[number], sprite)
                picture[row * side : (row + 1) * side, column * side : (column + 1) * side] = box
        except NotFoundError:
            raise
        except DeepEMError as error:
            logger.warning("boxes are not shown: %s", error)

    with ThreadPoolExecutor(_N_THREADS) as pool:
        list(pool.map(fill, by_name))
    return encode_jpeg(picture)


def cut_box(pyramid: Pyramid, box: Box, sprite: Sprite) -> NDArray[np.uint8]:
    """A box as it is shown, with `MID_GREY` where there is no micrograph.

    Raises
    ------
    deepem.errors.FileFormatError
        The file is damaged, or has changed.
    """
    numbers = np.arange(sprite.side, dtype=np.float64)
    steps = (numbers - (sprite.side - 1) / 2) * sprite.step_px
    rows_px, columns_px = box.y_px + steps, box.x_px + steps
    is_inside = [
        (positions > -0.5) & (positions < n - 0.5)
        for positions, n in zip((rows_px, columns_px), pyramid.shape, strict=True)
    ]
    pixels = sample(pyramid, pyramid.cut, rows_px, columns_px, sigma_px=sprite.sigma_px)
    grey = _find_grey_values(pyramid, sprite).to_bytes(pixels, sprite.look)
    return np.where(np.outer(*is_inside), grey, np.uint8(MID_GREY))


def _find_grey_values(pyramid: Pyramid, sprite: Sprite) -> GreyValues:
    """Grey values of a whole micrograph, blurred as its boxes are."""
    sigma_px = sprite.sigma_px
    step_px = max(sprite.step_px, sigma_px / 2)  # finer ones would show less, not more
    side = _PATCH_SIDE if step_px == sprite.step_px else _BLURRED_PATCH_SIDE

    def find() -> GreyValues:
        ny, nx = (max(int(n / step_px), 1) for n in pyramid.shape)
        seen = []
        for part in spread_patches((ny, nx), side=side, n_along=_N_PATCHES):
            rows_px, columns_px = (find_positions(one, step_px) for one in part)
            seen.append(sample(pyramid, pyramid.cut, rows_px, columns_px, sigma_px=sigma_px))
        return GreyValues.of(np.concatenate([one.ravel() for one in seen]))

    return pyramid.remember(("boxes", step_px, sigma_px), find)
