"""The classical picker: the mean particle as a template, found by normalised cross-correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from deepem.core import BOX_OVER_DIAMETER, Frame, Micrograph, Picks
from deepem.errors import ConfigError, TrainingDataError
from deepem.picking import find_peaks
from deepem.preprocessing import PreparedImage, prepare

_MIN_DISTANCE_OVER_DIAMETER = 0.8
# As in training a network: the largest whole binning that leaves the box at least this wide.
_SMALLEST_BOX = 40
# The mask is 1 up to half a diameter and falls to 0 over this share of a diameter.
_EDGE_OVER_DIAMETER = 0.1
# Standard deviations under the mask below this share of the usual one are flat spots.
_FLAT = 0.05


@dataclass(frozen=True, eq=False)
class MatchedFilter:
    """A template, and how micrographs are prepared for it.

    Parameters
    ----------
    template
        Mean particle of weighted mean 0, shape ``(n, n)`` with n odd, its centre at pixel
        ``n // 2``, in pixels that are ``factor`` times those of the micrograph.
    mask
        Weight of each pixel, from 0 to 1, shape ``(n, n)``.
    diameter_px
        Diameter of the particle in unbinned pixels.
    factor
        Binning: size of a pixel of the template in unbinned pixels.
    whitening
        Factor by which each spatial frequency from 0 to the corner of the spectrum (0.71 cycles
        per pixel) is multiplied, evenly spaced; None for no whitening.
    """

    template: NDArray[np.float32]
    mask: NDArray[np.float32]
    diameter_px: float
    factor: float
    whitening: NDArray[np.float64] | None = None

    @classmethod
    def from_particles(
        cls,
        micrographs: Sequence[Micrograph],
        picks: Sequence[Picks],
        *,
        diameter_px: float,
        factor: float | None = None,
        rotational_average: bool = True,
        whiten: bool = False,
    ) -> MatchedFilter:
        """Average particles into a template.

        Parameters
        ----------
        micrographs, picks
            Micrographs and the particles on each, in the same order.
        diameter_px
            Diameter of the particle in unbinned pixels.
        factor
            Binning; None for the largest whole number that leaves a box of 1.5 diameters at least
            40 pixels.
        rotational_average
            Whether the mean particle is averaged over all rotations in the plane.
        whiten
            Whether micrographs are divided by the square root of their radially averaged power
            spectrum, so that no spatial frequency drowns the others.

        Raises
        ------
        ConfigError
            The diameter or the factor is not positive, or too large for the other.
        TrainingDataError
            There is not a set of picks for each micrograph, or no pick at all.
        deepem.errors.MicrographError
            A micrograph is constant, is not finite, or is smaller than the box.
        """
        if not diameter_px > 0:
            raise ConfigError("diameter_px", f"must be greater than 0, got {diameter_px:g}")
        if factor is None:
            factor = max(1, int(BOX_OVER_DIAMETER * diameter_px / _SMALLEST_BOX))
        if not 0 < factor <= diameter_px / 4:
            raise ConfigError(
                "factor",
                f"must be from above 0 to {diameter_px / 4:g} for a diameter of {diameter_px:g} "
                f"px, got {factor:g}",
            )
        if len(micrographs) != len(picks) or not sum(map(len, picks)):
            raise TrainingDataError(
                f"{len(micrographs)} micrographs, {len(picks)} sets of picks, "
                f"{sum(map(len, picks))} particles: give a set of picks for each micrograph, and "
                "at least one particle"
            )
        mask = _make_mask(diameter_px / factor)
        images = [prepare(one, factor=factor, box_size=len(mask)) for one in micrographs]
        whitening = _measure_whitening([image.pixels for image in images]) if whiten else None
        total = np.zeros(mask.shape, dtype=np.float64)
        for image, some in zip(images, picks, strict=True):
            pixels = image.pixels if whitening is None else _whiten(image.pixels, whitening)
            total += _sum_particles(pixels, some, image.frame, len(mask))
        mean = total / sum(map(len, picks))
        if rotational_average:
            mean = _average_rotations(mean)
        mean -= (mean * mask).sum() / mask.sum()
        return cls(mean.astype(np.float32), mask, float(diameter_px), float(factor), whitening)

    def scan(self, micrograph: Micrograph) -> Picks:
        """Every candidate of a micrograph, best first, whatever its score.

        Parameters
        ----------
        micrograph
            At the scale of the micrographs that the template comes from.

        Returns
        -------
        Picks
            Local maxima of the correlation coefficient, at least 0.8 diameters apart. The score
            is ``(1 + correlation) / 2``, from 0 to 1.

        Raises
        ------
        deepem.errors.MicrographError
            The micrograph is constant, is not finite, or is smaller than the box.
        """
        image = prepare(micrograph, factor=self.factor, box_size=len(self.mask))
        scores = self._correlate(image)
        step = image.frame.step_px[0]
        distance = _MIN_DISTANCE_OVER_DIAMETER * self.diameter_px / step
        peaks = find_peaks(scores, min_distance=distance)
        middle = len(self.mask) // 2
        x_px, y_px = image.frame.to_px(peaks.column + middle, peaks.row + middle)
        return Picks(
            micrograph.name,
            x_px,
            y_px,
            score=(1 + peaks.score) / 2,
            frame=micrograph.frame,
            listing=micrograph.find_listing(),
        )

    def _correlate(self, image: PreparedImage) -> NDArray[np.float32]:
        """Correlation coefficients under the mask, of every box inside the image.

        J. P. Lewis, "Fast normalized cross-correlation", Vision Interface 1995; with a weighted
        mask: A. M. Roseman, Ultramicroscopy 94:225, 2003, doi 10.1016/S0304-3991(02)00333-9.
        """
        whitening = self.whitening
        flat = image.pixels if whitening is None else _whiten(image.pixels, whitening)
        # Small variances are differences of large means.
        pixels: NDArray[np.float64] = flat.astype(np.float64)
        n_pixels = self.mask.sum(dtype=np.float64)
        weighted = (self.mask * self.template).astype(np.float64)
        norm = np.sqrt((weighted * self.template).sum() / n_pixels)
        covariance = _correlate_boxes(pixels, weighted) / n_pixels
        mean = _correlate_boxes(pixels, self.mask) / n_pixels
        variance = _correlate_boxes(pixels**2, self.mask) / n_pixels - mean**2
        deviation = np.sqrt(np.maximum(variance, 0))
        # A flat spot, such as a dead area, must not become infinitely similar.
        deviation = np.maximum(deviation, _FLAT * np.median(deviation))
        scores = np.clip(covariance / (norm * deviation), -1, 1)
        return np.asarray(scores, dtype=np.float32)


def _make_mask(diameter: float) -> NDArray[np.float32]:
    half = int(np.ceil((0.5 + _EDGE_OVER_DIAMETER) * diameter))
    offset = np.arange(-half, half + 1)
    radius = np.hypot(offset, offset[:, np.newaxis])
    fraction = np.clip((radius - diameter / 2) / (_EDGE_OVER_DIAMETER * diameter), 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * fraction)).astype(np.float32)


def _sum_particles(
    pixels: NDArray[np.float32], picks: Picks, frame: Frame, size: int
) -> NDArray[np.float64]:
    """Sum of boxes whose middle pixel lies exactly on each pick."""
    offset = np.arange(size) - size // 2
    columns, rows = frame.from_px(picks.x_px, picks.y_px)
    total = np.zeros((size, size))
    for column, row in zip(columns, rows, strict=True):
        grid = np.meshgrid(row + offset, column + offset, indexing="ij")
        total += ndimage.map_coordinates(pixels, grid, order=1, mode="nearest")
    return total


def _average_rotations(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Image in which every pixel has the mean of its ring about the middle pixel."""
    offset = np.arange(len(image)) - len(image) // 2
    radius = np.hypot(offset, offset[:, np.newaxis])
    ring = np.rint(radius).astype(int)
    profile = np.bincount(ring.ravel(), image.ravel()) / np.bincount(ring.ravel())
    mean: NDArray[np.float64] = np.interp(radius, np.arange(profile.size), profile)
    return mean


def _correlate_boxes(
    pixels: NDArray[np.float64], kernel: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Sum of image times kernel for every box inside the image."""
    shape = tuple(fft.next_fast_len(n, real=True) for n in pixels.shape)
    spectrum = fft.rfft2(pixels, s=shape)
    spectrum *= fft.rfft2(kernel.astype(np.float64), s=shape).conj()
    inside = tuple(slice(n - len(kernel) + 1) for n in pixels.shape)
    correlation: NDArray[np.float64] = fft.irfft2(spectrum, s=shape)[inside]
    return correlation


def _frequencies(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Frequency in cycles per pixel, of every sample of ``rfft2``."""
    frequencies: NDArray[np.float64] = np.hypot(
        fft.fftfreq(shape[0])[:, np.newaxis], fft.rfftfreq(shape[1])
    )
    return frequencies


def _measure_whitening(images: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """One over the square root of the mean power at each frequency; the mean itself is dropped."""
    n_rings = min(min(image.shape) for image in images) // 4
    power, counts = np.zeros(n_rings), np.zeros(n_rings)
    for image in images:
        spectrum = np.abs(fft.rfft2(image)) ** 2 / image.size
        ring = np.rint(_frequencies(image.shape) * np.sqrt(2) * (n_rings - 1)).astype(int)
        power += np.bincount(ring.ravel(), spectrum.ravel(), minlength=n_rings)
        counts += np.bincount(ring.ravel(), minlength=n_rings)
    mean = power / np.maximum(counts, 1)
    # What binning has emptied must not be blown up.
    whitening: NDArray[np.float64] = 1 / np.sqrt(np.maximum(mean, 1e-3 * mean.max()))
    whitening[0] = 0
    return whitening


def _whiten(pixels: NDArray[np.float32], whitening: NDArray[np.float64]) -> NDArray[np.float32]:
    frequencies = np.linspace(0, np.sqrt(0.5), whitening.size)
    gain = np.interp(_frequencies(pixels.shape), frequencies, whitening).astype(np.float32)
    whitened: NDArray[np.float32] = fft.irfft2(fft.rfft2(pixels) * gain, s=pixels.shape)
    return whitened
