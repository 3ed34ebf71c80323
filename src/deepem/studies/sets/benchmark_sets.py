"""The sets on which methods are compared: real ones, and simulated ones like the paper's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from deepem.core import Picks
from deepem.simulation import (
    NUISANCE_LEVELS,
    DensityMap,
    Noise,
    Nuisances,
    Projectable,
    Scene,
    Views,
    cut_density,
    load_density_map,
    make_phantom,
    simulate_dataset,
)
from deepem.studies.harness.study import Need
from deepem.studies.sets.data import (
    DATA_SETS,
    KLH,
    KLH_DIAMETER_PX,
    Labelled,
    Sources,
    read_ignored,
)

_COUNTS = {"train": 4, "valid": 2, "test": 3}
_QUICK_COUNTS = {"train": 1, "valid": 1, "test": 1}


@dataclass(frozen=True, eq=False)
class Parts:
    """Micrographs to learn from, to choose the threshold on, and to be measured on.

    Parameters
    ----------
    train, valid, test
        The micrographs; ``valid`` may be empty.
    diameter_px, match_px
        Particle diameter, and largest distance of a pick to its particle, in unbinned pixels.
    ignore
        Places on the test micrographs where a pick is neither right nor wrong; empty for none.
    specimen, scenes
        The particle, and the whole truth about the test micrographs, where they are simulated.
    """

    train: Labelled
    valid: Labelled
    test: Labelled
    diameter_px: float
    match_px: float
    ignore: tuple[Picks, ...] = ()
    specimen: Projectable | None = None
    scenes: tuple[Scene, ...] = ()

    @property
    def tuned(self) -> Labelled:
        """Where a threshold is chosen: the training micrographs, if there are no others."""
        return self.valid if self.valid.micrographs else self.train

    def with_training(self, labelled: Labelled) -> Parts:
        """The same with other micrographs to learn from."""
        return replace(self, train=labelled)


@dataclass(frozen=True)
class SimulatedSet:
    """Micrographs like those of a figure of the paper, with what made them.

    Parameters
    ----------
    about
        What it is, in a sentence, for the reports.
    load
        The particle.
    pixel_size_angstrom, shape, n_particles, noise, views, nuisances
        As in `simulate_dataset`.
    needs
        Maps that it reads.
    min_distance_over_diameter
        Least distance of two particles, in diameters; below 1 they overlap.
    seed
        Of the simulation.
    n_training
        Number of micrographs to learn from.
    """

    about: str
    load: Callable[[Sources], Projectable]
    pixel_size_angstrom: float
    shape: tuple[int, int]
    n_particles: int
    noise: Noise
    seed: int
    needs: tuple[Need, ...] = ()
    views: Views = Views()  # noqa: RUF009 (frozen)
    nuisances: Nuisances = Nuisances()  # noqa: RUF009 (frozen)
    min_distance_over_diameter: float = 1.0
    n_training: int = 4


_MAP_26S = Need("maps", "26s_4cr2_10A.mrc")


# Its longest axis in the map, as `find_long_axis` says.
_26S_AXIS = (0.206, 0.962, 0.177)
# The cylinder lies on its side or stands, as on the micrographs of KLH.
_KLH_VIEWS = Views(((0, 0, 1),), "across", spread_deg=5, uniform_fraction=0.2)


def _load_26s(sources: Sources) -> DensityMap:
    return load_density_map(sources.find(_MAP_26S))


def _load_19s(sources: Sources) -> DensityMap:
    """The regulatory particle: the proteasome without most of its core."""
    return cut_density(
        _load_26s(sources), position_angstrom=40, keep="below", name="19S", diameter_angstrom=200
    )


_19S_LIKE = SimulatedSet(
    about=(
        "«19s_like»: the regulatory particle (26S proteasome, PDB 4CR2, less most of its core) "
        "from all directions, 100 on a micrograph of 1919 x 1855 pixels of 1.96 Å, with 3 broken "
        "and 3 empty ones, 4 contaminants, 2 ice crystals and an aggregate, at a signal-to-noise "
        "ratio of 0.0015, a third of the noise from the ice."
    ),
    load=_load_19s,
    pixel_size_angstrom=1.96,
    shape=(1855, 1919),
    n_particles=100,
    noise=Noise(snr=0.0015, solvent_fraction=1 / 3),
    seed=160,
    needs=(_MAP_26S,),
    nuisances=NUISANCE_LEVELS["some"],
    min_distance_over_diameter=0.9,
)
SIMULATED_SETS = {
    "klh_like": SimulatedSet(
        about=(
            "«klh_like»: the KLH phantom, side and top views, 24 on a micrograph of 2048 x 2048 "
            "pixels of 2.2 Å, with 3 broken and 3 empty ones, 4 contaminants, 2 ice crystals and "
            "an aggregate, at a signal-to-noise ratio of 0.01, a third of the noise from the ice."
        ),
        load=lambda sources: make_phantom("klh"),
        pixel_size_angstrom=2.2,
        shape=(2048, 2048),
        n_particles=24,
        noise=Noise(snr=0.01, solvent_fraction=1 / 3),
        seed=272,
        views=_KLH_VIEWS,
        nuisances=NUISANCE_LEVELS["some"],
    ),
    "19s_like": _19S_LIKE,
    "19s_like_large": replace(_19S_LIKE, n_training=12),
    "inflammasome_crowded": SimulatedSet(
        about=(
            "«inflammasome_crowded»: top views of the wheel of 11 spokes, 130 on a micrograph of "
            "1919 x 1855 pixels of 3.44 Å, as near as 0.75 diameters, beside 4 ice crystals, 10 "
            "contaminants, 3 aggregates, a carbon edge over 15 % of the micrograph, 8 broken and "
            "8 empty ones, at a ratio of 0.02."
        ),
        load=lambda sources: make_phantom("inflammasome"),
        pixel_size_angstrom=3.44,
        shape=(1855, 1919),
        n_particles=130,
        noise=Noise(snr=0.02),
        seed=112,
        views=Views.top(spread_deg=10, uniform_fraction=0.1),
        nuisances=NUISANCE_LEVELS["many"],
        min_distance_over_diameter=0.75,
    ),
    "26s_sparse": SimulatedSet(
        about=(
            "«26s_sparse»: side views of the 26S proteasome (PDB 4CR2), 25 on a micrograph of "
            "1919 x 1855 pixels of 3.44 Å, with 3 broken and 3 empty ones, 4 contaminants, 2 ice "
            "crystals and an aggregate, at a ratio of 0.005."
        ),
        load=_load_26s,
        pixel_size_angstrom=3.44,
        shape=(1855, 1919),
        n_particles=25,
        noise=Noise(snr=0.005),
        seed=150,
        needs=(_MAP_26S,),
        views=Views((_26S_AXIS,), "across", spread_deg=10),
        nuisances=NUISANCE_LEVELS["some"],
    ),
}
REAL_SETS = (*DATA_SETS, "klh")


def find_needs(names: Iterable[str]) -> tuple[Need, ...]:
    """What the sets of these names read."""
    needs: list[Need] = []
    for name in names:
        if name in SIMULATED_SETS:
            needs += SIMULATED_SETS[name].needs
        elif name in DATA_SETS:
            needs += DATA_SETS[name].needs("train", "valid", "test")
        else:
            needs.append(KLH)
    return tuple(dict.fromkeys(needs))


@lru_cache(maxsize=1)
def load_folds(name: str, sources: Sources, *, is_quick: bool = False) -> tuple[Parts, ...]:
    """The micrographs of a set: one split, or, of KLH, each micrograph tested in turn.

    Parameters
    ----------
    name
        A real or a simulated set.
    sources
        Where the data are.
    is_quick
        One simulated micrograph for each part, one fold of KLH.
    """
    if name in SIMULATED_SETS:
        simulated = SIMULATED_SETS[name]
        counts = {**_COUNTS, "train": simulated.n_training}
        return (_simulate(simulated, sources, _QUICK_COUNTS if is_quick else counts),)
    if name in DATA_SETS:
        data_set = DATA_SETS[name]
        train, valid, test = (sources.load(f"{name}/{part}") for part in ("train", "valid", "test"))
        return (Parts(train, valid, test, data_set.diameter_px, data_set.match_px),)
    folds = _split_klh(sources)
    return folds[:1] if is_quick else folds


def _split_klh(sources: Sources) -> tuple[Parts, ...]:
    whole = sources.load(KLH.path)
    numbers = range(len(whole.micrographs))
    return tuple(
        Parts(
            train=whole.take([one for one in numbers if one != tested]),
            valid=whole.take([]),
            test=whole.take([tested]),
            diameter_px=KLH_DIAMETER_PX,
            match_px=KLH_DIAMETER_PX / 2,
            ignore=(read_ignored(whole.picks[tested], sources.find(KLH)),),
        )
        for tested in numbers
    )


def _simulate(simulated: SimulatedSet, sources: Sources, counts: Mapping[str, int]) -> Parts:
    specimen = simulated.load(sources)
    diameter_px = specimen.diameter_angstrom / simulated.pixel_size_angstrom
    scenes = list(
        simulate_dataset(
            specimen,
            sum(counts.values()),
            n_particles=simulated.n_particles,
            pixel_size_angstrom=simulated.pixel_size_angstrom,
            seed=simulated.seed,
            shape=simulated.shape,
            noise=simulated.noise,
            views=simulated.views,
            nuisances=simulated.nuisances,
            min_distance_px=simulated.min_distance_over_diameter * diameter_px,
        )
    )
    whole = Labelled(
        tuple(scene.micrograph for scene in scenes), tuple(scene.truth for scene in scenes)
    )
    train, valid, test = whole.split(counts.values())
    return Parts(
        train,
        valid,
        test,
        diameter_px=diameter_px,
        match_px=diameter_px / 2,
        specimen=specimen,
        scenes=tuple(scenes[-counts["test"] :]),
    )
