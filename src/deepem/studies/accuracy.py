"""How good the methods are on the paper's kinds of micrographs and on real ones, peers included."""

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
from deepem.studies.methods.programs import PROGRAMS
from deepem.studies.sets.benchmark_sets import REAL_SETS, SIMULATED_SETS, find_needs

_SIMULATED = ("klh_like", "19s_like")
_SETS = (*_SIMULATED, *REAL_SETS)
_QUICK: Cell = {"updates": 30}


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    if quick:
        return [
            {"set": "19s_like", "method": "residual", "seed": 0, **_QUICK},
            {"set": "19s_like", "method": "templates"},
        ]
    return make_cells(_SETS, (*CLASSICAL, *PROGRAMS), n_seeds)


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
    plots=plot_sets(_SETS),
)
