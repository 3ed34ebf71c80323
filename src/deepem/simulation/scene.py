"""Micrographs with exact truth: particles placed, projected, imaged and covered with noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError
from deepem.simulation.noise import add_noise, measure_signal_variance
from deepem.simulation.optics import Optics, apply_ctf
from deepem.simulation.orientations import Views, draw_rotations
from deepem.simulation.placement import place_particles
from deepem.simulation.projectable import Projectable


@dataclass(frozen=True, eq=False)
class Scene:
    """A simulated micrograph and everything that is true about it.

    Parameters
    ----------
    micrograph
        The noisy micrograph, float32, contrast around 0, particles dark.
    truth
        Exact centres of the particles, with the box in which the signal was measured.
    rotations
        Rotation matrix of each particle, shape ``(n, 3, 3)``, in the order of ``truth``.
    optics
        The microscope and its focus.
    clean
        The micrograph without noise, shape ``(ny, nx)``, float32.
    snr
        Signal-to-noise ratio: variance of the clean particles in their boxes over variance of the
        noise.
    """

    micrograph: Micrograph
    truth: Picks
    rotations: NDArray[np.float64]
    optics: Optics
    clean: NDArray[np.float32]
    snr: float


def simulate_micrograph(
    specimen: Projectable,
    *,
    n_particles: int,
    pixel_size_angstrom: float,
    seed: int | np.random.SeedSequence,
    name: str = "simulated",
    shape: tuple[int, int] = (1024, 1024),
    snr: float = 0.05,
    optics: Optics = Optics(),  # noqa: B008 (frozen)
    views: Views = Views(),  # noqa: B008 (frozen)
    min_distance_px: float | None = None,
    edge_distance_px: float | None = None,
) -> Scene:
    """Simulate one micrograph.

    Parameters
    ----------
    specimen
        The particle: see `make_phantom` and `load_density_map`.
    n_particles
        Number of particles, 1 or more.
    pixel_size_angstrom
        Size of a pixel in Å.
    seed
        The same seed gives the same scene.
    name
        Name of the micrograph.
    shape
        Shape ``(ny, nx)`` of the micrograph.
    snr
        Signal-to-noise ratio: variance of the clean particles in their boxes (1.5 diameters wide,
        mean over the particles) over variance of the noise. At 0.05 particles are just visible.
    optics
        The microscope and its focus.
    views
        From which sides the particles are seen; uniform over all orientations by default.
    min_distance_px
        Smallest distance between two centres in pixels; None for one diameter.
    edge_distance_px
        Smallest distance of a centre to the edge in pixels; None for half a diameter, 0 for
        particles that the edge may cut.

    Raises
    ------
    ConfigError
        A value cannot work, or there is no room for so many particles.

    Examples
    --------
    >>> from deepem.simulation import make_phantom
    >>> scene = simulate_micrograph(
    ...     make_phantom("apoferritin"), n_particles=20, pixel_size_angstrom=3, seed=0
    ... )
    >>> scene.truth
    Picks('simulated', n=20, box_size_px=62)
    """
    _require_positive(n_particles=n_particles, pixel_size_angstrom=pixel_size_angstrom, snr=snr)
    diameter_px = specimen.diameter_angstrom / pixel_size_angstrom
    if diameter_px < 2:
        raise ConfigError(
            "pixel_size_angstrom",
            f"a particle of {specimen.diameter_angstrom:g} Å is lost in pixels of "
            f"{pixel_size_angstrom:g} Å; use at most {specimen.diameter_angstrom / 2:g}",
        )
    rng = np.random.default_rng(seed)
    centres_px = place_particles(
        shape,
        n_particles=n_particles,
        min_distance_px=diameter_px if min_distance_px is None else min_distance_px,
        edge_distance_px=diameter_px / 2 if edge_distance_px is None else edge_distance_px,
        rng=rng,
    )
    rotations = draw_rotations(n_particles, rng=rng, views=views)
    clean = _image_particles(
        specimen,
        centres_px,
        rotations,
        shape=shape,
        optics=optics,
        pixel_size_angstrom=pixel_size_angstrom,
    )
    boxes = Picks(
        name,
        centres_px[:, 0],
        centres_px[:, 1],
        box_size_px=specimen.box_size_px(pixel_size_angstrom),
    )
    signal_variance = measure_signal_variance(clean, boxes)
    noisy = add_noise(clean, signal_variance=signal_variance, snr=snr, rng=rng)
    micrograph = Micrograph.from_array(noisy, name=name, pixel_size_angstrom=pixel_size_angstrom)
    truth = replace(boxes, frame=micrograph.frame)
    return Scene(micrograph, truth, rotations, optics, clean, snr)


def simulate_dataset(
    specimen: Projectable,
    n_micrographs: int,
    *,
    n_particles: int,
    pixel_size_angstrom: float,
    seed: int,
    shape: tuple[int, int] = (1024, 1024),
    snr: float = 0.05,
    optics: Optics = Optics(),  # noqa: B008 (frozen)
    views: Views = Views(),  # noqa: B008 (frozen)
    defocus_range_um: tuple[float, float] = (1.0, 2.5),
    min_distance_px: float | None = None,
    edge_distance_px: float | None = None,
) -> Iterator[Scene]:
    """Simulate micrographs one after the other, each with a defocus of its own.

    Parameters
    ----------
    specimen, n_particles, pixel_size_angstrom, shape, snr, views, min_distance_px, edge_distance_px
        As in `simulate_micrograph`, for every micrograph.
    n_micrographs
        Number of micrographs; they are called ``mic_0001``, ``mic_0002``, …
    seed
        Micrograph number k depends on the seed and on k only, not on the number of micrographs.
    optics
        The microscope; its defocus is replaced.
    defocus_range_um
        Smallest and largest defocus in µm; drawn uniformly.

    Yields
    ------
    Scene
        Made when it is asked for, so that only one need be in memory.

    Raises
    ------
    ConfigError
        As in `simulate_micrograph`.
    """
    low, high = defocus_range_um
    if not low <= high:
        raise ConfigError(
            "defocus_range_um", f"smallest before largest, got {low:g}, {high:g}; swap them"
        )
    for index in range(n_micrographs):
        scene_seed, defocus_seed = np.random.SeedSequence(seed, spawn_key=(index,)).spawn(2)
        defocus_um = float(np.random.default_rng(defocus_seed).uniform(low, high))
        yield simulate_micrograph(
            specimen,
            n_particles=n_particles,
            pixel_size_angstrom=pixel_size_angstrom,
            seed=scene_seed,
            name=f"mic_{index + 1:04d}",
            shape=shape,
            snr=snr,
            optics=replace(optics, defocus_um=defocus_um),
            views=views,
            min_distance_px=min_distance_px,
            edge_distance_px=edge_distance_px,
        )


def _image_particles(
    specimen: Projectable,
    centres_px: NDArray[np.float64],
    rotations: NDArray[np.float64],
    *,
    shape: tuple[int, int],
    optics: Optics,
    pixel_size_angstrom: float,
) -> NDArray[np.float32]:
    """Draw the micrograph without noise."""
    rim_px = int(np.ceil(specimen.extent_angstrom / pixel_size_angstrom / 2)) + 1
    # With half a particle of empty ice all round, particles on the edge are drawn whole, and what
    # the CTF spreads over an edge fades before it comes back at the opposite one.
    canvas_shape = [fft.next_fast_len(side + 2 * rim_px, real=True) for side in shape]
    canvas = np.zeros(canvas_shape, dtype=np.float32)
    box_size_px = 2 * rim_px
    for (x_px, y_px), rotation in zip(centres_px, rotations, strict=True):
        column, row = round(x_px), round(y_px)
        # The rim is half a box, so the pixel of the centre is the first of the box on the canvas.
        canvas[row : row + box_size_px, column : column + box_size_px] += specimen.project(
            rotation,
            pixel_size_angstrom=pixel_size_angstrom,
            box_size_px=box_size_px,
            shift_px=(x_px - column, y_px - row),
        )
    contrast = apply_ctf(canvas, optics, pixel_size_angstrom=pixel_size_angstrom)
    # A copy, so that the canvas does not stay in memory behind a view.
    return contrast[rim_px : rim_px + shape[0], rim_px : rim_px + shape[1]].copy()


def _require_positive(**values: float) -> None:
    for field, value in values.items():
        if not value > 0:
            raise ConfigError(field, f"must be greater than 0, got {value:g}")
