"""Boxes to learn from: positives at the labels, negatives away from them."""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepem.core import Picks
from deepem.preprocessing import PreparedImage

logger = logging.getLogger("deepem.training")

# Negatives nearer than this share of a diameter hold most of the particle. Farther ones would
# leave out the gaps between crowded particles, where false picks come from.
_MIN_NEGATIVE_DISTANCE = 0.7
_TRIES_PER_NEGATIVE = 200


@dataclass(frozen=True, eq=False)
class Samples:
    """Boxes and what they show.

    Parameters
    ----------
    boxes
        ``(n, box_size, box_size)`` float32, at the model's scale.
    targets
        ``(n,)`` float32: 1 for a particle, 0 for none.
    """

    boxes: NDArray[np.float32]
    targets: NDArray[np.float32]

    @classmethod
    def empty(cls, box_size: int) -> Samples:
        """No boxes."""
        return cls(np.empty((0, box_size, box_size), np.float32), np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def n_positives(self) -> int:
        """Number of boxes with a particle."""
        return int(self.targets.sum())

    def positives_std(self) -> NDArray[np.float32]:
        """Standard deviation of each positive box."""
        std: NDArray[np.float32] = self.boxes[self.targets == 1].std(axis=(1, 2))
        return std

    def split(self, fraction: float, *, seed: int) -> tuple[Samples, Samples]:
        """Hold out a share of each class, at least one of each; returns ``(kept, held_out)``."""
        rng = np.random.default_rng([seed, 1])
        held_out = np.zeros(len(self), dtype=bool)
        for target in (0, 1):
            members = np.flatnonzero(self.targets == target)
            n = max(1, round(fraction * len(members)))
            held_out[rng.permutation(members)[:n]] = True
        return (
            Samples(self.boxes[~held_out], self.targets[~held_out]),
            Samples(self.boxes[held_out], self.targets[held_out]),
        )


def join_samples(parts: list[Samples]) -> Samples:
    """All boxes of several micrographs, in their order."""
    return Samples(
        boxes=np.concatenate([part.boxes for part in parts]),
        targets=np.concatenate([part.targets for part in parts]),
    )


def cut_samples(
    image: PreparedImage,
    particles: Picks,
    *,
    box_size: int,
    diameter_px: float,
    n_random: int,
    negatives: Picks | None = None,
    seed: int,
) -> Samples:
    """Cut the training boxes of one micrograph.

    Parameters
    ----------
    image
        The prepared micrograph.
    particles
        Its labels, with the micrograph's frame. Those that the edge cuts are left out.
    box_size
        Side of the box in pixels of the image.
    diameter_px
        Particle diameter in unbinned pixels.
    n_random
        Number of negatives; fewer are returned where there is no room.
    negatives
        Places known to hold no particle. They come first; the rest is drawn at random.
    seed
        The negatives depend on it and on the micrograph's name, not on other micrographs.

    Returns
    -------
    samples
        Positives first.
    """
    whole = particles.take(particles.edge_distance_px() >= diameter_px / 2)
    n_known = 0 if negatives is None else len(negatives)
    x_px, y_px = _draw_negatives(
        particles, max(0, n_random - n_known), diameter_px=diameter_px, seed=seed
    )
    if negatives is not None:
        x_px = np.concatenate([negatives.x_px, x_px])
        y_px = np.concatenate([negatives.y_px, y_px])
    positive_boxes = _cut_boxes(image, whole.x_px, whole.y_px, box_size)
    negative_boxes = _cut_boxes(image, x_px, y_px, box_size)
    return Samples(
        boxes=np.concatenate([positive_boxes, negative_boxes]),
        targets=np.repeat(np.array([1, 0], np.float32), [len(positive_boxes), len(negative_boxes)]),
    )


def _cut_boxes(
    image: PreparedImage, x_px: NDArray[np.float64], y_px: NDArray[np.float64], box_size: int
) -> NDArray[np.float32]:
    """Boxes ``(n, box_size, box_size)`` whose middle is nearest to the positions."""
    column, row = image.frame.from_px(x_px, y_px)
    corners = np.rint(np.column_stack((row, column)) - (box_size - 1) / 2).astype(int)
    corners = np.clip(corners, 0, np.array(image.pixels.shape) - box_size)
    windows = np.lib.stride_tricks.sliding_window_view(image.pixels, (box_size, box_size))
    boxes: NDArray[np.float32] = windows[corners[:, 0], corners[:, 1]]
    return boxes


def _draw_negatives(
    particles: Picks, n: int, *, diameter_px: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Uniformly random centres away from every particle and from the edge."""
    if particles.frame is None:
        raise ValueError(f"labels of {particles.micrograph} have no frame")
    rng = np.random.default_rng([seed, zlib.crc32(particles.micrograph.encode())])
    ny, nx = particles.frame.shape
    low = np.minimum(diameter_px / 2, (np.array([nx, ny]) - 1) / 2)
    tries = rng.uniform(low, np.array([nx, ny]) - 1 - low, size=(n * _TRIES_PER_NEGATIVE, 2))
    if len(particles):
        tree = cKDTree(np.column_stack((particles.x_px, particles.y_px)))
        distance, _ = tree.query(tries)
        tries = tries[distance >= _MIN_NEGATIVE_DISTANCE * diameter_px]
    if len(tries) < n:
        logger.warning(
            "%s: only %d of %d negatives fit between its %d particles",
            particles.micrograph, len(tries), n, len(particles),
        )  # fmt: skip
    return tries[:n, 0], tries[:n, 1]
