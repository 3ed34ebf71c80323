"""The best score that is possible: the likelihood ratio of a particle whose every view is known."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.spatial.transform import Rotation

from deepem.baselines.correlation import transform_corner
from deepem.baselines.scores import squash
from deepem.baselines.views import spread_views
from deepem.core import Frame, Picks
from deepem.errors import ConfigError
from deepem.picking import find_peaks
from deepem.preprocessing import fourier_crop
from deepem.simulation import Optics, Projectable, calculate_ctf

_MIN_DISTANCE_OVER_DIAMETER = 0.8
# Log-likelihood ratio that gets a score of 0.75; any value keeps the order.
_LOG_RATIO_SCALE = 10.0
# In-plane rotations in memory at a time, for each worker.
_BLOCK = 8


@dataclass(frozen=True, eq=False)
class IdealScores:
    """Log-likelihood ratio "a particle here" against "noise alone" at every position.

    Parameters
    ----------
    log_ratio
        Natural logarithm, shape ``(ny, nx)``, float32, unbounded; without the prior probability
        of a particle, which would add a constant.
    frame
        Where the samples lie on the micrograph.
    diameter_px
        Diameter of the particle in unbinned pixels.
    """

    log_ratio: NDArray[np.float32]
    frame: Frame
    diameter_px: float

    def find_picks(self, name: str, *, min_distance_px: float | None = None) -> Picks:
        """Local maxima, best first, as picks of the micrograph ``name``.

        Parameters
        ----------
        name
            Name of the micrograph.
        min_distance_px
            Least distance between two picks in unbinned pixels; None for 0.8 diameters.

        Returns
        -------
        Picks
            Scores ``(1 + L / (10 + abs(L))) / 2`` of the log-likelihood ratio L: in (0, 1), 0.5
            where both hypotheses are equally likely, and without saturation.
        """
        if min_distance_px is None:
            min_distance_px = _MIN_DISTANCE_OVER_DIAMETER * self.diameter_px
        peaks = find_peaks(self.log_ratio, min_distance=min_distance_px / self.frame.step_px[0])
        x_px, y_px = self.frame.to_px(peaks.column, peaks.row)
        score = squash(peaks.score, scale=_LOG_RATIO_SCALE)
        whole = Frame(
            shape=tuple(  # type: ignore[arg-type]
                round(n * step)
                for n, step in zip(self.frame.shape, self.frame.step_px, strict=True)
            ),
            pixel_size_angstrom=self.frame.pixel_size_angstrom,
        )
        return Picks(name, x_px, y_px, score=score, frame=whole)


def score_ideally(
    pixels: NDArray[Any],
    specimen: Projectable,
    optics: Optics,
    *,
    pixel_size_angstrom: float,
    noise_sigma: float,
    n_views: int = 200,
    n_rotations: int = 24,
    factor: int = 2,
    workers: int = 1,
) -> IdealScores:
    """Score every position of a simulated micrograph as well as anyone can.

    Parameters
    ----------
    pixels
        The micrograph, shape ``(ny, nx)``: contrast around 0, particles dark (`Scene.micrograph`).
    specimen
        The particle that was photographed.
    optics
        The microscope and its true focus.
    pixel_size_angstrom
        Size of a pixel in Å.
    noise_sigma
        Standard deviation of the white Gaussian noise of a pixel.
    n_views
        Directions from which the particle is projected, even over the whole sphere.
    n_rotations
        Rotations in the plane of each view.
    factor
        Whole number by which the micrograph is Fourier-cropped first, 1 or more; it must divide
        the sides. What lies beyond the new Nyquist frequency is lost to the observer.
    workers
        Number of threads.

    Returns
    -------
    IdealScores
        On the grid of the cropped micrograph.

    Raises
    ------
    ConfigError
        A value is out of range, or the factor does not divide the sides.

    Notes
    -----
    With t_k the CTF-filtered projections, all equally likely, c_k(x) = Σ_u m(x + u) t_k(u), E_k =
    Σ t_k² and noise of variance σ², the likelihood ratio is the mean over k of
    exp((c_k(x) - E_k / 2) / σ²). By the lemma of Neyman and Pearson no test of a single known
    particle in white Gaussian noise is better; neighbours and what the sampling of orientations
    misses are what separates it from perfect. Fourier cropping by f divides the variance of the
    noise by f² and leaves it white. Templates near the edge count in full: where a particle is cut,
    the score is too low.

    References
    ----------
    J. Neyman and E. S. Pearson, Phil. Trans. R. Soc. A 231:289, 1933, doi 10.1098/rsta.1933.0009;
    summed over orientations: F. J. Sigworth, J. Struct. Biol. 145:111, 2004, doi
    10.1016/j.jsb.2003.10.025.
    """
    _check(pixels, pixel_size_angstrom, noise_sigma, n_views, n_rotations, factor, workers)
    small, step_px = fourier_crop(np.asarray(pixels, dtype=np.float32), factor, workers=workers)
    coarse_angstrom = pixel_size_angstrom * factor
    variance = noise_sigma**2 / factor**2
    rim = int(np.ceil(specimen.extent_angstrom / coarse_angstrom / 2)) + 1
    # Twice half a particle, so that nothing wraps into the micrograph.
    shape = tuple(fft.next_fast_len(side + 2 * rim, real=True) for side in small.shape)
    shape = (shape[0], shape[1])
    transfer = _transfer(shape, optics, pixel_size_angstrom, factor)
    canvas = np.zeros(shape, dtype=np.float32)
    canvas[: small.shape[0], : small.shape[1]] = small
    # Correlating with a filtered template is correlating the filtered image with the template.
    filtered = fft.rfft2(canvas) * (transfer / np.float32(variance))
    power = np.square(transfer, dtype=np.float32)
    # rfft2 holds half of the plane.
    power[:, 1 : (shape[1] + 1) // 2] *= 2
    power /= np.float32(2 * variance * shape[0] * shape[1])

    def score_views(views: NDArray[np.float64]) -> _LogSum:
        total = _LogSum(small.shape)
        templates = _project(specimen, views, n_rotations, coarse_angstrom, rim)
        for template in templates:
            spectrum = transform_corner(template, shape)
            energy = np.vdot(power, spectrum.real**2 + spectrum.imag**2)
            correlation = fft.irfft2(filtered * spectrum.conj(), s=shape, overwrite_x=True)
            # The template's middle is its pixel `rim`, and the canvas is periodic.
            correlation = np.roll(correlation, (rim, rim), (0, 1))
            total.add(correlation[: small.shape[0], : small.shape[1]] - energy)
        return total

    views = spread_views(n_views)
    with ThreadPoolExecutor(workers) as pool:
        totals = list(pool.map(score_views, np.array_split(views, min(workers, n_views))))
    log_ratio = np.logaddexp.reduce([total.result() for total in totals])
    log_ratio -= np.float32(np.log(n_views * n_rotations))
    frame = Frame(
        shape=small.shape,
        pixel_size_angstrom=pixel_size_angstrom,
        origin_px=((step_px[0] - 1) / 2, (step_px[1] - 1) / 2),
        step_px=step_px,
    )
    return IdealScores(log_ratio, frame, specimen.diameter_angstrom / pixel_size_angstrom)


class _LogSum:
    """Logarithm of a sum of exponentials of images, a few at a time."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._highest = np.full(shape, -np.inf, dtype=np.float32)
        self._sum = np.zeros(shape, dtype=np.float32)
        self._waiting: list[NDArray[np.float32]] = []

    def add(self, exponents: NDArray[np.float32]) -> None:
        self._waiting.append(exponents)
        if len(self._waiting) == _BLOCK:
            self._empty()

    def _empty(self) -> None:
        # The sum is rescaled once a block: one exponential an image, not two.
        highest = np.maximum.reduce([self._highest, *self._waiting])
        self._sum *= np.exp(self._highest - highest)
        for exponents in self._waiting:
            exponents -= highest
            self._sum += np.exp(exponents, out=exponents)
        self._highest = highest
        self._waiting = []

    def result(self) -> NDArray[np.float32]:
        if self._waiting:
            self._empty()
        logarithm: NDArray[np.float32] = self._highest + np.log(self._sum)
        return logarithm


def _transfer(
    shape: tuple[int, int], optics: Optics, pixel_size_angstrom: float, factor: int
) -> NDArray[np.float32]:
    """From a projection at the coarse pixel size to the contrast in the cropped micrograph."""
    ctf = calculate_ctf(optics, shape, pixel_size_angstrom=pixel_size_angstrom * factor)
    # A projection holds means over coarse pixels; the micrograph held means over its own.
    ratios = [
        np.sinc(frequency / factor) / np.sinc(frequency)
        for frequency in (fft.fftfreq(shape[0]), fft.rfftfreq(shape[1]))
    ]
    transfer: NDArray[np.float32] = (-ctf * np.outer(*ratios)).astype(np.float32)
    return transfer


def _project(
    specimen: Projectable,
    views: NDArray[np.float64],
    n_rotations: int,
    pixel_size_angstrom: float,
    rim: int,
) -> Iterator[NDArray[np.float32]]:
    """Every view in every in-plane rotation, ``(2 rim, 2 rim)``, its centre at pixel ``rim``."""
    angles = 2 * np.pi * np.arange(n_rotations) / n_rotations
    for view in views:
        for rotation in Rotation.from_euler("z", angles[:, np.newaxis]).as_matrix():
            yield specimen.project(
                rotation @ view, pixel_size_angstrom=pixel_size_angstrom, box_size_px=2 * rim
            )


def _check(
    pixels: NDArray[Any],
    pixel_size_angstrom: float,
    noise_sigma: float,
    n_views: int,
    n_rotations: int,
    factor: int,
    workers: int,
) -> None:
    for field, value in {
        "pixel_size_angstrom": pixel_size_angstrom,
        "noise_sigma": noise_sigma,
        "n_views": n_views,
        "n_rotations": n_rotations,
        "factor": factor,
        "workers": workers,
    }.items():
        if not value > 0:
            raise ConfigError(field, f"must be greater than 0, got {value:g}")
    ny, nx = pixels.shape
    if factor != int(factor) or ny % factor or nx % factor:
        raise ConfigError(
            "factor", f"{factor:g} does not divide {nx} x {ny} pixels; use 1, or crop the image"
        )
