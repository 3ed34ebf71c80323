"""The classical picker: the mean particle as a template, found by normalised cross-correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from deepem.baselines.correlation import centre_grey, correlate_templates, make_mask
from deepem.baselines.particle_boxes import (
    average_rotations,
    choose_factor,
    cut_boxes,
    find_candidates,
    require_particles,
)
from deepem.core import Micrograph, Picks
from deepem.preprocessing import PreparedImage, prepare


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
        factor = choose_factor(diameter_px, factor)
        require_particles(micrographs, picks)
        mask = make_mask(diameter_px / factor)
        images = [prepare(one, factor=factor, box_size=len(mask)) for one in micrographs]
        whitening = _measure_whitening([image.pixels for image in images]) if whiten else None
        total = np.zeros(mask.shape, dtype=np.float64)
        for image, some in zip(images, picks, strict=True):
            pixels = image.pixels if whitening is None else _whiten(image.pixels, whitening)
            boxes = cut_boxes(pixels, some, image.frame, len(mask))
            total += boxes.sum(axis=0, dtype=np.float64)
        mean = total / sum(map(len, picks))
        if rotational_average:
            mean = average_rotations(mean)
        return cls(centre_grey(mean, mask), mask, float(diameter_px), factor, whitening)

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
        picks = find_candidates(
            self._correlate(image),
            image.frame,
            micrograph,
            margin=len(self.mask) // 2,
            diameter_px=self.diameter_px,
        )
        return picks.with_score((1 + picks.score) / 2)

    def _correlate(self, image: PreparedImage) -> NDArray[np.float32]:
        """Correlation coefficients under the mask, of every box inside the image."""
        pixels = image.pixels if self.whitening is None else _whiten(image.pixels, self.whitening)
        return correlate_templates(pixels, self.mask, [self.template])


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
