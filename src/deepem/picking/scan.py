"""Score every box of a prepared image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.core import Frame
from deepem.networks import DeepEM8, NetworkDesign, dense_scores
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


def scan(network: DeepEM8, image: PreparedImage, *, step: int | None = None) -> ScoreMap:
    """Score the boxes of a prepared image, averaged over four orientations.

    Parameters
    ----------
    network
        The network.
    image
        Output of `deepem.preprocessing.prepare`, at the network's scale.
    step
        Distance between boxes in pixels of the image, one of ``network.design.steps``; by default
        the largest that puts at least ten boxes along a box's side.

    Returns
    -------
    score_map
    """
    design = network.design
    step = default_step(design) if step is None else step
    scores = dense_scores(network, image.pixels, step=step)
    _, std = local_mean_std(image.pixels, design.box_size)
    middle = (design.box_size - 1) / 2
    frame = image.frame.subgrid(scores.shape, origin=(middle, middle), step=step)
    return ScoreMap(scores=scores, std=std[::step, ::step], frame=frame)


def default_step(design: NetworkDesign) -> int:
    """Largest step of the design that puts at least ten boxes along a box's side."""
    return next(
        step for step in design.steps if step * _BOXES_PER_SIDE <= design.box_size or step == 1
    )
