"""From the clean micrograph to the recorded one: ice, electrons, detector, in this order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.simulation.noise import Noise, add_noise
from deepem.simulation.optics import Optics, apply_ctf

# Outliers stand so many standard deviations of the noise above the rest.
_HOT_RANGE = (20.0, 100.0)


@dataclass(frozen=True, eq=False)
class Exposure:
    """What the detector recorded.

    Parameters
    ----------
    pixels
        The micrograph with noise, shape ``(ny, nx)``, float32: contrast, or counts where a dose
        was given.
    clean
        The same without noise, in the same unit.
    snr
        Signal-to-noise ratio.
    """

    pixels: NDArray[np.float32]
    clean: NDArray[np.float32]
    snr: float


def expose(
    clean: NDArray[np.float32],
    *,
    noise: Noise,
    signal_variance: float,
    optics: Optics,
    pixel_size_angstrom: float,
    rng: np.random.Generator,
    solvent_rng: np.random.Generator,
) -> Exposure:
    """Cover a clean micrograph with noise.

    Parameters
    ----------
    clean
        The micrograph without noise, shape ``(ny, nx)``, contrast around 0.
    noise
        How much, and from where.
    signal_variance
        Variance of the clean particles, see `measure_signal_variance`.
    optics
        The microscope, which colours the noise of the ice.
    pixel_size_angstrom
        Size of a pixel in Å.
    rng
        Source of the detector's noise.
    solvent_rng
        Source of the ice's.

    Notes
    -----
    With a dose, a pixel is Poisson distributed with the mean N (1 + c s), N electrons per pixel,
    c the contrast, s the image in standard deviations of the clean particles, the noise of the
    ice included; means below 0 become 0. The ratio is then measured, not foreseen.
    """
    snr = noise.expected_snr(pixel_size_angstrom)
    variance = signal_variance / snr
    with_ice = clean
    if noise.solvent_fraction > 0:
        with_ice = clean + _draw_solvent(
            clean.shape,
            optics,
            pixel_size_angstrom=pixel_size_angstrom,
            variance=noise.solvent_fraction * variance,
            rng=solvent_rng,
        )
    electrons = noise.electrons_per_pixel(pixel_size_angstrom)
    if electrons is None:
        detector_snr = snr / (1 - noise.solvent_fraction)
        pixels = add_noise(with_ice, signal_variance=signal_variance, snr=detector_snr, rng=rng)
        return Exposure(pixels, clean, snr)
    unit = np.float32(electrons * noise.contrast / np.sqrt(signal_variance))
    mean = np.float32(electrons)
    pixels = rng.poisson(np.maximum(mean + unit * with_ice, 0)).astype(np.float32)
    expected = np.maximum(mean + unit * clean, 0)
    noise_variance = (pixels - expected).var(dtype=np.float64)
    return Exposure(pixels, expected, float(signal_variance * unit**2 / noise_variance))


def add_gradient(
    clean: NDArray[np.float32], *, difference: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Let the ice grow thicker, and the micrograph darker, in a random direction.

    Parameters
    ----------
    clean
        The micrograph without noise, shape ``(ny, nx)``.
    difference
        Between the brightest and the darkest corner, 0 or more; the mean stays.
    rng
        Source of the direction.
    """
    angle = rng.uniform(0, 2 * np.pi)
    ny, nx = clean.shape
    rows = np.sin(angle) * (np.arange(ny)[:, np.newaxis] - (ny - 1) / 2)
    ramp = rows + np.cos(angle) * (np.arange(nx) - (nx - 1) / 2)
    tilted: NDArray[np.float32] = clean + (difference / np.ptp(ramp) * ramp).astype(np.float32)
    return tilted


def add_hot_pixels(
    pixels: NDArray[np.float32], *, n_pixels: int, noise_std: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Set random pixels 20 to 100 standard deviations of the noise above the mean.

    Parameters
    ----------
    pixels
        The recorded micrograph, shape ``(ny, nx)``; it is not changed.
    n_pixels
        How many, 0 or more.
    noise_std
        Standard deviation of the noise.
    rng
        Source of the positions and values.
    """
    hot = pixels.copy()
    index = rng.choice(pixels.size, size=min(n_pixels, pixels.size), replace=False)
    levels = rng.uniform(*_HOT_RANGE, size=index.size) * noise_std
    hot.flat[index] = pixels.mean(dtype=np.float64) + levels
    return hot


def _draw_solvent(
    shape: tuple[int, ...],
    optics: Optics,
    *,
    pixel_size_angstrom: float,
    variance: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """White noise behind the CTF, scaled to the variance that was asked for."""
    white = rng.standard_normal(shape, dtype=np.float32)
    coloured = apply_ctf(white, optics, pixel_size_angstrom=pixel_size_angstrom)
    coloured *= np.float32(np.sqrt(variance / coloured.var(dtype=np.float64)))
    return coloured
