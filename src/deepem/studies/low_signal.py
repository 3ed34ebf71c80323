"""How little signal is enough: simulated ribosomes, against templates and the best possible."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from deepem.baselines import score_ideally
from deepem.core import Micrograph
from deepem.simulation import (
    DensityMap,
    Scene,
    add_noise,
    load_density_map,
    measure_signal_variance,
    simulate_dataset,
)
from deepem.studies.harness.drawing import draw_against
from deepem.studies.harness.results import Result
from deepem.studies.harness.study import Cell, Column, Figures, Measured, Need, Plot, Study, Target
from deepem.studies.methods.attempts import NETWORKS, ROUND_TEMPLATE, TEMPLATES, attempt, measure
from deepem.studies.methods.measurement import AVERAGE_PRECISION, BEST_F1, PRECISION, RECALL, rank
from deepem.studies.sets.benchmark_sets import Parts
from deepem.studies.sets.data import Labelled, Sources

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAP = Need("maps", "70s_4v4r_10A.mrc")
_N_PARTICLES = 80
# The signal-to-noise ratio is that in a box of this side: 160 px of 2 Å, 64 px of 5 Å.
_BOX_ANGSTROM = 320.0
_PARTS = {"train": 4, "valid": 2, "test": 2}
_QUICK_PARTS = {"train": 1, "valid": 1, "test": 1}
_SIMULATION_SEED = 70
_IDEAL = "ideal observer"
_QUICK_UPDATES = 60
_VIEWS, _ROTATIONS = 200, 24
_QUICK_VIEWS, _QUICK_ROTATIONS = 12, 8


@dataclass(frozen=True)
class _Scale:
    """Micrographs of one pixel size: all are equally wide in Å.

    Parameters
    ----------
    side_px
        Side of a micrograph.
    factor
        Binning at which the ideal observer works.
    levels
        Signal-to-noise ratios.
    """

    side_px: int
    factor: int
    levels: tuple[float, ...]


#: By pixel size in Å: the paper's levels, and a scale at which they are harder.
_SCALES = {
    2.0: _Scale(2048, 4, (0.01, 0.008, 0.005, 0.003, 0.002, 0.001)),
    5.0: _Scale(1024, 2, (0.01, 0.005, 0.0025, 0.00125)),
}


@dataclass(frozen=True, eq=False)
class _Noisy:
    """Simulated micrographs at one signal-to-noise ratio, and the test micrographs' noise."""

    parts: Parts
    scenes: list[Scene]
    noise_sigmas: list[float]


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    if quick:
        setting: Cell = {"pixel_size": 5.0, "snr": 0.01}
        return [
            {**setting, "method": ROUND_TEMPLATE},
            {**setting, "method": "residual", "seed": 0, "updates": _QUICK_UPDATES},
            {**setting, "method": _IDEAL, "views": _QUICK_VIEWS, "rotations": _QUICK_ROTATIONS},
        ]
    cells: list[Cell] = []
    for pixel_size, scale in _SCALES.items():
        for snr in scale.levels:
            setting = {"pixel_size": pixel_size, "snr": snr}
            # Those of one level share the simulated micrographs.
            cells += [{**setting, "method": one} for one in (ROUND_TEMPLATE, TEMPLATES)]
            cells += [
                {**setting, "method": network, "seed": seed}
                for network in NETWORKS
                for seed in range(n_seeds)
            ]
            cells.append({**setting, "method": _IDEAL, "views": _VIEWS, "rotations": _ROTATIONS})
    return cells


def _measure(cell: Cell, sources: Sources) -> Figures | Measured:
    noisy = _make_noisy(
        sources.find(_MAP), float(cell["pixel_size"]), float(cell["snr"]), bool(cell.get("quick"))
    )
    method = str(cell["method"])
    if method == _IDEAL:
        return _observe_ideally(noisy, cell)
    options: Cell = {"updates": cell["updates"]} if "updates" in cell else {}
    one = attempt(method, noisy.parts, seed=int(cell.get("seed", 0)), options=options)
    return measure([one], [noisy.parts])


def _observe_ideally(noisy: _Noisy, cell: Cell) -> Figures:
    parts, pixel_size = noisy.parts, float(cell["pixel_size"])
    assert parts.specimen is not None  # noqa: S101  (simulated)
    candidates = [
        score_ideally(
            micrograph.pixels(),
            parts.specimen,
            scene.optics,
            pixel_size_angstrom=pixel_size,
            noise_sigma=sigma,
            n_views=int(cell["views"]),
            n_rotations=int(cell["rotations"]),
            factor=_SCALES[pixel_size].factor,
            workers=torch.get_num_threads(),
        ).find_picks(micrograph.name)
        for micrograph, scene, sigma in zip(
            parts.test.micrographs, noisy.scenes, noisy.noise_sigmas, strict=True
        )
    ]
    return rank(
        candidates, parts.test.picks, match_px=parts.match_px, diameter_px=parts.diameter_px
    )


@lru_cache(maxsize=1)
def _load_map(path: Path) -> DensityMap:
    return load_density_map(path)


@lru_cache(maxsize=1)
def _simulate(path: Path, pixel_size: float, n_micrographs: int) -> list[Scene]:
    """The micrographs of all parts; the noise that is in them is not used."""
    side_px = _SCALES[pixel_size].side_px
    return list(
        simulate_dataset(
            _load_map(path),
            n_micrographs,
            n_particles=_N_PARTICLES,
            pixel_size_angstrom=pixel_size,
            shape=(side_px, side_px),
            seed=_SIMULATION_SEED,
        )
    )


@lru_cache(maxsize=1)
def _make_noisy(path: Path, pixel_size: float, snr: float, is_quick: bool) -> _Noisy:
    counts = _QUICK_PARTS if is_quick else _PARTS
    scenes = _simulate(path, pixel_size, sum(counts.values()))
    buried = [_add_noise(scene, snr, pixel_size) for scene in scenes]
    whole = Labelled(
        tuple(micrograph for micrograph, _ in buried), tuple(scene.truth for scene in scenes)
    )
    specimen = _load_map(path)
    diameter_px = specimen.diameter_angstrom / pixel_size
    train, valid, test = whole.split(counts.values())
    parts = Parts(train, valid, test, diameter_px, diameter_px / 2, specimen=specimen)
    n_test = counts["test"]
    return _Noisy(parts, scenes[-n_test:], [sigma for _, sigma in buried[-n_test:]])


def _add_noise(scene: Scene, snr: float, pixel_size: float) -> tuple[Micrograph, float]:
    """The micrograph at a ratio in boxes of 320 Å, and the deviation of its noise."""
    name = scene.truth.micrograph
    boxes = replace(scene.truth, box_size_px=round(_BOX_ANGSTROM / pixel_size))
    signal_variance = measure_signal_variance(scene.clean, boxes)
    # The same noise at every level, but for its strength.
    rng = np.random.default_rng([_SIMULATION_SEED, zlib.crc32(name.encode())])
    noisy = add_noise(scene.clean, signal_variance=signal_variance, snr=snr, rng=rng)
    micrograph = Micrograph.from_array(noisy, name=name, pixel_size_angstrom=pixel_size)
    return micrograph, float(np.sqrt(signal_variance / snr))


def _draw(figure: Figure, results: Sequence[Result], *, pixel_size: float) -> None:
    draw_against(
        figure,
        [one for one in results if one.cell["pixel_size"] == pixel_size],
        x="snr",
        ys=[
            ("average_precision", "average precision"),
            ("best_f1", "best F1"),
            ("lower", "lower of precision and recall"),
        ],
        line=["method"],
        x_title="signal-to-noise ratio",
        log_x=True,
    )


LOW_SIGNAL = Study(
    name="low_signal",
    title="Little signal: simulated ribosomes",
    about=(
        "The paper's Fig. 6. 70S ribosomes (PDB 4V4R) from all directions, 80 particles on "
        "micrographs 0.41 to 0.51 µm wide, defocus 1.0 to 2.5 µm, white noise. The signal-to-noise "
        "ratio is the variance of the particles without noise in boxes of 320 Å over that of the "
        "noise, for a pixel. White noise of pixels of 2 Å (2048 x 2048) is averaged away by "
        "binning, so that a ratio there is 6 times as good as the same ratio at 5 Å (1024 x 1024); "
        "the paper's levels are at 2 Å, and harder ones at 5 Å. Four micrographs to train, two for "
        "the threshold, two to test, the same for all methods and, but for the strength of the "
        "noise, at all levels; seeds are those of the training. The ideal observer knows the map, "
        "the focus and the noise, and scores the likelihood over 200 directions and 24 rotations; "
        "nobody can be better, but for neighbours and the sampling of directions. Other methods "
        "and figures as in the study of accuracy."
    ),
    version=2,
    needs=(_MAP,),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("pixel_size", "snr", "method"),
    columns=(
        PRECISION,
        RECALL,
        Column("lower", "lower of both"),
        BEST_F1,
        AVERAGE_PRECISION,
        Column("training_seconds", "training, s", decimals=0, better="lower"),
    ),
    targets=(
        Target("lower", {"pixel_size": 2.0, "snr": 0.005, "method": "residual"}, at_least=0.9),
        *(
            Target(
                "average_precision",
                {"pixel_size": 5.0, "snr": snr, "method": "residual"},
                at_least=bound,
            )
            for snr, bound in ((0.01, 0.65), (0.005, 0.35))
        ),
        Target(
            "average_precision",
            {"method": "residual"},
            better_than=[{"method": ROUND_TEMPLATE}, {"method": TEMPLATES}],
        ),
    ),
    plots=tuple(
        Plot(
            f"{pixel_size:g}A",
            f"{pixel_size:g} Å per pixel: average precision, best F1, and the lower one of "
            "precision and recall at the method's own threshold, over the signal-to-noise ratio.",
            partial(_draw, pixel_size=pixel_size),
        )
        for pixel_size in _SCALES
    ),
)
