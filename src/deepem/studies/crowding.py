"""Crowded top views with ice and overlaps, and sparse side views of low contrast."""

from __future__ import annotations

from deepem.studies.harness.study import Cell, Column, Study, Target
from deepem.studies.methods.attempts import CLASSICAL
from deepem.studies.methods.comparison import make_cells, measure_cell, plot_sets
from deepem.studies.methods.measurement import (
    AVERAGE_PRECISION,
    BEST_F1,
    DAMAGED,
    F1,
    JUNK,
    PRECISION,
    RECALL,
)
from deepem.studies.sets.benchmark_sets import SIMULATED_SETS, find_needs

_SETS = ("inflammasome_crowded", "26s_sparse")
_QUICK_UPDATES = 30


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    if quick:
        quick_cell: Cell = {"set": _SETS[1], "method": "residual", "updates": _QUICK_UPDATES}
        return [{**quick_cell, "seed": 0}]
    return make_cells(_SETS, CLASSICAL, n_seeds)


CROWDING = Study(
    name="crowding",
    title="Crowded top views, sparse side views",
    about=(
        "The paper's Fig. 5. "
        + " ".join(SIMULATED_SETS[name].about for name in _SETS)
        + " Methods and figures as in the study of accuracy. «recall of overlapping» is that of "
        "the particles with another one nearer than a diameter."
    ),
    version=1,
    needs=find_needs(_SETS),
    make_cells=_make_cells,
    measure=measure_cell,
    group_by=("set", "method"),
    columns=(
        PRECISION,
        RECALL,
        F1,
        BEST_F1,
        AVERAGE_PRECISION,
        JUNK,
        DAMAGED,
        Column("recall_of_overlapping", "recall of overlapping"),
        Column("picking_seconds", "picking, s", decimals=2, better="lower"),
    ),
    targets=(
        Target("junk_per_micrograph", {"method": "residual"}, at_most=2),
        Target(
            "average_precision",
            {"method": "residual"},
            better_than=[{"method": method} for method in CLASSICAL],
        ),
    ),
    plots=plot_sets(_SETS),
)
