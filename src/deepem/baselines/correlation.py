"""Normalised cross-correlation of an image with templates under a round mask."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import fft

# The mask is 1 up to half a diameter and falls to 0 over this share of a diameter.
_EDGE_OVER_DIAMETER = 0.1
# Standard deviations under the mask below this share of the usual one are flat spots.
_FLAT = 0.05


def make_mask(diameter: float) -> NDArray[np.float32]:
    """Round mask with a soft edge.

    Parameters
    ----------
    diameter
        Diameter of the particle in pixels of the mask.

    Returns
    -------
    NDArray
        Weights from 0 to 1, shape ``(n, n)`` with n odd, the centre at pixel ``n // 2``.
    """
    half = int(np.ceil((0.5 + _EDGE_OVER_DIAMETER) * diameter))
    offset = np.arange(-half, half + 1)
    radius = np.hypot(offset, offset[:, np.newaxis])
    fraction = np.clip((radius - diameter / 2) / (_EDGE_OVER_DIAMETER * diameter), 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * fraction)).astype(np.float32)


def centre_grey(template: NDArray[np.floating], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The template, shape ``(n, n)``, less its mean under the mask."""
    mean = (template * mask).sum(dtype=np.float64) / mask.sum(dtype=np.float64)
    centred: NDArray[np.float32] = (template - mean).astype(np.float32)
    return centred


def correlate_templates(
    pixels: NDArray[np.float32],
    mask: NDArray[np.float32],
    templates: Iterable[NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Highest correlation coefficient over some templates, of every box inside an image.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``.
    mask
        Weights, shape ``(n, n)``, as from `make_mask`.
    templates
        Templates of weighted mean 0, each of shape ``(n, n)``.

    Returns
    -------
    NDArray
        Coefficients from -1 to 1, shape ``(ny - n + 1, nx - n + 1)``.

    Notes
    -----
    The deviation of a flat spot, such as a dead area, counts as a twentieth of the usual one, so
    that such spots do not become infinitely similar.

    References
    ----------
    J. P. Lewis, "Fast normalized cross-correlation", Vision Interface 1995; with a weighted mask:
    A. M. Roseman, Ultramicroscopy 94:225, 2003, doi 10.1016/S0304-3991(02)00333-9.
    """
    shape = tuple(fft.next_fast_len(n, real=True) for n in pixels.shape)
    shape = (shape[0], shape[1])
    spectrum = fft.rfft2(pixels, s=shape)
    n_pixels = mask.sum(dtype=np.float64)
    best: NDArray[np.float32] | None = None
    for template in templates:
        weighted = mask * template
        norm = np.sqrt((weighted * template).sum(dtype=np.float64) * n_pixels)
        product = spectrum * transform_corner(weighted / np.float32(norm), shape).conj()
        covariance = fft.irfft2(product, s=shape, overwrite_x=True)
        best = covariance if best is None else np.maximum(best, covariance, out=best)
    if best is None:
        raise ValueError("there is no template to correlate with")
    inside = tuple(slice(n - len(mask) + 1) for n in pixels.shape)
    deviation = _measure_deviation(pixels, mask, shape)[inside]
    deviation = np.maximum(deviation, _FLAT * np.median(deviation))
    scores = np.clip(best[inside] / deviation, -1, 1)
    return np.asarray(scores, dtype=np.float32)


def transform_corner(
    template: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.complex64]:
    """``rfft2`` of a template in the corner of an empty canvas, without the empty rows."""
    rows = fft.rfft(template, n=shape[1], axis=1)
    spectrum: NDArray[np.complex64] = fft.fft(rows, n=shape[0], axis=0, overwrite_x=True)
    return spectrum


def _measure_deviation(
    pixels: NDArray[np.float32], mask: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Standard deviation under the mask at every position of the canvas."""
    # Small variances are differences of large means.
    exact = pixels.astype(np.float64)
    weights = mask.astype(np.float64) / mask.sum(dtype=np.float64)
    kernel = fft.rfft2(weights, s=shape).conj()
    mean, mean_square = (
        fft.irfft2(fft.rfft2(image, s=shape) * kernel, s=shape) for image in (exact, exact**2)
    )
    deviation: NDArray[np.float64] = np.sqrt(np.maximum(mean_square - mean**2, 0))
    return deviation
