"""Many micrographs of one specimen, each with a focus of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from deepem.errors import ConfigError
from deepem.simulation.noise import Noise
from deepem.simulation.nuisances import Nuisances
from deepem.simulation.optics import Optics
from deepem.simulation.orientations import Views
from deepem.simulation.projectable import Projectable
from deepem.simulation.scene import Scene, simulate_micrograph


def simulate_dataset(
    specimen: Projectable,
    n_micrographs: int,
    *,
    n_particles: int,
    pixel_size_angstrom: float,
    seed: int,
    shape: tuple[int, int] = (1024, 1024),
    snr: float | None = None,
    noise: Noise | None = None,
    nuisances: Nuisances = Nuisances(),  # noqa: B008 (frozen)
    optics: Optics = Optics(),  # noqa: B008 (frozen)
    views: Views = Views(),  # noqa: B008 (frozen)
    defocus_range_um: tuple[float, float] = (1.0, 2.5),
    astigmatism_range_um: tuple[float, float] | None = None,
    min_distance_px: float | None = None,
    edge_distance_px: float | None = None,
) -> Iterator[Scene]:
    """Simulate micrographs one after the other, each with a defocus of its own.

    Parameters
    ----------
    specimen, n_particles, pixel_size_angstrom, shape, snr, noise, nuisances, views, \
    min_distance_px, edge_distance_px
        As in `simulate_micrograph`, for every micrograph.
    n_micrographs
        Number of micrographs; they are called ``mic_0001``, ``mic_0002``, …
    seed
        Micrograph number k depends on the seed and on k only, not on the number of micrographs.
    optics
        The microscope; its defocus is replaced.
    defocus_range_um
        Smallest and largest defocus in µm; drawn uniformly.
    astigmatism_range_um
        Smallest and largest astigmatism (half the difference of the defoci) in µm, drawn
        uniformly, and its angle with it; None keeps that of ``optics``.

    Yields
    ------
    Scene
        Made when it is asked for, so that only one need be in memory.

    Raises
    ------
    ConfigError
        As in `simulate_micrograph`.
    """
    for field, limits in (
        ("defocus_range_um", defocus_range_um),
        ("astigmatism_range_um", astigmatism_range_um or (0.0, 0.0)),
    ):
        if not limits[0] <= limits[1]:
            raise ConfigError(
                field, f"smallest before largest, got {limits[0]:g}, {limits[1]:g}; swap them"
            )
    for index in range(n_micrographs):
        parent = np.random.SeedSequence(seed, spawn_key=(index,))
        scene_seed, defocus_seed, astigmatism_seed = parent.spawn(3)
        defocus_um = float(np.random.default_rng(defocus_seed).uniform(*defocus_range_um))
        focused = replace(optics, defocus_um=defocus_um)
        if astigmatism_range_um is not None:
            rng = np.random.default_rng(astigmatism_seed)
            focused = replace(
                focused,
                astigmatism_um=float(rng.uniform(*astigmatism_range_um)),
                astigmatism_angle_deg=float(rng.uniform(0, 180)),
            )
        yield simulate_micrograph(
            specimen,
            n_particles=n_particles,
            pixel_size_angstrom=pixel_size_angstrom,
            seed=scene_seed,
            name=f"mic_{index + 1:04d}",
            shape=shape,
            snr=snr,
            noise=noise,
            nuisances=nuisances,
            optics=focused,
            views=views,
            min_distance_px=min_distance_px,
            edge_distance_px=edge_distance_px,
        )
