"""How little signal is enough: simulated ribosomes, against a template and the best possible."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from deepem.baselines import MatchedFilter, score_ideally
from deepem.core import Micrograph, Picks
from deepem.picking import Picker
from deepem.simulation import (
    DensityMap,
    Scene,
    add_noise,
    load_density_map,
    measure_signal_variance,
    simulate_dataset,
)
from deepem.studies.data import Labelled, Sources
from deepem.studies.measurement import AVERAGE_PRECISION, BEST_F1, rank
from deepem.studies.study import Cell, Column, Figures, Need, Study, Target
from deepem.training import train

_MAP = Need("maps", "70s_4v4r_10A.mrc")
_PIXEL_SIZE_ANGSTROM = 5.0
_N_PARTICLES = 80
# The signal-to-noise ratio is that in a box of this side, as others state it.
_BOX_PX = 64
_PARTS = {"train": 4, "valid": 2, "test": 2}
_QUICK_PARTS = {"train": 1, "valid": 1, "test": 1}
_SIMULATION_SEED = 70
_LEVELS = (0.05, 0.02, 0.01, 0.005, 0.0025, 0.00125)
_NETWORKS = ("residual", "deepem8")
_QUICK_UPDATES = 60
_VIEWS, _ROTATIONS = 200, 24
_QUICK_VIEWS, _QUICK_ROTATIONS = 12, 8


@dataclass(frozen=True, eq=False)
class _Noisy:
    """Simulated micrographs at one signal-to-noise ratio."""

    parts: dict[str, Labelled]
    scenes: list[Scene]  # of the test micrographs
    noise_sigmas: list[float]  # of the test micrographs


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    cells: list[Cell] = []
    for snr in _LEVELS[:1] if quick else _LEVELS:
        # The cheap ones first; the networks and the observer share the simulated micrographs.
        cells.append({"snr": snr, "method": "matched filter"})
        for network in _NETWORKS[:1] if quick else _NETWORKS:
            extra: Cell = {"updates": _QUICK_UPDATES} if quick else {}
            cells += [
                {"snr": snr, "method": network, "seed": seed, **extra} for seed in range(n_seeds)
            ]
        views = _QUICK_VIEWS if quick else _VIEWS
        rotations = _QUICK_ROTATIONS if quick else _ROTATIONS
        cells.append(
            {"snr": snr, "method": "ideal observer", "views": views, "rotations": rotations}
        )
    return cells


def _measure(cell: Cell, sources: Sources) -> Figures:
    path, is_quick = sources.find(_MAP), bool(cell.get("quick"))
    specimen = _load_map(path)
    noisy = _make_noisy(path, float(cell["snr"]), is_quick)
    diameter_px = specimen.diameter_angstrom / _PIXEL_SIZE_ANGSTROM
    test = noisy.parts["test"]
    figures: Figures = {}
    if cell["method"] == "ideal observer":
        candidates = _pick_ideally(noisy, specimen, cell)
    elif cell["method"] == "matched filter":
        training = noisy.parts["train"]
        matched = MatchedFilter.from_particles(
            training.micrographs, training.picks, diameter_px=diameter_px
        )
        candidates = [matched.scan(micrograph) for micrograph in test.micrographs]
    else:
        start = time.perf_counter()
        picker = _train(noisy, cell, diameter_px)
        figures["training_seconds"] = time.perf_counter() - start
        candidates = [picker.scan(micrograph) for micrograph in test.micrographs]
    return figures | rank(candidates, test.picks, match_px=diameter_px / 2, diameter_px=diameter_px)


def _train(noisy: _Noisy, cell: Cell, diameter_px: float) -> Picker:
    training, valid = noisy.parts["train"], noisy.parts["valid"]
    model = train(
        training.micrographs,
        training.picks,
        complete=True,
        valid_micrographs=valid.micrographs,
        valid_picks=valid.picks,
        network=cell["method"],  # type: ignore[arg-type]
        diameter_px=diameter_px,
        seed=int(cell["seed"]),
        updates=int(cell["updates"]) if "updates" in cell else None,
    )
    # All candidates are ranked, so nobody need look for junk.
    return Picker(model, keep_junk=True)


def _pick_ideally(noisy: _Noisy, specimen: DensityMap, cell: Cell) -> list[Picks]:
    return [
        score_ideally(
            micrograph.pixels(),
            specimen,
            scene.optics,
            pixel_size_angstrom=_PIXEL_SIZE_ANGSTROM,
            noise_sigma=sigma,
            n_views=int(cell["views"]),
            n_rotations=int(cell["rotations"]),
            workers=torch.get_num_threads(),
        ).find_picks(micrograph.name)
        for micrograph, scene, sigma in zip(
            noisy.parts["test"].micrographs, noisy.scenes, noisy.noise_sigmas, strict=True
        )
    ]


@lru_cache(maxsize=1)
def _load_map(path: Path) -> DensityMap:
    return load_density_map(path)


@lru_cache(maxsize=1)
def _simulate(path: Path, is_quick: bool) -> list[Scene]:
    """The micrographs of all parts; the noise that is in them is not used."""
    parts = _QUICK_PARTS if is_quick else _PARTS
    return list(
        simulate_dataset(
            _load_map(path),
            sum(parts.values()),
            n_particles=_N_PARTICLES,
            pixel_size_angstrom=_PIXEL_SIZE_ANGSTROM,
            seed=_SIMULATION_SEED,
        )
    )


@lru_cache(maxsize=1)
def _make_noisy(path: Path, snr: float, is_quick: bool) -> _Noisy:
    scenes = _simulate(path, is_quick)
    pairs = [_add_noise(scene, snr) for scene in scenes]
    parts, first = {}, 0
    for name, n in (_QUICK_PARTS if is_quick else _PARTS).items():
        parts[name] = Labelled(
            tuple(micrograph for micrograph, _ in pairs[first : first + n]),
            tuple(scene.truth for scene in scenes[first : first + n]),
        )
        first += n
    n_test = len(parts["test"].micrographs)
    return _Noisy(parts, scenes[-n_test:], [sigma for _, sigma in pairs[-n_test:]])


def _add_noise(scene: Scene, snr: float) -> tuple[Micrograph, float]:
    """The micrograph at a ratio in boxes of 64 px, and the deviation of its noise."""
    name = scene.truth.micrograph
    boxes = replace(scene.truth, box_size_px=_BOX_PX)
    signal_variance = measure_signal_variance(scene.clean, boxes)
    # The same noise at every level, but for its strength.
    rng = np.random.default_rng([_SIMULATION_SEED, zlib.crc32(name.encode())])
    noisy = add_noise(scene.clean, signal_variance=signal_variance, snr=snr, rng=rng)
    micrograph = Micrograph.from_array(noisy, name=name, pixel_size_angstrom=_PIXEL_SIZE_ANGSTROM)
    return micrograph, float(np.sqrt(signal_variance / snr))


LOW_SIGNAL = Study(
    name="low_signal",
    title="Little signal: simulated ribosomes",
    about=(
        "70S ribosomes (PDB 4V4R) from all directions, 5 Å per pixel, 1024 x 1024 pixels, 80 "
        "particles a micrograph, defocus 1.0 to 2.5 µm, white noise. The signal-to-noise ratio is "
        "the variance of the particles without noise in boxes of 64 px over that of the noise. "
        "Four micrographs to train, two to validate, two to test, the same for all methods and, "
        "but for the strength of the noise, at all levels; seeds are those of the training. The "
        "matched filter is the mean training particle. The ideal observer knows the map, the "
        "focus and the noise, and scores the likelihood over 200 directions and 24 rotations; "
        "nobody can be better, but for neighbours and the sampling of directions. Matched within "
        "half a diameter, without a border of that width."
    ),
    version=1,
    needs=(_MAP,),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("snr", "method"),
    columns=(
        AVERAGE_PRECISION,
        BEST_F1,
        Column("training_seconds", "training, s", decimals=0, better="lower"),
    ),
    targets=tuple(
        Target("average_precision", {"snr": snr, "method": "residual"}, at_least=bound)
        for snr, bound in zip(_LEVELS[:4], (0.98, 0.88, 0.65, 0.35), strict=True)
    ),
)
