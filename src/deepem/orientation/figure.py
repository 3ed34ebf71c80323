"""The picture of a check: the mean image at the picks, for every way of reading them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import product
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from deepem.core import Micrograph, Orientation, Picks
from deepem.orientation.mean_image import MeanImage, average_boxes
from deepem.orientation.result import OrientationCheck, Verdict
from deepem.orientation.wording import name_boxes, name_orientation, name_readers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_INK, _DIM, _PAPER = "#F2F2F2", "#B8BCC2", "#1E2126"
_MARK = "#F0E442"  # yellow of Okabe and Ito (2008), which all eyes tell from grey
_BOX_OVER_DIAMETER = 2.0
_BOX_OVER_BOX = 1.5
_PARTICLES_A_SIDE = 12


def list_orientations(check: OrientationCheck) -> list[Orientation]:
    """What the picture of a check shows: as they are, the seven turns, and the best if rescaled."""
    turns = [
        Orientation(swap_xy=swap_xy, flip_x=flip_x, flip_y=flip_y)
        for swap_xy, flip_x, flip_y in product((False, True), repeat=3)
    ]
    return turns if check.best in turns else [*turns, check.best]


def average_for_check(
    check: OrientationCheck,
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    diameter_px: float | None = None,
    seed: int = 0,
) -> tuple[MeanImage, ...]:
    """Average the boxes that the picture of a check shows.

    Parameters
    ----------
    check
        What the check came to.
    micrographs, picks
        As they were checked.
    diameter_px
        Diameter of the particle in unbinned pixels. Without it, the box of the picks says how
        much to show, or else the size of the micrographs.
    seed
        The same seed gives the same images.

    Returns
    -------
    tuple of MeanImage
        One for each of `list_orientations`; where the check found the picks to be off centre,
        all are moved by as much.

    Raises
    ------
    deepem.errors.DeepEMError
        As `average_boxes`.
    """
    if diameter_px is not None:
        box_size_px = _BOX_OVER_DIAMETER * diameter_px
    elif check.box_size_px is not None:
        box_size_px = _BOX_OVER_BOX * check.box_size_px * check.best.scale
    else:
        box_size_px = max(max(m.shape) for m in micrographs) / _PARTICLES_A_SIDE
    return average_boxes(
        micrographs,
        picks,
        list_orientations(check),
        box_size_px=box_size_px,
        offset_px=check.offset_px,
        seed=seed,
    )


def draw_check(check: OrientationCheck, images: Sequence[MeanImage]) -> bytes:
    """Draw the mean images of a check side by side, all in the same grey values.

    Parameters
    ----------
    check
        What the check came to.
    images
        As from `average_for_check`.

    Returns
    -------
    bytes
        A PNG, with light letters on dark ground. What fits has a frame and says so in words.
    """
    from matplotlib.figure import Figure  # slow to import

    evidence = {h.orientation: h.evidence for h in check.hypotheses}
    limit = max((float(np.abs(image.pixels).max()) for image in images), default=0.0) or 1.0
    n_rows = -(-len(images) // _COLUMNS)
    figure = Figure(figsize=(2.5 * _COLUMNS, 3.6 * n_rows), layout="constrained", facecolor=_PAPER)
    grid: Any = figure.subplots(n_rows, _COLUMNS, squeeze=False)
    for axes in grid.ravel()[len(images) :]:
        axes.set_axis_off()
    for axes, image in zip(grid.ravel(), images, strict=False):
        fits = check.verdict is not Verdict.CANNOT_TELL and image.orientation == check.best
        _draw_one(axes, image, evidence.get(image.orientation), limit, fits=fits)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _draw_one(
    axes: Axes, image: MeanImage, evidence: float | None, limit: float, *, fits: bool
) -> None:
    axes.imshow(image.pixels, cmap="gray", vmin=-limit, vmax=limit, origin="upper")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=_MARK if fits else _DIM, linewidth=3.0 if fits else 0.6)
    title = fill(name_orientation(image.orientation), 32)
    axes.set_title(
        "\n".join(filter(None, (title, image.orientation.options()))),
        color=_MARK if fits else _INK,
        fontsize=9.5,
        fontweight="bold" if fits else "normal",
    )
    said = "too many outside" if evidence is None else f"evidence {evidence:.1f}"
    if fits:
        said = f"fits: {said}"
    axes.set_xlabel(
        f"{fill(f'{said}, {name_boxes(image.n_boxes)}', 36)}\n"
        f"{fill(name_readers(image.orientation), 36)}",
        color=_INK,
        fontsize=8,
    )
