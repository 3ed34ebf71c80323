"""Score the places of a prepared image where a particle could be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from deepem.core import Frame
from deepem.networks import (
    Network,
    NetworkDesign,
    ResidualNetwork,
    dense_scores,
    pixel_scores,
)
from deepem.preprocessing import PreparedImage, local_mean_std

_BOXES_PER_SIDE = 10


@dataclass(frozen=True, eq=False)
class ScoreMap:
    """Scores of boxes on a grid.

    Parameters
    ----------
    scores
        Array ``(ny, nx)`` in (0, 1).
    std
        Standard deviation of the same boxes, ``(ny, nx)``, in units of the micrograph's.
    frame
        Where the centres of the boxes lie on the micrograph.
    """

    scores: NDArray[np.float32]
    std: NDArray[np.float32]
    frame: Frame


def scan(
    network: Network,
    image: PreparedImage,
    *,
    box_size: int,
    step: int | None = None,
    fast: bool = False,
) -> ScoreMap:
    """Score a prepared image: box by box, or pixel by pixel, as the network does.

    Parameters
    ----------
    network
        The network.
    image
        Output of `deepem.preprocessing.prepare`, at the network's scale and for this box.
    box_size
        Side in pixels of the image of the box whose standard deviation is measured; for a network
        of boxes its own.
    step
        Distance between boxes in pixels of the image, one of ``network.design.steps``; by default
        the largest that puts at least ten boxes along a box's side. A residual network scores
        every pixel.
    fast
        Let a residual network compute in bfloat16.

    Returns
    -------
    score_map
        Boxes are scored in four orientations, and their mean is taken.
    """
    _, std = local_mean_std(image.pixels, box_size)
    if isinstance(network, ResidualNetwork):
        margin = box_size // 2
        step, origin = 1, (float(margin), float(margin))
        dtype = torch.bfloat16 if fast else torch.float32
        scores = pixel_scores(network, image.pixels, dtype=dtype)[
            margin : -margin or None, margin : -margin or None
        ]
    else:
        step = default_step(network.design) if step is None else step
        origin = ((box_size - 1) / 2, (box_size - 1) / 2)
        scores = dense_scores(network, image.pixels, step=step)
    frame = image.frame.subgrid(scores.shape, origin=origin, step=step)
    return ScoreMap(scores=scores, std=std[::step, ::step], frame=frame)


def default_step(design: NetworkDesign) -> int:
    """Largest step of the design that puts at least ten boxes along a box's side."""
    return next(
        step for step in design.steps if step * _BOXES_PER_SIDE <= design.box_size or step == 1
    )
