"""How good a model is from five labelled micrographs, and whether its probabilities hold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from deepem.core import Picks
from deepem.evaluation import evaluate, match_picks
from deepem.evaluation.expectation import expect
from deepem.evaluation.reliability import measure_reliability
from deepem.networks import Model
from deepem.picking import Selection, select
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

_NETWORKS = ("residual", "deepem8")
_QUICK_LENGTH: dict[str, Cell] = {"residual": {"updates": 60}, "deepem8": {"epochs": 1}}


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    return [
        {
            "data_set": name,
            "network": network,
            "seed": seed,
            **(_QUICK_LENGTH[network] if quick else {}),
        }
        for name in ((APOFERRITIN.name,) if quick else DATA_SETS)
        for network in _NETWORKS
        for seed in range(n_seeds)
    ]


def _measure(cell: Cell, sources: Sources) -> Figures:
    data_set = DATA_SETS[str(cell["data_set"])]
    training, valid, test = (
        sources.load(f"{data_set.name}/{part}") for part in ("train", "valid", "test")
    )
    options: dict[str, Any] = {name: cell[name] for name in ("updates", "epochs") if name in cell}
    start = time.perf_counter()
    model = train(
        training.micrographs,
        training.picks,
        valid_micrographs=valid.micrographs,
        valid_picks=valid.picks,
        network=cell["network"],  # type: ignore[arg-type]
        diameter_px=data_set.diameter_px,
        seed=int(cell["seed"]),
        **options,
    )
    seconds = time.perf_counter() - start
    found = find_particles(model, test.micrographs)
    return {
        **compare(found, test.picks, match_px=data_set.match_px, diameter_px=data_set.diameter_px),
        **check_probabilities(
            model, found.candidates, test.picks, diameter_px=data_set.diameter_px
        ),
        "training_seconds": seconds,
    }


def check_probabilities(
    model: Model, candidates: Sequence[Picks], truth: Sequence[Picks], *, diameter_px: float
) -> Figures:
    """How far calibrated scores are from what they promise, where the truth is known.

    As in the calibration, candidates in junk or outside the standard deviation range are left out,
    matching is within half a diameter, and so wide a border does not count.
    """
    radius_px = diameter_px / 2
    selection = Selection(std_range=model.header.std_range)
    within = [select(some, selection) for some in candidates]
    matchings = [
        match_picks(some, true, max_distance_px=radius_px, edge_margin_px=radius_px)
        for some, true in zip(within, truth, strict=True)
    ]
    threshold = model.header.threshold
    inside = [some.take(some.edge_distance_px() >= radius_px) for some in within]
    expected = expect(inside).at(threshold)
    measured = evaluate(
        within, truth, max_distance_px=radius_px, edge_margin_px=radius_px, threshold=threshold
    )
    return {
        "calibration_error": measure_reliability(matchings).expected_calibration_error,
        "expected_precision": expected.precision,
        "measured_precision": measured.precision,
        "expected_recall": expected.recall,
        "measured_recall": measured.recall,
    }


FULL_LABELS = Study(
    name="full_labels",
    title="A model from five labelled micrographs",
    about=(
        "Five training micrographs with all their labels; calibration and threshold from `valid/`, "
        "figures from `test/`. Precision, recall and F1 are those of `deepem pick` with the model; "
        "best F1 and average precision are over all thresholds. Matched within 20 px (apoferritin) "
        "and 15 px (beta-galactosidase), without a border of half a diameter. The calibration "
        "error (mean distance of probability and frequency, ten bins) and what is expected of the "
        "picks without labels are compared with the labels as in the calibration: matched within "
        "half a diameter, without junk and boxes of unusual deviation. Expected recall is relative "
        "to the particles among the candidates."
    ),
    version=1,
    needs=APOFERRITIN.needs("train", "valid", "test")
    + BETA_GALACTOSIDASE.needs("train", "valid", "test"),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("data_set", "network"),
    columns=(
        F1,
        PRECISION,
        RECALL,
        BEST_F1,
        AVERAGE_PRECISION,
        Column("training_seconds", "training, s", decimals=0, better="lower"),
        Column("calibration_error", "calibration error", decimals=4, better="lower"),
        Column("expected_precision", "expected precision", better=None),
        Column("measured_precision", "measured precision", better=None),
        Column("expected_recall", "expected recall", better=None),
        Column("measured_recall", "measured recall", better=None),
    ),
    targets=(
        Target("f1", {"data_set": "apoferritin", "network": "residual"}, at_least=0.99),
        Target(
            "average_precision", {"data_set": "apoferritin", "network": "residual"}, at_least=0.997
        ),
        Target("training_seconds", {"data_set": "apoferritin", "network": "residual"}, at_most=60),
        Target("f1", {"data_set": "beta_galactosidase", "network": "residual"}, at_least=0.90),
    ),
)
