"""Adding and removing labels, so that asking twice is asking once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepem.core import Micrograph
from deepem.errors import ConfigError
from deepem.studio.labels.labels import (
    NEGATIVES,
    PARTICLES,
    STEPS_PER_PX,
    Labels,
    count_steps,
    make_labels,
)

_FOLDERS = {"particle": PARTICLES, "negative": NEGATIVES}


@dataclass(frozen=True)
class Operation:
    """One label more, or one less.

    A label is its kind and its place, rounded to 0.01 px. Adding one that is there changes
    nothing, nor does removing one that is not; so an operation may be sent again, and the
    opposite one takes it back. A label that moves is removed and added.

    Parameters
    ----------
    op
        ``"add"`` or ``"remove"``.
    kind
        ``"particle"``, or ``"negative"`` for a place that is none.
    x_px, y_px
        The centre in unbinned pixels.
    """

    op: Literal["add", "remove"]
    kind: Literal["particle", "negative"]
    x_px: float
    y_px: float


def apply_operations(
    labels: Labels,
    operations: Sequence[Operation],
    micrograph: Micrograph,
    *,
    complete: bool | None = None,
) -> Labels:
    """Labels after operations, in the order of these.

    Parameters
    ----------
    labels
        Those before.
    operations
        What to add and remove.
    micrograph
        The micrograph, on which every new label has to lie.
    complete
        Whether all particles are labelled now; None leaves what was said before.

    Raises
    ------
    deepem.errors.ConfigError
        A coordinate is not finite, or a new label lies outside of the micrograph. Nothing is
        applied then.
    """
    scores: dict[str, dict[tuple[int, int], float]] = {}
    for kind in (PARTICLES, NEGATIVES):
        picks = labels.of(kind)
        places = map(tuple, count_steps(picks).tolist())
        scores[kind] = dict(zip(places, picks.score.tolist(), strict=True))
    for operation in operations:
        place = _find_place(operation, micrograph)
        here = scores[_FOLDERS[operation.kind]]
        if operation.op == "add":
            here.setdefault(place, math.nan)
        else:
            here.pop(place, None)
    particles, negatives = (
        make_labels(
            labels.name,
            np.array(list(here), dtype=np.int64),
            np.array(list(here.values()), dtype=np.float64),
            like=labels.particles,
        )
        for here in scores.values()
    )
    return Labels(particles, negatives, labels.complete if complete is None else complete)


def _find_place(operation: Operation, micrograph: Micrograph) -> tuple[int, int]:
    """The place ``(x, y)`` of an operation in steps of 0.01 px."""
    position = {"x_px": operation.x_px, "y_px": operation.y_px}
    ny, nx = micrograph.shape
    steps = []
    for (field, value), length in zip(position.items(), (nx, ny), strict=True):
        if not math.isfinite(value):
            raise ConfigError(field, f"is {value}; a label needs a number of pixels")
        # Pixel centres are at integers, so the image reaches half a pixel further.
        if operation.op == "add" and not -0.5 <= value <= length - 0.5:
            raise ConfigError(
                field,
                f"is {value:g}, outside of {micrograph.name} of {nx} x {ny} px; put the label on "
                "the micrograph",
            )
        # As numpy rounds what is read from files.
        steps.append(int(np.rint(value * STEPS_PER_PX)))
    return steps[0], steps[1]
