"""Simulated ribosomes in three parts, for studies that look at what was found or learnt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from deepem.simulation import DensityMap, Scene, load_density_map, simulate_dataset
from deepem.studies.harness.study import Need
from deepem.studies.sets.benchmark_sets import Parts
from deepem.studies.sets.data import Labelled

MAP = Need("maps", "70s_4v4r_10A.mrc")
PIXEL_SIZE_ANGSTROM = 5.0
N_PARTICLES = 80
_SEED = 71
_PARTS = {"train": 4, "valid": 2, "test": 6}
_QUICK_PARTS = {"train": 1, "valid": 1, "test": 1}


@dataclass(frozen=True, eq=False)
class Ribosomes:
    """Micrographs with everything that is true about them.

    Parameters
    ----------
    specimen
        The particle.
    parts
        Scenes of ``train``, ``valid`` and ``test``.
    """

    specimen: DensityMap
    parts: dict[str, list[Scene]]

    @property
    def diameter_px(self) -> float:
        """Diameter of the particle in pixels."""
        return self.specimen.diameter_angstrom / PIXEL_SIZE_ANGSTROM

    def labelled(self, part: str) -> Labelled:
        """The micrographs of a part and their true particles."""
        scenes = self.parts[part]
        return Labelled(
            tuple(scene.micrograph for scene in scenes), tuple(scene.truth for scene in scenes)
        )

    def to_parts(self) -> Parts:
        """The same as a set to learn from and to be measured on."""
        train, valid, test = (self.labelled(part) for part in ("train", "valid", "test"))
        return Parts(
            train,
            valid,
            test,
            self.diameter_px,
            self.diameter_px / 2,
            specimen=self.specimen,
            scenes=tuple(self.parts["test"]),
        )


@lru_cache(maxsize=1)
def simulate_ribosomes(path: Path, snr: float, *, is_quick: bool) -> Ribosomes:
    """Simulate ribosomes from all directions.

    Parameters
    ----------
    path
        The map.
    snr
        Signal-to-noise ratio, see `deepem.simulation.Scene`.
    is_quick
        One micrograph a part; else four, two and six.
    """
    specimen = load_density_map(path)
    counts = _QUICK_PARTS if is_quick else _PARTS
    scenes = simulate_dataset(
        specimen,
        sum(counts.values()),
        n_particles=N_PARTICLES,
        pixel_size_angstrom=PIXEL_SIZE_ANGSTROM,
        seed=_SEED,
        snr=snr,
    )
    return Ribosomes(specimen, {part: list(islice(scenes, n)) for part, n in counts.items()})
