"""What is photographed: a particle as a cloud of equal Gaussian beads, and four phantoms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.errors import ConfigError
from deepem.simulation.projectable import find_box_size_px
from deepem.simulation.projection import project_beads

Beads = NDArray[np.float64]

# Powers of 1 / 1.2207…, the root of r^4 = r + 1: the steps of the R3 sequence (see _fill_cube).
_R3_STEPS = np.array([0.8191725133961645, 0.6710436067037893, 0.5497004779019703])


@dataclass(frozen=True, eq=False)
class Specimen:
    """A particle made of equal isotropic Gaussian beads.

    Parameters
    ----------
    name
        How messages and files call it.
    beads_angstrom
        Centres ``(x, y, z)`` of the beads in Å, shape ``(n, 3)``. They are moved so that their
        centre of mass is the origin, which is the point that the truth of a scene gives.
    bead_sigma_angstrom
        Standard deviation of every bead in Å, greater than 0.
    diameter_angstrom
        Physical diameter of the particle in Å: its longest dimension, without diagonals.

    Raises
    ------
    ConfigError
        The beads are no list of finite points, or a length is not positive.
    """

    name: str
    beads_angstrom: Beads
    bead_sigma_angstrom: float
    diameter_angstrom: float

    def __post_init__(self) -> None:
        beads = np.array(self.beads_angstrom, dtype=np.float64)
        if beads.ndim != 2 or beads.shape[1] != 3 or not len(beads) or not np.isfinite(beads).all():
            raise ConfigError(
                "beads_angstrom", f"expected finite points of shape (n, 3), got {beads.shape}"
            )
        for field in ("bead_sigma_angstrom", "diameter_angstrom"):
            if not getattr(self, field) > 0:
                raise ConfigError(field, f"must be greater than 0 Å, got {getattr(self, field)}")
        beads -= beads.mean(axis=0)
        beads.flags.writeable = False
        object.__setattr__(self, "beads_angstrom", beads)

    @property
    def extent_angstrom(self) -> float:
        """Diameter in Å of the sphere about the centre that holds every bead to 4 sigma."""
        farthest = np.linalg.norm(self.beads_angstrom, axis=1).max()
        return float(2 * (farthest + 4 * self.bead_sigma_angstrom))

    def box_size_px(self, pixel_size_angstrom: float) -> int:
        """Side of the particle's box in pixels: 1.5 diameters, rounded to an even number."""
        return find_box_size_px(self.diameter_angstrom, pixel_size_angstrom)

    def project(
        self,
        rotation: NDArray[np.float64],
        *,
        pixel_size_angstrom: float,
        box_size_px: int,
        shift_px: tuple[float, float] = (0.0, 0.0),
    ) -> NDArray[np.float32]:
        """Project along z after a rotation; see `project_beads`."""
        return project_beads(
            self,
            rotation,
            pixel_size_angstrom=pixel_size_angstrom,
            box_size_px=box_size_px,
            shift_px=shift_px,
        )


def make_phantom(name: str) -> Specimen:
    """Build one of the phantoms in ``PHANTOMS``; always the same beads, nothing is random.

    Parameters
    ----------
    name
        ``"ribosome"``: two unequal lobes, 260 Å. ``"klh"``: hollow cylinder with bands, 360 Å
        long and 320 Å wide. ``"apoferritin"``: hollow sphere, 125 Å. ``"inflammasome"``: wheel of
        11 spokes, 300 Å across and 100 Å thick.

    Raises
    ------
    ConfigError
        There is no phantom of that name.

    Examples
    --------
    >>> from deepem.simulation import make_phantom
    >>> make_phantom("apoferritin").diameter_angstrom
    125.0
    """
    if name not in PHANTOMS:
        raise ConfigError("phantom", f"'{name}' is not known, choose one of {', '.join(PHANTOMS)}")
    return PHANTOMS[name]()


def _fill_cube(n_beads: int) -> Beads:
    """Points that fill the unit cube evenly without a lattice.

    The R3 sequence of M. Roberts, "The unreasonable effectiveness of quasirandom sequences"
    (2018): each point is the last one moved by a fixed irrational step, modulo 1.
    """
    points: Beads = (0.5 + np.arange(n_beads)[:, np.newaxis] * _R3_STEPS) % 1
    return points


def _fill_shell(n_beads: int, *, inner: float, outer: float) -> Beads:
    """Points between two concentric spheres of the given radii."""
    u, v, w = _fill_cube(n_beads).T
    # Equal volumes of the cube become equal volumes of the shell.
    radius = np.cbrt(inner**3 + u * (outer**3 - inner**3))
    height = 2 * v - 1
    ring = np.sqrt(1 - height**2)
    angle = 2 * np.pi * w
    return np.column_stack(
        [radius * ring * np.cos(angle), radius * ring * np.sin(angle), radius * height]
    )


def _fill_ellipsoid(
    n_beads: int, *, centre: tuple[float, float, float], semi_axes: tuple[float, float, float]
) -> Beads:
    """Points inside an ellipsoid whose axes are x, y and z."""
    points: Beads = centre + _fill_shell(n_beads, inner=0, outer=1) * semi_axes
    return points


def _fill_tube(
    n_beads: int, *, inner: float, outer: float, height: float, centre_z: float = 0.0
) -> Beads:
    """Points between two coaxial cylinders of the given radii, along z."""
    u, v, w = _fill_cube(n_beads).T
    radius = np.sqrt(inner**2 + u * (outer**2 - inner**2))
    angle = 2 * np.pi * w
    return np.column_stack(
        [radius * np.cos(angle), radius * np.sin(angle), centre_z + height * (v - 0.5)]
    )


def _make_ribosome() -> Specimen:
    beads = np.concatenate(
        [
            # The large subunit, its two stalks and its central protuberance.
            _fill_ellipsoid(1000, centre=(-35, 0, 0), semi_axes=(70, 100, 90)),
            _fill_ellipsoid(30, centre=(-15, 100, 55), semi_axes=(18, 24, 18)),
            _fill_ellipsoid(30, centre=(-20, -100, 60), semi_axes=(15, 36, 15)),
            _fill_ellipsoid(40, centre=(-25, 0, 95), semi_axes=(20, 22, 25)),
            # The small subunit: body and head. A cleft stays between the subunits.
            _fill_ellipsoid(320, centre=(80, -30, 0), semi_axes=(38, 78, 60)),
            _fill_ellipsoid(130, centre=(70, 75, 10), semi_axes=(34, 42, 42)),
        ]
    )
    return Specimen("ribosome", beads, bead_sigma_angstrom=6.0, diameter_angstrom=260.0)


def _make_klh() -> Specimen:
    # Six tiers, 61 Å apart, make the bands of the side view; a collar narrows each end.
    tiers = [
        _fill_tube(350, inner=105, outer=160, height=44, centre_z=61.0 * (tier - 2.5))
        for tier in range(6)
    ]
    collars = [
        _fill_tube(150, inner=55, outer=105, height=35, centre_z=sign * 140.0) for sign in (-1, 1)
    ]
    beads = np.concatenate(tiers + collars)
    return Specimen("klh", beads, bead_sigma_angstrom=8.0, diameter_angstrom=360.0)


def _make_apoferritin() -> Specimen:
    beads = _fill_shell(1000, inner=40, outer=62.5)
    return Specimen("apoferritin", beads, bead_sigma_angstrom=4.0, diameter_angstrom=125.0)


def _make_inflammasome() -> Specimen:
    spoke = _fill_ellipsoid(110, centre=(105, 0, 0), semi_axes=(45, 18, 50))
    angles = 2 * np.pi * np.arange(11) / 11
    spokes = [spoke @ _rotation_about_z(angle).T for angle in angles]
    hub = _fill_tube(400, inner=25, outer=65, height=80)
    beads = np.concatenate([hub, *spokes])
    return Specimen("inflammasome", beads, bead_sigma_angstrom=5.0, diameter_angstrom=300.0)


def _rotation_about_z(angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


PHANTOMS: dict[str, Callable[[], Specimen]] = {
    "ribosome": _make_ribosome,
    "klh": _make_klh,
    "apoferritin": _make_apoferritin,
    "inflammasome": _make_inflammasome,
}
