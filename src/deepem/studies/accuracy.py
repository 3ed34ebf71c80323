"""How good the methods are on the paper's kinds of micrographs and on real ones, peers included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from deepem.studies.harness.drawing import draw_threshold_curves
from deepem.studies.harness.results import Result
from deepem.studies.harness.study import Cell, Column, Measured, Plot, Study, Target
from deepem.studies.methods.attempts import CLASSICAL, NETWORKS, attempt, measure
from deepem.studies.methods.measurement import (
    AVERAGE_PRECISION,
    BEST_F1,
    DAMAGED,
    F1,
    JUNK,
    PRECISION,
    RECALL,
)
from deepem.studies.methods.programs import PROGRAMS
from deepem.studies.sets.benchmark_sets import REAL_SETS, SIMULATED_SETS, find_needs, load_folds
from deepem.studies.sets.data import Sources

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIMULATED = ("klh_like", "19s_like")
_SETS = (*_SIMULATED, *REAL_SETS)
_QUICK: Cell = {"updates": 30}


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    if quick:
        return [
            {"set": "19s_like", "method": "residual", "seed": 0, **_QUICK},
            {"set": "19s_like", "method": "templates"},
        ]
    cells: list[Cell] = []
    for name in _SETS:
        cells += [
            {"set": name, "method": network, "seed": seed}
            for network in NETWORKS
            for seed in range(n_seeds)
        ]
        cells += [{"set": name, "method": method} for method in (*CLASSICAL, *PROGRAMS)]
    return cells


def measure_cell(cell: Cell, sources: Sources) -> Measured:
    """What a method (``method``, ``seed``) finds on a set (``set``)."""
    folds = load_folds(str(cell["set"]), sources, is_quick=bool(cell.get("quick")))
    options: Cell = {"updates": cell["updates"]} if "updates" in cell else {}
    seed = int(cell.get("seed", 0))
    attempts = [attempt(str(cell["method"]), parts, seed=seed, options=options) for parts in folds]
    return measure(attempts, folds)


def draw_set(figure: Figure, results: Sequence[Result], *, name: str) -> None:
    """Draw the curves of the methods on one set, first seed."""
    shown = [one for one in results if one.cell["set"] == name and one.cell.get("seed", 0) == 0]
    draw_threshold_curves(figure, shown, label=lambda result: str(result.cell["method"]))


ACCURACY = Study(
    name="accuracy",
    title="Accuracy, beside other pickers",
    about=(
        "The paper's Fig. 3e, f and S4. "
        + " ".join(SIMULATED_SETS[name].about for name in _SIMULATED)
        + " Apoferritin and beta-galactosidase: five micrographs to learn from, `valid/` for the "
        "threshold, `test/` for the figures; KLH: each of three micrographs is tested with what "
        "the two others teach, pooled. «residual» and «deepem8» (the paper's network and recipe) "
        "are trained with the particles as complete labels and pick at their own threshold. The "
        "others get the same micrographs and labels: «templates» are averages of aligned training "
        "particles in many rotations, «matched filter» is one round average, «LoG» the Laplacian "
        "of Gaussian at the size that is best on the training particles, the rest are other "
        "programs by their own command lines: RELION 3.1 with the mean particle as reference, or "
        "by blobs of 0.9 to 1.1 diameters; Topaz with its pretrained resnet16, and with resnet8 "
        "after 200 updates (its default of 10,000 takes hours here), at a binning that leaves 21 "
        "pixels a diameter; ASPIRE's APPLE picker, whose picks have no scores. RELION picks "
        "nothing within half a box of the edge, so it cannot find all that counts here. Their "
        "threshold is where F2 is highest on the validation micrographs (KLH: on the training "
        "micrographs). Precision, recall and F1 are those at the threshold; best F1 and average "
        "precision are over all thresholds, of all candidates. Matched within half a diameter "
        "(apoferritin 20 px, beta-galactosidase 15 px), without a border of half a diameter. "
        "«junk picked» counts the picks on ice crystals, contaminants, aggregates and carbon, "
        "«damaged picked» those on broken and empty particles, for each micrograph; both are "
        "false picks in the precision too. «picking» is seconds for a micrograph: of ours in "
        "memory, of other programs with start, reading and writing."
    ),
    version=1,
    needs=find_needs(_SETS),
    make_cells=_make_cells,
    measure=measure_cell,
    group_by=("set", "method"),
    columns=(
        PRECISION,
        RECALL,
        Column("lower", "lower of both"),
        F1,
        BEST_F1,
        AVERAGE_PRECISION,
        JUNK,
        DAMAGED,
        Column("threshold", "threshold", better=None),
        Column("training_seconds", "training, s", decimals=0, better="lower"),
        Column("picking_seconds", "picking, s", decimals=2, better="lower"),
    ),
    targets=(
        Target("lower", {"set": "klh_like", "method": "residual"}, at_least=0.95),
        Target("lower", {"set": "19s_like", "method": "residual"}, at_least=0.90),
        *(
            Target("junk_per_micrograph", {"set": name, "method": "residual"}, at_most=2)
            for name in _SIMULATED
        ),
        Target("lower", {"set": "klh", "method": "residual"}, at_least=0.95),
        *(
            Target(
                figure,
                {"method": "residual"},
                better_than=[{"method": method} for method in (*CLASSICAL, *PROGRAMS)],
            )
            for figure in ("average_precision", "picking_seconds")
        ),
    ),
    plots=tuple(
        Plot(
            name,
            f"{name}: precision and recall, and F2 over the threshold; dots are at the threshold "
            "of each method, first seed.",
            partial(draw_set, name=name),
        )
        for name in _SETS
    ),
)
