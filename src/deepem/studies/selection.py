"""What is left out of the picks, and what that is worth: standard deviation range and junk mask."""

from __future__ import annotations

from functools import lru_cache

from deepem.networks import Model
from deepem.picking import Picker, select
from deepem.studies.harness.study import Cell, Measured, Study, is_quick
from deepem.studies.methods.attempts import NETWORKS, Attempt, learn, measure
from deepem.studies.methods.measurement import DAMAGED, F1, JUNK, PRECISION, RECALL, Found
from deepem.studies.sets.benchmark_sets import SIMULATED_SETS, Parts, find_needs, load_folds
from deepem.studies.sets.data import Sources

_SETS = ("19s_like", "inflammasome_crowded")
_NOTHING, _RANGE, _JUNK, _BOTH = "nothing", "std range", "junk", "both"
_SELECTIONS = (_NOTHING, _RANGE, _JUNK, _BOTH)
_QUICK_UPDATES = 30


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    extra: Cell = {"updates": _QUICK_UPDATES} if quick else {}
    cells: list[Cell] = [
        {"set": name, "network": network, "seed": seed, "left_out": selection, **extra}
        for name in _SETS
        for network in NETWORKS
        for seed in range(n_seeds)
        for selection in _SELECTIONS
    ]
    return cells[:2] if quick else cells


def _measure(cell: Cell, sources: Sources) -> Measured:
    name, selection = str(cell["set"]), cell["left_out"]
    updates = int(cell["updates"]) if "updates" in cell else None
    (parts,) = load_folds(name, sources, is_quick=is_quick(cell))
    model = _train(parts, str(cell["network"]), int(cell["seed"]), updates)
    picker = Picker(
        model,
        std_range=None if selection in (_RANGE, _BOTH) else (0.0, float("inf")),
        keep_junk=selection in (_NOTHING, _RANGE),
    )
    candidates = [picker.scan(micrograph) for micrograph in parts.test.micrographs]
    picks = [select(some, picker.selection_for(parts.diameter_px)) for some in candidates]
    return measure([Attempt(Found(candidates, picks), model.header.threshold)], [parts])


@lru_cache(maxsize=1)
def _train(parts: Parts, network: str, seed: int, updates: int | None) -> Model:
    return learn(network, parts, seed=seed, options={} if updates is None else {"updates": updates})


SELECTION = Study(
    name="selection",
    title="What the selection of picks is worth",
    about=(
        "The paper's Fig. S2. The same model picks the same micrographs four times: with all picks "
        "above its threshold, without those whose box has an unusual standard deviation (the "
        "paper's selection), without those in the junk mask, and without both (the default). "
        + " ".join(SIMULATED_SETS[name].about for name in _SETS)
        + " Figures as in the study of accuracy."
    ),
    version=1,
    needs=find_needs(_SETS),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("set", "network", "left_out"),
    columns=(
        PRECISION,
        RECALL,
        F1,
        JUNK,
        DAMAGED,
    ),
)
