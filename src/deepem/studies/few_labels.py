"""How good a model is from 5 to 40 particles, clicked on a single micrograph."""

from __future__ import annotations

import time

import numpy as np

from deepem.core import Picks
from deepem.studies.harness.study import Cell, Column, Figures, Study, Target
from deepem.studies.methods.measurement import (
    AVERAGE_PRECISION,
    BEST_F1,
    F1,
    PRECISION,
    RECALL,
    compare,
    find_particles,
)
from deepem.studies.sets.data import APOFERRITIN, BETA_GALACTOSIDASE, DATA_SETS, Sources
from deepem.training import train

_QUICK_UPDATES = 40
_SETTINGS: tuple[tuple[str, int, int], ...] = (  # data set, labels, micrographs without labels
    ("apoferritin", 5, 4),
    ("apoferritin", 10, 4),
    ("apoferritin", 20, 4),
    ("apoferritin", 40, 4),
    ("apoferritin", 20, 0),
    ("beta_galactosidase", 40, 4),
)
_QUICK_SETTINGS = (("apoferritin", 20, 0),)


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    extra: Cell = {"updates": _QUICK_UPDATES} if quick else {}
    return [
        {"data_set": name, "labels": labels, "unlabelled": unlabelled, "seed": seed, **extra}
        for name, labels, unlabelled in (_QUICK_SETTINGS if quick else _SETTINGS)
        for seed in range(n_seeds)
    ]


def click(particles: Picks, n: int, *, seed: int, diameter_px: float) -> Picks:
    """The first ``n`` of the particles in a random order, without those that the edge cuts.

    With the same seed, 5 clicks are the first of 10.
    """
    whole = np.flatnonzero(particles.edge_distance_px() >= diameter_px / 2)
    order = np.random.default_rng(seed).permutation(whole)
    return particles.take(np.sort(order[:n]))


def _measure(cell: Cell, sources: Sources) -> Figures:
    data_set, seed = DATA_SETS[str(cell["data_set"])], int(cell["seed"])
    training, test = (sources.load(f"{data_set.name}/{part}") for part in ("train", "test"))
    clicks = click(
        training.picks[0], int(cell["labels"]), seed=seed, diameter_px=data_set.diameter_px
    )
    start = time.perf_counter()
    model = train(
        training.micrographs[:1],
        [clicks],
        unlabelled=training.micrographs[1 : 1 + int(cell["unlabelled"])],
        diameter_px=data_set.diameter_px,
        seed=seed,
        updates=int(cell["updates"]) if "updates" in cell else None,
    )
    seconds = time.perf_counter() - start
    found = find_particles(model, test.micrographs)
    figures = compare(
        found, test.picks, match_px=data_set.match_px, diameter_px=data_set.diameter_px
    )
    return {**figures, "training_seconds": seconds}


FEW_LABELS = Study(
    name="few_labels",
    title="A model from a few clicks",
    about=(
        "Particles are clicked at random on one training micrograph, the first by name, at least "
        "half a diameter from the edge; up to four others are given without labels. The seed is "
        "that of the clicks and of the training. Default settings of `deepem train`. Precision, "
        "recall and F1 are those of `deepem pick` with the model on the test micrographs; best F1 "
        "and average precision are over all thresholds. Matched within 20 px (apoferritin) and 15 "
        "px (beta-galactosidase), without a border of half a diameter. Training goes from the "
        "labels to the model."
    ),
    version=1,
    needs=APOFERRITIN.needs("train", "test") + BETA_GALACTOSIDASE.needs("train", "test"),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("data_set", "labels", "unlabelled"),
    columns=(
        F1,
        PRECISION,
        RECALL,
        BEST_F1,
        AVERAGE_PRECISION,
        Column("training_seconds", "training, s", decimals=0, better="lower"),
    ),
    targets=(
        Target("f1", {"data_set": "apoferritin", "labels": 5}, at_least=0.98),
        Target("f1", {"data_set": "apoferritin", "labels": 20, "unlabelled": 4}, at_least=0.987),
        Target("f1", {"data_set": "apoferritin", "labels": 20, "unlabelled": 0}, at_least=0.98),
        Target("f1", {"data_set": "beta_galactosidase"}, at_least=0.86),
        Target("training_seconds", {"data_set": "apoferritin"}, at_most=60),
        Target("training_seconds", {"data_set": "beta_galactosidase"}, at_most=90),
    ),
    n_seeds=5,
)
