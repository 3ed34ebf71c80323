"""The nuisances of one micrograph: where they lie, and what they add to its contrast."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from deepem.core import Picks
from deepem.errors import ConfigError
from deepem.simulation.canvas import Canvas, paste
from deepem.simulation.damaged_particles import (
    break_particle,
    draw_clump,
    draw_disc,
    empty_particle,
)
from deepem.simulation.nuisances import DAMAGED_KINDS, Nuisances
from deepem.simulation.optics import Optics
from deepem.simulation.orientations import Views, draw_rotations
from deepem.simulation.placement import find_room
from deepem.simulation.projectable import Projectable
from deepem.simulation.sources import make_rng
from deepem.simulation.thick_nuisances import (
    Stamp,
    draw_blob,
    draw_carbon,
    draw_crystal,
    measure_density,
)

# Thick matter scatters electrons out of the aperture: this share of its density is lost to the
# image, beside what the CTF makes of it.
_ABSORBED_FRACTION = 0.1


class NuisanceLayer:
    """What is drawn on a micrograph beside its particles.

    Parameters
    ----------
    nuisances
        How many of each kind.
    specimen
        The particle, which sets sizes and strengths.
    shape
        Shape ``(ny, nx)`` of the micrograph.
    pixel_size_angstrom
        Size of a pixel in Å.
    views
        From which sides particles are seen, also the damaged ones.
    seed
        Seed of the scene.
    """

    def __init__(
        self,
        nuisances: Nuisances,
        specimen: Projectable,
        shape: tuple[int, int],
        *,
        pixel_size_angstrom: float,
        views: Views,
        seed: int | np.random.SeedSequence,
    ) -> None:
        self._nuisances, self._views, self._seed = nuisances, views, seed
        self._shape = shape
        # Thin matter, such as particles, and thick, which absorbs.
        self._thin, self._thick = (
            Canvas(shape, specimen, pixel_size_angstrom=pixel_size_angstrom) for _ in range(2)
        )
        self._diameter_px = specimen.diameter_angstrom / pixel_size_angstrom
        self.masks: dict[str, NDArray[np.bool_]] = {}
        self.centres_px: dict[str, NDArray[np.float64]] = {}
        self._forbidden: NDArray[np.bool_] | None = None
        self._draw_areas()

    def keep_off(
        self,
        centres_px: NDArray[np.float64],
        *,
        min_distance_px: float,
        edge_distance_px: float,
    ) -> NDArray[np.float64]:
        """Particles, those among them moved that lie where they would not be picked.

        Parameters
        ----------
        centres_px
            Centres ``(x, y)``, shape ``(n, 2)``, on the micrograph.
        min_distance_px, edge_distance_px
            As in `find_room`, for those that are moved.

        Raises
        ------
        ConfigError
            There is not enough room beside the nuisances.
        """
        if self._forbidden is None:
            return centres_px
        columns, rows = np.rint(centres_px).astype(int).T
        is_moved = self._forbidden[rows, columns]
        moved = find_room(
            self._shape,
            n_centres=int(is_moved.sum()),
            min_distance_px=min_distance_px,
            edge_distance_px=edge_distance_px,
            rng=make_rng(self._seed, "moved"),
            forbidden=self._forbidden,
            occupied_px=centres_px[~is_moved],
        )
        n_room = len(centres_px) - int(is_moved.sum()) + len(moved)
        if n_room < len(centres_px):
            raise ConfigError(
                "n_particles",
                f"only {n_room} of {len(centres_px)} particles fit beside the nuisances with "
                f"centres {min_distance_px:g} px apart; ask for at most {n_room}, for fewer "
                "nuisances, or for a larger shape",
            )
        centres_px = centres_px.copy()
        centres_px[is_moved] = moved
        return centres_px

    def add_damaged(self, particles_px: NDArray[np.float64], *, edge_distance_px: float) -> None:
        """Place and draw broken and empty particles, a diameter or more from every other one.

        Raises
        ------
        ConfigError
            There is not enough room beside the particles.
        """
        for kind in DAMAGED_KINDS:
            n_damaged = getattr(self._nuisances, kind)
            if not n_damaged:
                continue
            rng = make_rng(self._seed, kind)
            centres = find_room(
                self._shape,
                n_centres=n_damaged,
                min_distance_px=self._diameter_px,
                edge_distance_px=edge_distance_px,
                rng=rng,
                forbidden=self._forbidden,
                occupied_px=particles_px,
            )
            if len(centres) < n_damaged:
                raise ConfigError(
                    kind,
                    f"only {len(centres)} of {n_damaged} {kind} particles have room beside "
                    f"{len(particles_px)} others; ask for at most {len(centres)}, for fewer "
                    "others, or for a larger shape",
                )
            rotations = draw_rotations(n_damaged, rng=rng, views=self._views)
            damage = partial(empty_particle, diameter_px=self._diameter_px)
            if kind == "broken":
                damage = partial(break_particle, diameter_px=self._diameter_px, rng=rng)
            self._thin.add_particles(centres, rotations, damage=damage)
            self.centres_px[kind] = centres
            particles_px = np.concatenate([particles_px, centres])

    def image(self, optics: Optics) -> NDArray[np.float32]:
        """What all of it adds to the contrast of the micrograph, ``(ny, nx)``; to be asked once."""
        absorbed = np.float32(_ABSORBED_FRACTION) * self._thick.crop(self._thick.density)
        self._thin.density += self._thick.density
        return self._thin.image(optics) - absorbed

    def find_decoys(self, truth: Picks) -> dict[str, Picks]:
        """Centres of what has one, by kind, on the micrograph of the true particles."""
        return {
            kind: Picks(truth.micrograph, *centres.T, frame=truth.frame)
            for kind, centres in self.centres_px.items()
        }

    def _draw_areas(self) -> None:
        """Draw what has an area, each kind from its own source, wherever the others are."""
        density = measure_density(self._thick)
        asked = self._nuisances
        if asked.carbon_fraction:
            self.masks["carbon"] = draw_carbon(
                self._thick,
                fraction=asked.carbon_fraction,
                density=density,
                rng=make_rng(self._seed, "carbon"),
            )
        for kind, draw in (("ice_crystals", draw_crystal), ("contaminants", draw_blob)):
            if n_stamps := getattr(asked, kind):
                self._stamp(kind, n_stamps, draw, density=density)
        if asked.aggregates:
            self._draw_aggregates(asked.aggregates)
        mask = np.zeros(self._shape, dtype=bool)
        for one in self.masks.values():
            mask |= one
        if mask.any():
            self._forbidden = distance_transform_edt(~mask) <= self._diameter_px / 2

    def _stamp(
        self, kind: str, n_stamps: int, draw: Callable[..., Stamp], *, density: float
    ) -> None:
        rng = make_rng(self._seed, kind)
        centres, mask = self._draw_centres(n_stamps, rng), np.zeros(self._shape, dtype=bool)
        for x_px, y_px in centres:
            stamp = draw(self._diameter_px, density=density, rng=rng)
            middle_px = round(x_px), round(y_px)
            self._thick.add(stamp.density, *middle_px)
            paste(mask, stamp.mask, middle_px)
        self.centres_px[kind], self.masks[kind] = centres, mask

    def _draw_aggregates(self, n_clumps: int) -> None:
        rng = make_rng(self._seed, "aggregates")
        centres, mask = self._draw_centres(n_clumps, rng), np.zeros(self._shape, dtype=bool)
        for centre in centres:
            members = centre + draw_clump(self._diameter_px, rng=rng)
            rotations = draw_rotations(len(members), rng=rng, views=self._views)
            self._thin.add_particles(members, rotations)
            for x_px, y_px in members:
                paste(mask, draw_disc(self._diameter_px), (round(x_px), round(y_px)))
        self.centres_px["aggregates"], self.masks["aggregates"] = centres, mask

    def _draw_centres(self, n_centres: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Centres ``(x, y)`` anywhere on the micrograph, shape ``(n, 2)``."""
        ny, nx = self._shape
        return rng.uniform((0, 0), (nx - 1, ny - 1), size=(n_centres, 2))
