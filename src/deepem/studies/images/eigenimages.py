"""What boxes have in common, without any alignment: their mean and their first eigenimages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Eigenimages:
    """Principal components of boxes.

    Parameters
    ----------
    mean
        Mean box, shape ``(n, n)``.
    images
        Eigenimages of most variance first, orthonormal, shape ``(k, n, n)``.
    variance_fraction
        Share of the variance of the boxes about their mean along each, shape ``(k,)``.
    """

    mean: NDArray[np.float64]
    images: NDArray[np.float64]
    variance_fraction: NDArray[np.float64]

    def measure_captured(self, boxes: NDArray[Any]) -> float:
        """Share of the variance of other boxes about their own mean that lies in the eigenimages.

        Parameters
        ----------
        boxes
            Shape ``(n_boxes, n, n)``; for example particles without noise.

        Returns
        -------
        share
            0 to 1; k over the number of pixels where the eigenimages have nothing to do with the
            boxes.
        """
        flat = boxes.reshape(len(boxes), -1).astype(np.float64)
        flat = flat - flat.mean(axis=0)
        along = flat @ self.images.reshape(len(self.images), -1).T
        return float((along**2).sum() / (flat**2).sum())


def find_eigenimages(boxes: NDArray[Any], *, n_images: int) -> Eigenimages:
    """Principal components of boxes.

    Parameters
    ----------
    boxes
        Shape ``(n_boxes, n, n)``.
    n_images
        Number of eigenimages, 1 to the number of boxes less one.

    Returns
    -------
    eigenimages
        Their signs are such that the pixel of the largest value is positive.

    Raises
    ------
    deepem.errors.ConfigError
        There are too few boxes.

    References
    ----------
    M. van Heel and J. Frank, Ultramicroscopy 6:187, 1981, doi 10.1016/0304-3991(81)90059-0.
    """
    if not 1 <= n_images < len(boxes):
        raise ConfigError(
            "n_images", f"must be 1 to {len(boxes) - 1} for {len(boxes)} boxes, got {n_images}"
        )
    flat = boxes.reshape(len(boxes), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    _, lengths, rows = np.linalg.svd(flat - mean, full_matrices=False)
    images = rows[:n_images]
    largest = np.abs(images).argmax(axis=1)
    images = images * np.sign(images[np.arange(n_images), largest])[:, None]
    variance = lengths**2
    side = boxes.shape[1:]
    return Eigenimages(
        mean.reshape(side), images.reshape(-1, *side), variance[:n_images] / variance.sum()
    )
