"""The paper's particle: trained on two KLH micrographs, tested on the third, in turn."""

from __future__ import annotations

import time

import numpy as np

from deepem.core import Picks
from deepem.studies.data import Sources
from deepem.studies.measurement import (
    AVERAGE_PRECISION,
    BEST_F1,
    F1,
    PRECISION,
    RECALL,
    Found,
    compare,
    find_particles,
)
from deepem.studies.study import Cell, Column, Figures, Need, Study, Target
from deepem.training import train

_FOLDER = Need("data", "klh/processed")
_DIAMETER_PX = 182.0
_QUICK_UPDATES = 15


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    extra: Cell = {"updates": _QUICK_UPDATES} if quick else {}
    return [{"network": "residual", "seed": seed, **extra} for seed in range(n_seeds)]


def _measure(cell: Cell, sources: Sources) -> Figures:
    data = sources.load(_FOLDER.path)
    ignored = [_read_ignored(picks, sources) for picks in data.picks]
    candidates: list[Picks] = []
    picks: list[Picks] = []
    worse_of: list[float] = []
    seconds = []
    n_micrographs = len(data.micrographs)
    for tested in range(n_micrographs):
        others = [index for index in range(n_micrographs) if index != tested]
        start = time.perf_counter()
        model = train(
            [data.micrographs[index] for index in others],
            [data.picks[index] for index in others],
            complete=True,
            network=cell["network"],  # type: ignore[arg-type]
            diameter_px=_DIAMETER_PX,
            seed=int(cell["seed"]),
            updates=int(cell["updates"]) if "updates" in cell else None,
        )
        seconds.append(time.perf_counter() - start)
        found = find_particles(model, [data.micrographs[tested]])
        one = _compare(found, [data.picks[tested]], [ignored[tested]])
        worse_of.append(_lower(one))
        candidates += found.candidates
        picks += found.picks
    figures = _compare(Found(candidates, picks), data.picks, ignored)
    return {
        **figures,
        "lower": _lower(figures),
        "lower_worst_micrograph": min(worse_of),
        "training_seconds": float(np.mean(seconds)),
    }


def _compare(found: Found, truth: list[Picks] | tuple[Picks, ...], ignored: list[Picks]) -> Figures:
    return compare(
        found, truth, match_px=_DIAMETER_PX / 2, diameter_px=_DIAMETER_PX, ignore=ignored
    )


def _lower(figures: Figures) -> float:
    """The lower one of precision and recall; 0 where nothing was picked."""
    return float(np.nan_to_num(min(figures["precision"], figures["recall"])))


def _read_ignored(picks: Picks, sources: Sources) -> Picks:
    """Places that are neither right nor wrong: ``x y`` a line, beside the micrograph."""
    path = sources.find(_FOLDER) / f"{picks.micrograph}.ignore.txt"
    places = np.loadtxt(path, ndmin=2) if path.exists() else np.zeros((0, 2))
    return Picks(picks.micrograph, places[:, 0], places[:, 1])


KLH = Study(
    name="klh",
    title="KLH: two micrographs to learn from, one to test",
    about=(
        "Each of the three smoothed KLH micrographs is picked by a model of the two others, whose "
        "labels are given as complete; calibration and threshold come from cross-validation there. "
        "The figures are pooled over the three: precision, recall and F1 at each model's own "
        "settings, best F1 and average precision over all thresholds. Matched within half a "
        "diameter (91 px); the border of that width, and places that were marked as doubtful, "
        "count as neither right nor wrong. There are 84 particles: one is 1.2 % of recall."
    ),
    version=1,
    needs=(_FOLDER,),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("network",),
    columns=(
        PRECISION,
        RECALL,
        Column("lower", "lower of precision and recall"),
        Column("lower_worst_micrograph", "the same, worst micrograph"),
        F1,
        BEST_F1,
        AVERAGE_PRECISION,
        Column("training_seconds", "training, s", decimals=0, better="lower"),
    ),
    targets=(Target("lower", at_least=0.95),),
)
