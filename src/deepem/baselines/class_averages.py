"""A few averages of particles that look alike, whatever their rotation in the plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

_N_ANGLES = 72
_MAX_ROUNDS = 25
# Fewer than this share of an even distribution is a class of outliers.
_SMALLEST_SHARE = 0.1


def average_classes(
    boxes: NDArray[np.float32],
    mask: NDArray[np.float32],
    *,
    n_classes: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Sort particles into classes, align each with its class by rotation, and average.

    Parameters
    ----------
    boxes
        Particles in their middles, shape ``(n, size, size)``, size odd.
    mask
        Weights of the pixels, round, shape ``(size, size)``.
    n_classes
        Number of classes to look for, from 1 to n.
    rng
        Draws the particles that the classes start from.

    Returns
    -------
    NDArray
        Averages, the largest class first, shape ``(k, size, size)``; k is less than ``n_classes``
        where classes stayed empty or nearly so.

    Notes
    -----
    k-means in which the distance to a class is the least over 72 rotations, found in polar
    coordinates by Fourier transforms along the angle. Particles are not shifted.

    References
    ----------
    Multi-reference alignment: M. van Heel and M. Stöffler-Meilicke, EMBO J. 4:2389, 1985.
    """
    spectra = _transform_rings(boxes, mask)
    start = rng.choice(len(boxes), size=n_classes, replace=False)
    classes = spectra[start]
    members: NDArray[np.intp] = np.full(len(boxes), -1)
    for _ in range(_MAX_ROUNDS):
        before = members
        members, turns = _assign(spectra, classes)
        if (members == before).all():
            break
        turned = _turn_rings(spectra, turns)
        for index in range(n_classes):
            if (members == index).any():
                classes[index] = turned[members == index].mean(axis=0)
    sizes = np.bincount(members, minlength=n_classes)
    kept = [k for k in np.argsort(-sizes) if sizes[k] >= _SMALLEST_SHARE * len(boxes) / n_classes]
    upright = [
        _turn_box(box, turn * 2 * np.pi / _N_ANGLES) for box, turn in zip(boxes, turns, strict=True)
    ]
    return np.stack(
        [np.mean([upright[i] for i in np.flatnonzero(members == k)], axis=0) for k in kept]
    ).astype(np.float32)


def _transform_rings(
    boxes: NDArray[np.float32], mask: NDArray[np.float32]
) -> NDArray[np.complex64]:
    """Rings of each box, transformed along the angle: shape ``(n, rings, frequencies)``.

    Rings are weighted so that a sum over samples stands for the sum over pixels under the mask.
    """
    middle = len(mask) // 2
    radii = np.arange(middle) + 0.5
    angles = 2 * np.pi * np.arange(_N_ANGLES) / _N_ANGLES
    grid = [middle + np.outer(radii, np.sin(angles)), middle + np.outer(radii, np.cos(angles))]
    weights = radii * np.interp(radii, np.arange(middle + 1), mask[middle, middle:])
    rings = np.stack([ndimage.map_coordinates(box, grid, order=1) for box in boxes])
    rings -= np.average(rings.mean(axis=2), axis=1, weights=weights)[:, np.newaxis, np.newaxis]
    rings *= np.sqrt(weights)[:, np.newaxis]
    spectra: NDArray[np.complex64] = fft.rfft(rings.astype(np.float32), axis=2)
    return spectra


def _assign(
    spectra: NDArray[np.complex64], classes: NDArray[np.complex64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The nearest class of each particle, and the turn (in steps of angle) that brings it there."""
    # (frequency, particle, ring) times (frequency, ring, class)
    product = spectra.transpose(2, 0, 1) @ classes.conj().transpose(2, 1, 0)
    agreement = fft.irfft(product, n=_N_ANGLES, axis=0)
    # |p - c|² = |p|² + |c|² - 2 <p, c>, and |p|² does not depend on the class.
    power = np.abs(classes) ** 2
    power[..., 1 : (_N_ANGLES + 1) // 2] *= 2
    energy = power.sum(axis=(1, 2)) / _N_ANGLES
    closeness = agreement - energy / 2
    best = closeness.max(axis=0).argmax(axis=1)
    each = np.arange(len(spectra))
    return best, closeness[:, each, best].argmax(axis=0)


def _turn_rings(spectra: NDArray[np.complex64], turns: NDArray[np.intp]) -> NDArray[np.complex64]:
    """What the rings are once their sample ``turn`` has become their first one."""
    phase = 2j * np.pi / _N_ANGLES * np.outer(turns, np.arange(spectra.shape[2]))
    turned: NDArray[np.complex64] = spectra * np.exp(phase).astype(np.complex64)[:, np.newaxis]
    return turned


def _turn_box(box: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """The box once what lay at ``angle`` (from x towards y) lies along x."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, sin], [-sin, cos]])  # of (row, column)
    middle = np.full(2, len(box) // 2)
    turned: NDArray[np.float32] = ndimage.affine_transform(
        box, matrix, offset=middle - matrix @ middle, order=1, mode="nearest"
    )
    return turned
