"""Real micrographs with more and more noise: a network against the classical template."""

from __future__ import annotations

import time
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepem.baselines import MatchedFilter
from deepem.core import Micrograph, Picks
from deepem.picking import Picker
from deepem.preprocessing import clip_outliers
from deepem.studies.harness.study import Cell, Column, Figures, Study, Target
from deepem.studies.methods.measurement import AVERAGE_PRECISION, BEST_F1, rank
from deepem.studies.sets.data import APOFERRITIN, Labelled, Sources
from deepem.training import train

_LEVELS = (10, 20, 40)
_QUICK_UPDATES = 60
_NOISE_SEED = 10146
# Farther than this from every label, in diameters, is background.
_BACKGROUND_OVER_DIAMETER = 0.6


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    extra: Cell = {"updates": _QUICK_UPDATES} if quick else {}
    cells: list[Cell] = []
    for level in _LEVELS[:1] if quick else _LEVELS:
        cells.append({"snr_divided_by": level, "method": "matched filter"})
        cells += [
            {"snr_divided_by": level, "method": "residual", "seed": seed, **extra}
            for seed in range(n_seeds)
        ]
    return cells


def _measure(cell: Cell, sources: Sources) -> Figures:
    level, diameter_px = int(cell["snr_divided_by"]), APOFERRITIN.diameter_px
    training, valid, test = (
        _load_noisy(sources, part, level) for part in ("train", "valid", "test")
    )
    figures: Figures = {}
    if cell["method"] == "matched filter":
        matched = MatchedFilter.from_particles(
            training.micrographs, training.picks, diameter_px=diameter_px
        )
        candidates = [matched.scan(micrograph) for micrograph in test.micrographs]
    else:
        start = time.perf_counter()
        model = train(
            training.micrographs,
            training.picks,
            valid_micrographs=valid.micrographs,
            valid_picks=valid.picks,
            network="residual",
            diameter_px=diameter_px,
            seed=int(cell["seed"]),
            updates=int(cell["updates"]) if "updates" in cell else None,
        )
        figures["training_seconds"] = time.perf_counter() - start
        # All candidates are ranked, so nobody need look for junk.
        picker = Picker(model, keep_junk=True)
        candidates = [picker.scan(micrograph) for micrograph in test.micrographs]
    return figures | rank(
        candidates, test.picks, match_px=APOFERRITIN.match_px, diameter_px=diameter_px
    )


@lru_cache(maxsize=3)  # the three parts at one level
def _load_noisy(sources: Sources, part: str, level: int) -> Labelled:
    labelled = sources.load(f"{APOFERRITIN.name}/{part}")
    noisy = [
        bury(micrograph, picks, level, diameter_px=APOFERRITIN.diameter_px)
        for micrograph, picks in zip(labelled.micrographs, labelled.picks, strict=True)
    ]
    return Labelled(tuple(noisy), labelled.picks)


def bury(micrograph: Micrograph, picks: Picks, level: float, *, diameter_px: float) -> Micrograph:
    """The micrograph with so much white noise that its signal-to-noise ratio is divided.

    Its own noise is the variance of the pixels that are farther from every label than 0.6
    diameters, after clipping of outliers; ``level - 1`` times as much is added. The same
    micrograph gets the same noise, but for its strength.
    """
    pixels = clip_outliers(micrograph.pixels(), label=micrograph.label)
    variance = measure_background(
        pixels, picks, distance_px=_BACKGROUND_OVER_DIAMETER * diameter_px
    )
    rng = np.random.default_rng([_NOISE_SEED, zlib.crc32(micrograph.name.encode())])
    noise = rng.standard_normal(pixels.shape, dtype=np.float32)
    noise *= np.float32(np.sqrt((level - 1) * variance))
    return Micrograph.from_array(
        pixels + noise, name=micrograph.name, pixel_size_angstrom=micrograph.pixel_size_angstrom
    )


def measure_background(pixels: NDArray[np.float32], picks: Picks, *, distance_px: float) -> float:
    """Variance of the pixels ``(ny, nx)`` farther than a distance from every pick."""
    rows, columns = np.indices(pixels.shape)
    places = np.column_stack((columns.ravel(), rows.ravel()))
    tree = cKDTree(np.column_stack((picks.x_px, picks.y_px)))
    distance, _ = tree.query(places, distance_upper_bound=distance_px)
    return float(pixels.ravel()[np.isinf(distance)].var(dtype=np.float64))


ADDED_NOISE = Study(
    name="added_noise",
    title="Apoferritin with added noise",
    about=(
        "White Gaussian noise is added to the micrographs of EMPIAR-10146, to train, validate and "
        "test alike, so that the noise between the particles has 10, 20 and 40 times its variance: "
        "the signal-to-noise ratio is divided by that. Five micrographs with all labels to train, "
        "`valid/` to validate, `test/` to test; the matched filter is the mean training particle "
        "at the same level. Matched within 20 px, without a border of half a diameter."
    ),
    version=1,
    needs=APOFERRITIN.needs("train", "valid", "test"),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("snr_divided_by", "method"),
    columns=(
        AVERAGE_PRECISION,
        BEST_F1,
        Column("training_seconds", "training, s", decimals=0, better="lower"),
    ),
    targets=(
        Target(
            "average_precision",
            {"method": "residual"},
            better_than=({"method": "matched filter"},),
        ),
    ),
)
