"""How strong the noise is, and where it comes from: the detector, the ice, counted electrons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import ConfigError

DEFAULT_SNR = 0.05


@dataclass(frozen=True)
class Noise:
    """Noise by its signal-to-noise ratio, or by the dose of counted electrons.

    Parameters
    ----------
    snr
        Signal-to-noise ratio: variance of the clean particles in their boxes over variance of the
        noise, greater than 0. None for 0.05, unless a dose is given.
    solvent_fraction
        Share of the noise's variance that comes from the ice, from 0 to below 1. It is white
        before the contrast transfer function, which colours it; the rest is white.
    dose_per_angstrom2
        Electrons per Å², greater than 0, instead of a ratio: pixels are then counts with Poisson
        noise.
    contrast
        With a dose: standard deviation of the clean particles in their boxes over the mean
        intensity, from 0 to 1. The ratio becomes contrast² times electrons per pixel, times
        1 − ``solvent_fraction``.

    Raises
    ------
    ConfigError
        A value is out of its range, or a ratio and a dose are given.
    """

    snr: float | None = None
    solvent_fraction: float = 0.0
    dose_per_angstrom2: float | None = None
    contrast: float = 0.05

    def __post_init__(self) -> None:
        if self.snr is not None and self.dose_per_angstrom2 is not None:
            raise ConfigError(
                "dose_per_angstrom2",
                f"the dose decides the noise, so a signal-to-noise ratio of {self.snr:g} cannot be "
                "asked for as well; leave out one of them",
            )
        if self.dose_per_angstrom2 is None:
            object.__setattr__(self, "snr", DEFAULT_SNR if self.snr is None else self.snr)
        for field in ("snr", "dose_per_angstrom2"):
            value = getattr(self, field)
            if value is not None and not 0 < value < np.inf:
                raise ConfigError(field, f"must be greater than 0, got {value:g}")
        if not 0 <= self.solvent_fraction < 1:
            raise ConfigError(
                "solvent_fraction",
                f"must be from 0 to below 1, got {self.solvent_fraction:g}; the detector has its "
                "share, too",
            )
        if not 0 < self.contrast <= 1:
            raise ConfigError(
                "contrast", f"must be above 0 and at most 1, got {self.contrast:g}; 0.05 is usual"
            )

    def electrons_per_pixel(self, pixel_size_angstrom: float) -> float | None:
        """Mean counts of a pixel; None where the noise is given by its ratio."""
        if self.dose_per_angstrom2 is None:
            return None
        return self.dose_per_angstrom2 * pixel_size_angstrom**2

    def expected_snr(self, pixel_size_angstrom: float) -> float:
        """The ratio that was asked for, or that the dose leads to."""
        electrons = self.electrons_per_pixel(pixel_size_angstrom)
        if electrons is None:
            assert self.snr is not None  # noqa: S101 (see __post_init__)
            return self.snr
        return electrons * self.contrast**2 * (1 - self.solvent_fraction)


def choose_noise(snr: float | None, noise: Noise | None) -> Noise:
    """The noise that was asked for in either way.

    Raises
    ------
    ConfigError
        It was asked for in both, or the ratio is not positive.
    """
    if noise is None:
        return Noise(snr=snr)
    if snr is not None:
        raise ConfigError("snr", f"got {snr:g} beside noise=; write noise=Noise(snr={snr:g}, …)")
    return noise


def measure_signal_variance(clean: NDArray[np.float32], boxes: Picks) -> float:
    """Variance of a noise-free micrograph inside the particles' boxes, averaged over particles.

    Parameters
    ----------
    clean
        The micrograph without noise, shape ``(ny, nx)``.
    boxes
        One or more particles with their ``box_size_px``. What of a box lies outside the micrograph
        does not count; a neighbour that reaches into a box does.
    """
    size = boxes.box_size_px
    if size is None or len(boxes) == 0:
        raise ValueError(f"signal is measured inside boxes, got {boxes!r}")
    rows = np.rint(boxes.y_px).astype(int) - size // 2
    columns = np.rint(boxes.x_px).astype(int) - size // 2
    variances = [
        clean[max(row, 0) : row + size, max(column, 0) : column + size].var(dtype=np.float64)
        for row, column in zip(rows, columns, strict=True)
    ]
    return float(np.mean(variances))


def add_noise(
    clean: NDArray[np.float32], *, signal_variance: float, snr: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add white Gaussian noise of variance ``signal_variance / snr``.

    Parameters
    ----------
    clean
        The micrograph without noise, shape ``(ny, nx)``.
    signal_variance
        Variance of the clean particles, see `measure_signal_variance`.
    snr
        Signal-to-noise ratio: a ratio of variances, greater than 0.
    rng
        Source of the noise.
    """
    std = np.float32(np.sqrt(signal_variance / snr))
    return clean + std * rng.standard_normal(clean.shape, dtype=np.float32)
