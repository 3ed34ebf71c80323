"""Pictures of pictures: rows of small images, each row with its title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IMAGE_INCHES = 0.8
_ROW_INCHES = 1.15
_CONTRAST_PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True, eq=False)
class ImageRow:
    """Images that are shown side by side.

    Parameters
    ----------
    title
        Stands before them.
    images
        Shape ``(n, side, side)``; NaN is left white.
    captions
        Stand above each; none where empty.
    limits
        Values that are black and white; by default each image has its own.
    """

    title: str
    images: NDArray[Any]
    captions: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None


def draw_image_rows(figure: Figure, rows: Sequence[ImageRow], *, n_columns: int) -> None:
    """Draw rows of images into an empty figure.

    Parameters
    ----------
    figure
        Empty figure, which becomes as large as it needs to be.
    rows
        From top to bottom; without any the figure stays empty.
    n_columns
        The first so many images of each row are shown.
    """
    if not rows:
        return
    figure.set_size_inches(_IMAGE_INCHES * (n_columns + 1.6), _ROW_INCHES * len(rows))
    grid = figure.add_gridspec(len(rows), n_columns + 1, width_ratios=[1.6] + [1.0] * n_columns)
    for number, row in enumerate(rows):
        heading = figure.add_subplot(grid[number, 0])
        heading.axis("off")
        heading.text(1, 0.5, row.title, ha="right", va="center", fontsize="small")
        shown = row.images[:n_columns].astype(np.float64)
        for column, image in enumerate(shown):
            axes = figure.add_subplot(grid[number, column + 1])
            axes.axis("off")
            low, high = row.limits or _find_contrast(image)
            axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            if row.captions:
                axes.set_title(row.captions[column], fontsize="x-small", pad=2)


def _find_contrast(images: NDArray[Any]) -> tuple[float, float]:
    seen = images[np.isfinite(images)]
    low, high = np.percentile(seen, _CONTRAST_PERCENTILES) if seen.size else (0.0, 1.0)
    return float(low), float(max(high, low + 1e-12))
