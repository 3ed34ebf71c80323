"""How many particles it takes: training sets of 100 to 1200 particles."""

from __future__ import annotations

from functools import partial

from deepem.studies.harness.drawing import draw_against
from deepem.studies.harness.study import Cell, Column, Measured, Plot, Study, is_quick
from deepem.studies.methods.attempts import NETWORKS, attempt, measure
from deepem.studies.methods.measurement import AVERAGE_PRECISION, BEST_F1, F1, PRECISION, RECALL
from deepem.studies.sets.benchmark_sets import SIMULATED_SETS, find_needs, load_folds
from deepem.studies.sets.data import Sources

_SET = "19s_like_large"
_SIZES = (100, 400, 800, 1200)
_QUICK_UPDATES = 30


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    if quick:
        return [{"particles": 100, "network": "residual", "seed": 0, "updates": _QUICK_UPDATES}]
    return [
        {"particles": size, "network": network, "seed": seed}
        for size in _SIZES
        for network in NETWORKS
        for seed in range(n_seeds)
    ]


def _measure(cell: Cell, sources: Sources) -> Measured:
    (whole,) = load_folds(_SET, sources, is_quick=is_quick(cell))
    n = int(cell["particles"]) // SIMULATED_SETS[_SET].n_particles
    parts = whole.with_training(whole.train.take(range(n)))
    options: Cell = {"updates": cell["updates"]} if "updates" in cell else {}
    one = attempt(str(cell["network"]), parts, seed=int(cell["seed"]), options=options)
    return measure([one], [parts])


TRAINING_SIZE = Study(
    name="training_size",
    title="Size of the training set",
    about=(
        "The paper's Fig. 4: 100, 400, 800 and 1200 particles to learn from, all those of 1, 4, 8 "
        "and 12 micrographs, so that nothing on them is unlabelled; the network of boxes gets as "
        f"many negatives. {SIMULATED_SETS[_SET].about} Calibration and threshold come from "
        "two more micrographs, figures from three others, the same for all sizes. Figures as in "
        "the study of accuracy."
    ),
    version=1,
    needs=find_needs([_SET]),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("particles", "network"),
    columns=(
        PRECISION,
        RECALL,
        F1,
        Column("f2", "F2"),
        BEST_F1,
        AVERAGE_PRECISION,
        Column("training_seconds", "training, s", decimals=0, better="lower"),
    ),
    plots=(
        Plot(
            "size",
            "F2 at the model's threshold, and average precision, over the number of particles "
            "learnt from; bars from the worst to the best seed.",
            partial(
                draw_against,
                x="particles",
                ys=[("f2", "F2"), ("average_precision", "average precision")],
                line=["network"],
                x_title="particles to learn from",
            ),
        ),
    ),
)
