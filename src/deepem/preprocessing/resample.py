"""Fourier cropping: the same picture with fewer pixels, without aliasing and without shift."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from deepem.preprocessing.normalise import GreyLimits

_BLOCK_LINES = 32  # which stay in a core's cache from one step to the next
_LENGTHS = 64  # to choose from, above the least
_STEPS_OF_ANY = 10  # measured


def fourier_crop(
    pixels: NDArray[Any], factor: float, *, limits: GreyLimits | None = None, workers: int = 1
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Resample an image to pixels that are ``factor`` times larger.

    The image is continued by its mirror image and cropped in Fourier space, which is a truncated
    cosine transform: nothing wraps around from one edge to the other, and a flipped or rotated
    image gives exactly the flipped or rotated result where ``factor`` divides its sides.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``.
    factor
        Size of a new pixel in old ones; below 1 the image is enlarged.
    limits
        To which grey values are limited first; None for none. Done on the way, no second full
        image is needed.
    workers
        Number of threads.

    Returns
    -------
    cropped
        Image of ``ceil(n / factor)`` samples along each axis; its mean is that of the input where
        the factor divides the sides.
    step_px
        Exact distance ``(y, x)`` between new samples in old pixels (equal to ``factor`` for whole
        factors; else off by less than half an old pixel over the whole image). Sample 0 lies at
        old position ``(step - 1) / 2``.

    Raises
    ------
    ValueError
        The factor is not positive.
    """
    if not factor > 0:
        raise ValueError(f"the binning factor must be positive, got {factor}")
    if factor == 1:
        if limits is None:
            return pixels, (1.0, 1.0)
        whole = np.empty(pixels.shape, dtype=np.float32)
        limits.apply(pixels, whole)
        return whole, (1.0, 1.0)
    narrow, step_x = _crop_lines(pixels, factor, limits, workers)
    small, step_y = _crop_lines(narrow, factor, None, workers)
    return small, (step_y, step_x)


def _crop_lines(
    lines: NDArray[Any], factor: float, limits: GreyLimits | None, workers: int
) -> tuple[NDArray[np.float32], float]:
    """Crop every row of ``lines`` and make it a column, a block at a time.

    Done twice, this crops both axes and leaves them where they were.
    """
    n_lines, n = lines.shape
    n_kept = int(np.ceil(n / factor - 1e-9))
    n_old, n_new = _choose_lengths(n, n_kept, factor)
    mirrored = np.pad(np.arange(n), (0, n_old - n), mode="symmetric")[n:]
    cropped = np.empty((n_kept, n_lines), dtype=np.float32)

    def crop_block(start: int) -> None:
        block = lines[start : start + _BLOCK_LINES]
        old = np.empty((len(block), n_old), dtype=np.float32)
        if limits is None:
            old[:, :n] = block
        else:
            limits.apply(block, old[:, :n])
        if n_old > n:
            old[:, n:] = old[:, mirrored]
        spectrum = scipy.fft.dct(old, axis=1, norm="forward", overwrite_x=True)
        new = _resize(spectrum, n_new)
        new = scipy.fft.idct(new, axis=1, norm="forward", overwrite_x=True)
        cropped[:, start : start + _BLOCK_LINES] = new[:, :n_kept].T

    starts = range(0, n_lines, _BLOCK_LINES)
    if workers == 1:
        for start in starts:
            crop_block(start)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(crop_block, starts))
    return cropped, n_old / n_new


@lru_cache
def _choose_lengths(n: int, n_kept: int, factor: float) -> tuple[int, int]:
    """Lengths of the transforms there and back, at least ``n`` and ``n_kept``.

    Where the factor divides the side they are just that: exact, if a little slower for unlucky
    sides. Else their ratio is near the factor in any case, and those are taken that cost least.
    """
    if n_kept * factor == n:
        return n, n_kept
    pairs = [(max(round(n_new * factor), n), n_new) for n_new in range(n_kept, n_kept + _LENGTHS)]
    return min(pairs, key=lambda pair: sum(map(_cost, pair)))


def _cost(n: int) -> int:
    """Of a cosine transform, in parts of an operation: it goes with the prime factors."""
    rest, steps = n, _STEPS_OF_ANY
    for prime in (2, 3, 5, 7, 11, 13):
        while rest % prime == 0:
            rest //= prime
            steps += prime
    return n * (steps + (rest if rest > 1 else 0))


def _resize(spectrum: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    if n <= spectrum.shape[1]:
        return np.ascontiguousarray(spectrum[:, :n])
    return np.pad(spectrum, ((0, 0), (0, n - spectrum.shape[1])))
