"""Micrographs with exact truth: particles placed, projected, imaged and covered with noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepem.core import Frame, Micrograph, Picks
from deepem.errors import ConfigError
from deepem.simulation.canvas import Canvas
from deepem.simulation.exposure import add_gradient, add_hot_pixels, expose
from deepem.simulation.noise import Noise, choose_noise, measure_signal_variance
from deepem.simulation.nuisance_layer import NuisanceLayer
from deepem.simulation.nuisances import Nuisances
from deepem.simulation.optics import Optics
from deepem.simulation.orientations import Views, draw_rotations
from deepem.simulation.placement import place_particles
from deepem.simulation.projectable import Projectable
from deepem.simulation.sources import make_rng


@dataclass(frozen=True, eq=False)
class Scene:
    """A simulated micrograph and everything that is true about it.

    Parameters
    ----------
    micrograph
        The noisy micrograph, float32, particles dark: contrast around 0, or counted electrons
        where the noise was given by a dose.
    truth
        Exact centres of the whole particles, with the box in which the signal was measured.
    rotations
        Rotation matrix of each particle, shape ``(n, 3, 3)``, in the order of ``truth``.
    optics
        The microscope and its focus.
    clean
        The micrograph without noise and hot pixels, in the same unit, shape ``(ny, nx)``, float32.
    snr
        Signal-to-noise ratio: variance of the clean particles in their boxes over variance of the
        noise. Nuisances are neither.
    diameter_px
        Diameter of the particle in pixels.
    masks
        Areas of the nuisances by their kind, each of shape ``(ny, nx)``, True on them:
        ``carbon``, ``ice_crystals``, ``contaminants``, ``aggregates``.
    decoys
        Centres of nuisances by their kind: of these but carbon, and of ``broken`` and ``empty``
        particles.
    """

    micrograph: Micrograph
    truth: Picks
    rotations: NDArray[np.float64]
    optics: Optics
    clean: NDArray[np.float32]
    snr: float
    diameter_px: float
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    decoys: Mapping[str, Picks] = field(default_factory=dict)

    @property
    def overlapping(self) -> NDArray[np.bool_]:
        """Which particles have another one nearer than a diameter, shape ``(n,)``."""
        centres = np.column_stack([self.truth.x_px, self.truth.y_px])
        pairs = cKDTree(centres).query_pairs(self.diameter_px, output_type="ndarray")
        distances = np.linalg.norm(centres[pairs[:, 0]] - centres[pairs[:, 1]], axis=1)
        is_overlapping = np.zeros(len(centres), dtype=bool)
        is_overlapping[pairs[distances < self.diameter_px].ravel()] = True
        return is_overlapping


def simulate_micrograph(
    specimen: Projectable,
    *,
    n_particles: int,
    pixel_size_angstrom: float,
    seed: int | np.random.SeedSequence,
    name: str = "simulated",
    shape: tuple[int, int] = (1024, 1024),
    snr: float | None = None,
    noise: Noise | None = None,
    nuisances: Nuisances = Nuisances(),  # noqa: B008 (frozen)
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
        mean over the particles) over variance of the noise; None for 0.05, where particles are
        just visible, or for what ``noise`` says.
    noise
        Noise of the ice or of counted electrons, instead of ``snr``; None for white noise.
    nuisances
        What lies beside the particles; nothing by default.
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
    noise = choose_noise(snr, noise)
    diameter_px = _check_sizes(specimen, n_particles, pixel_size_angstrom)
    distances = {
        "min_distance_px": diameter_px if min_distance_px is None else min_distance_px,
        "edge_distance_px": diameter_px / 2 if edge_distance_px is None else edge_distance_px,
    }
    rng = np.random.default_rng(seed)
    centres_px = place_particles(shape, n_particles=n_particles, rng=rng, **distances)
    rotations = draw_rotations(n_particles, rng=rng, views=views)
    layer = None
    if nuisances.has_matter:
        layer = NuisanceLayer(
            nuisances,
            specimen,
            shape,
            pixel_size_angstrom=pixel_size_angstrom,
            views=views,
            seed=seed,
        )
        centres_px = layer.keep_off(centres_px, **distances)
        layer.add_damaged(centres_px, edge_distance_px=distances["edge_distance_px"])
    canvas = Canvas(shape, specimen, pixel_size_angstrom=pixel_size_angstrom)
    canvas.add_particles(centres_px, rotations)
    clean = canvas.image(optics)
    truth = Picks(
        name,
        *centres_px.T,
        box_size_px=specimen.box_size_px(pixel_size_angstrom),
        frame=Frame(shape=shape, pixel_size_angstrom=pixel_size_angstrom),
    )
    signal_variance = measure_signal_variance(clean, truth)
    if layer is not None:
        clean = clean + layer.image(optics)
    if nuisances.gradient:
        noise_std = np.sqrt(signal_variance / noise.expected_snr(pixel_size_angstrom))
        clean = add_gradient(
            clean, difference=nuisances.gradient * noise_std, rng=make_rng(seed, "gradient")
        )
    exposure = expose(
        clean,
        noise=noise,
        signal_variance=signal_variance,
        optics=optics,
        pixel_size_angstrom=pixel_size_angstrom,
        rng=rng,
        solvent_rng=make_rng(seed, "solvent"),
    )
    pixels = exposure.pixels
    if nuisances.hot_pixels:
        pixels = add_hot_pixels(
            pixels,
            n_pixels=nuisances.hot_pixels,
            noise_std=float((pixels - exposure.clean).std(dtype=np.float64)),
            rng=make_rng(seed, "hot_pixels"),
        )
    return Scene(
        Micrograph.from_array(pixels, name=name, pixel_size_angstrom=pixel_size_angstrom),
        truth,
        rotations,
        optics,
        exposure.clean,
        exposure.snr,
        diameter_px,
        masks={} if layer is None else layer.masks,
        decoys={} if layer is None else layer.find_decoys(truth),
    )


def _check_sizes(specimen: Projectable, n_particles: int, pixel_size_angstrom: float) -> float:
    """Diameter of the particle in pixels."""
    for field_name, value in (
        ("n_particles", n_particles),
        ("pixel_size_angstrom", pixel_size_angstrom),
    ):
        if not value > 0:
            raise ConfigError(field_name, f"must be greater than 0, got {value:g}")
    diameter_px = specimen.diameter_angstrom / pixel_size_angstrom
    if diameter_px < 2:
        raise ConfigError(
            "pixel_size_angstrom",
            f"a particle of {specimen.diameter_angstrom:g} Å is lost in pixels of "
            f"{pixel_size_angstrom:g} Å; use at most {specimen.diameter_angstrom / 2:g}",
        )
    return diameter_px
