"""How strongly an image answers to a pattern of positions, beyond what a chance pattern would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.special import chdtri

from deepem.core import Micrograph
from deepem.preprocessing import clip_outliers, fourier_crop

#: Positions ``(x, y)`` as fractions of the image, from 0 at one edge to 1 at the other: ``(n, 2)``.
Fractions = NDArray[np.float32]

_LONGEST_SIDE = 1024
_SAMPLES_PER_DIAMETER = 8
_WINDOW_DIAMETERS = 4
_SPOT_SIGMA = 0.28  # of a difference of Gaussians that answers most to a disc of diameter 1
_SURROUND = 1.6
_LIMIT = 3.0
_NEAR = 1 / 16
_TAIL = 0.99
_BLOCK = 1 << 14


@dataclass(frozen=True, eq=False)
class Responses:
    """The answers of one micrograph to spots of several sizes.

    Parameters
    ----------
    bands
        One image ``(rows, columns)`` for each size, coarser for larger spots; every one spans the
        micrograph. Their values are in local standard deviations, between -3 and 3.
    shape
        Shape ``(ny, nx)`` of the micrograph in pixels.
    """

    bands: tuple[NDArray[np.float32], ...]
    shape: tuple[int, int]

    def to_fractions(self, x_px: NDArray[np.float64], y_px: NDArray[np.float64]) -> Fractions:
        """Positions in pixels as fractions of the image, shape ``(n, 2)``."""
        ny, nx = self.shape
        return np.column_stack([(x_px + 0.5) / nx, (y_px + 0.5) / ny]).astype(np.float32)

    def add_up(self, positions: Fractions, shifts: Fractions) -> NDArray[np.float64]:
        """Sum of the answers at all positions, each moved by every shift.

        What leaves the image at one edge comes back at the opposite one, so that a shifted
        pattern is as crowded as the original.

        Parameters
        ----------
        positions
            Shape ``(n, 2)``.
        shifts
            Shape ``(m, 2)``.

        Returns
        -------
        sums
            Shape ``(m, number of bands)``.
        """
        sums = np.empty((len(shifts), len(self.bands)))
        n_together = max(1, _BLOCK // max(1, len(positions)))  # small blocks stay in the cache
        for start in range(0, len(shifts), n_together):
            block = slice(start, start + n_together)
            x = (positions[:, 0] + shifts[block, None, 0]) % 1
            y = (positions[:, 1] + shifts[block, None, 1]) % 1
            for k, band in enumerate(self.bands):
                rows, columns = band.shape
                # A fraction just below 1 can be rounded up to the side: it is the last sample.
                column = np.minimum((x * columns).astype(np.int32), columns - 1)
                row = np.minimum((y * rows).astype(np.int32), rows - 1)
                sums[block, k] = band.ravel().take(row * columns + column).sum(axis=1)
        return sums


def respond(micrograph: Micrograph, diameters_px: Sequence[float]) -> Responses:
    """Filter a micrograph with spots of the given diameters.

    A spot is a difference of two Gaussians, so neither a constant nor a gradient answers. Dividing
    by the local standard deviation takes away what carbon, thick ice and damaged rims have too
    much of, and limiting the values keeps a single bright contaminant from speaking for a
    whole set of picks.

    Parameters
    ----------
    micrograph
        The micrograph.
    diameters_px
        Diameters of the spots in unbinned pixels.

    Raises
    ------
    deepem.errors.DeepEMError
        The micrograph cannot be read, is constant or is not finite.
    """
    ny, nx = micrograph.shape
    pixels = clip_outliers(micrograph.pixels(), label=micrograph.label)
    small, _ = fourier_crop(pixels, max(1.0, max(ny, nx) / _LONGEST_SIDE))
    spectrum = scipy.fft.dctn(small, norm="forward")
    bands = tuple(_filter(spectrum, (ny, nx), diameter_px) for diameter_px in diameters_px)
    return Responses(bands, (ny, nx))


def _filter(
    spectrum: NDArray[np.float32], shape: tuple[int, int], diameter_px: float
) -> NDArray[np.float32]:
    """Image of the answers to one spot, with few samples where the spot is large."""
    rows, columns = (
        min(kept, max(_SAMPLES_PER_DIAMETER, round(_SAMPLES_PER_DIAMETER * side / diameter_px)))
        for kept, side in zip(spectrum.shape, shape, strict=True)
    )
    frequency_y = np.pi * np.arange(rows) / shape[0]
    frequency_x = np.pi * np.arange(columns) / shape[1]
    exponent = np.square(frequency_y[:, None]) + np.square(frequency_x)
    exponent *= -0.5 * (_SPOT_SIGMA * diameter_px) ** 2
    spot = np.exp(exponent) - np.exp(exponent * _SURROUND**2)
    low = (spectrum[:rows, :columns] * spot).astype(np.float32)
    answer = scipy.fft.idctn(low, norm="forward")
    window = min(_WINDOW_DIAMETERS * _SAMPLES_PER_DIAMETER, rows, columns)
    variance = uniform_filter(np.square(answer), window)
    # Empty and dead regions must not be blown up to the level of the rest.
    variance += 0.1 * np.median(variance[::4, ::4]) + np.finfo(np.float32).tiny
    limited: NDArray[np.float32] = np.clip(answer / np.sqrt(variance), -_LIMIT, _LIMIT)
    return limited.astype(np.float32)


def draw_shifts(n_shifts: int, rng: np.random.Generator) -> Fractions:
    """Random shifts in fractions of the image, shape ``(n_shifts, 2)``, that are not near zero."""
    shifts = rng.random((2 * n_shifts + 64, 2), dtype=np.float32)
    distance = np.minimum(shifts, 1 - shifts).max(axis=1)
    far: Fractions = shifts[distance > _NEAR][:n_shifts]
    return far


@dataclass(frozen=True, eq=False)
class Chance:
    """What patterns without any relation to the images answer.

    Parameters
    ----------
    mean
        Mean of their sums, shape ``(k,)``.
    precision
        Inverse of the covariance of their sums, shape ``(k, k)``.
    tail
        By how much more than normally distributed sums they stray, 1 or more.
    """

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    tail: float

    @classmethod
    def from_sums(cls, sums: NDArray[np.float64]) -> Chance:
        """From the sums ``(m, k)`` of many chance patterns."""
        mean = sums.mean(axis=0)
        covariance = np.atleast_2d(np.cov(sums, rowvar=False))
        precision = np.asarray(np.linalg.pinv(covariance, hermitian=True), dtype=np.float64)
        chance = cls(mean, precision, 1.0)
        # Few picks on an image with contaminants: their sums have longer tails than a normal one.
        tail = float(np.quantile(chance.energy(sums), _TAIL)) / chdtri(sums.shape[1], 1 - _TAIL)
        return replace(chance, tail=max(1.0, tail))

    def energy(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Squared distance from chance in standard deviations, shape ``(m,)``, for ``(m, k)``."""
        off = sums - self.mean
        energy: NDArray[np.float64] = np.einsum("mi,ij,mj->m", off, self.precision, off)
        return energy / self.tail


def to_deviations(energy: NDArray[np.float64], n_bands: int) -> NDArray[np.float64]:
    """The deviation of one normal variable that is about as unlikely as the energy of several.

    The square root of twice the rate of the chi-square law (Chernoff's bound on its tail), which
    is a little smaller than the exact figure, and never overflows; 0 at and below what chance
    gives on average.
    """
    energy = np.maximum(energy, n_bands)
    deviations: NDArray[np.float64] = np.sqrt(
        np.maximum(energy - n_bands - n_bands * np.log(energy / n_bands), 0)
    )
    return deviations
