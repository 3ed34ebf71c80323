"""Which view of a known particle an average shows, and how well: its best projection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from deepem.baselines.views import spread_views
from deepem.simulation import Projectable

_N_ROTATIONS = 72
# Both images lose what is finer, at a Gaussian deviation of this many Å.
_BLUR_ANGSTROM = 8.0
# The rim of the mask, in diameters.
_RIM = 0.1
# What remains of a constant image without its mean is at most this share of it.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Projections:
    """Views of a particle, ready to be compared with.

    Parameters
    ----------
    directions
        Direction of the beam in the particle's axes, unit vectors ``(x, y, z)``, shape
        ``(n_views, 3)``.
    images
        Views under a round mask, of mean 0 and length 1, shape ``(n_views, n, n)``.
    mask
        Weights of the pixels, shape ``(n, n)``.
    blur_px
        Deviation of the Gaussian that blurred them in pixels.
    """

    directions: NDArray[np.float64]
    images: NDArray[np.float64]
    mask: NDArray[np.float64]
    blur_px: float


@dataclass(frozen=True, eq=False)
class ViewMatches:
    """The view that is most like each image.

    Parameters
    ----------
    correlation
        Correlation coefficient under the mask, shape ``(n_images,)``.
    direction
        Direction of the beam in the particle's axes, shape ``(n_images, 3)``.
    """

    correlation: NDArray[np.float64]
    direction: NDArray[np.float64]


def project_views(
    specimen: Projectable, n_views: int, *, pixel_size_angstrom: float, box_size_px: int
) -> Projections:
    """Project a particle from evenly spread directions.

    Parameters
    ----------
    specimen
        The particle.
    n_views
        Number of directions, over the whole sphere: the view from behind is the mirrored one.
    pixel_size_angstrom
        Size of a pixel in Å.
    box_size_px
        Side of the images in pixels.

    Returns
    -------
    projections
    """
    rotations = spread_views(n_views)
    blur_px = _BLUR_ANGSTROM / pixel_size_angstrom
    mask = _make_mask(box_size_px, specimen.diameter_angstrom / pixel_size_angstrom)
    images = np.stack(
        [
            specimen.project(
                rotation, pixel_size_angstrom=pixel_size_angstrom, box_size_px=box_size_px
            )
            for rotation in rotations
        ]
    )
    return Projections(rotations[:, 2], _normalise(_blur(images, blur_px), mask), mask, blur_px)


def match_views(
    images: NDArray[Any], projections: Projections, *, max_shift_px: int = 2
) -> ViewMatches:
    """Find the best projection of each image, over rotations in the plane and shifts.

    Parameters
    ----------
    images
        Particles white, shape ``(n_images, n, n)``.
    projections
        What they are compared with, of the same side.
    max_shift_px
        Largest shift along each axis in whole pixels, from 0.

    Returns
    -------
    matches
        An image that is constant has a correlation of 0.
    """
    spectra = fft.rfft2(projections.images).conj()
    shifts = np.arange(-max_shift_px, max_shift_px + 1)
    correlation, view = np.full(len(images), -np.inf), np.zeros(len(images), dtype=int)
    blurred = _blur(np.asarray(images, dtype=np.float64), projections.blur_px)
    for angle in np.arange(_N_ROTATIONS) * 2 * np.pi / _N_ROTATIONS:
        turned = _normalise(_rotate(blurred, angle), projections.mask)
        for index, spectrum in enumerate(fft.rfft2(turned)):
            found = fft.irfft2(spectrum * spectra, s=turned.shape[1:])
            best = found[:, shifts[:, None], shifts].max(axis=(1, 2))
            if best.max() > correlation[index]:
                correlation[index], view[index] = best.max(), best.argmax()
    return ViewMatches(correlation, projections.directions[view])


def measure_angles_deg(
    directions: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Angles between unit vectors, shape ``(n, 3)`` each, in degrees, 0 to 180."""
    return np.asarray(np.rad2deg(np.arccos(np.clip((directions * others).sum(axis=1), -1, 1))))


def _make_mask(n: int, diameter_px: float) -> NDArray[np.float64]:
    span = np.arange(n) - n // 2
    radius = np.hypot(*np.meshgrid(span, span)) / diameter_px
    return np.clip((0.5 + _RIM - radius) / _RIM, 0, 1)


def _blur(images: NDArray[Any], blur_px: float) -> NDArray[np.float64]:
    return np.asarray(ndimage.gaussian_filter(images.astype(np.float64), (0, blur_px, blur_px)))


def _normalise(images: NDArray[np.float64], mask: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 under the mask, and length 1; a constant image becomes 0."""
    mean = (images * mask).sum(axis=(1, 2), keepdims=True) / mask.sum()
    masked = (images - mean) * mask
    length = np.sqrt((masked**2).sum(axis=(1, 2), keepdims=True))
    greatest = np.abs(images).max(axis=(1, 2), keepdims=True)
    return np.asarray(masked / np.where(length > _ROUNDING * greatest, length, np.inf))


def _rotate(images: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Rotate images about pixel ``n // 2``."""
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    middle = np.array(images.shape[1:]) // 2
    offset = middle - matrix @ middle
    return np.stack(
        [ndimage.affine_transform(one, matrix, offset, order=1, mode="nearest") for one in images]
    )
