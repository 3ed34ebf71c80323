"""What the learning cycle brings: trained again on its mistakes, turn by turn."""

from __future__ import annotations

import tempfile
from functools import lru_cache, partial
from pathlib import Path

from deepem.io import find_micrographs, open_micrograph, write_mrc
from deepem.networks import Model
from deepem.studies.harness.drawing import draw_against
from deepem.studies.harness.study import Cell, Measured, Plot, Study
from deepem.studies.methods.attempts import NETWORKS, attempt, attempt_model, measure
from deepem.studies.methods.measurement import (
    AVERAGE_PRECISION,
    DAMAGED,
    F1,
    JUNK,
    PRECISION,
    RECALL,
)
from deepem.studies.sets.benchmark_sets import SIMULATED_SETS, find_needs, load_folds
from deepem.studies.sets.data import Labelled, Sources
from deepem.training import train_in_cycles

_SET = "19s_like"
_MISTAKES, _AT_ONCE = "turn by turn", "at once"
_N_TURNS = 2
_QUICK_UPDATES = 10


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    extra: Cell = {"updates": _QUICK_UPDATES} if quick else {}
    return [
        {"network": network, "learnt": way, "turn": turn, "seed": seed, **extra}
        for network in NETWORKS[: 1 if quick else None]
        for seed in range(n_seeds)
        for way in (_MISTAKES, _AT_ONCE)
        for turn in range(1 if way == _AT_ONCE else 0, _N_TURNS + 1)
    ][: 3 if quick else None]


def _measure(cell: Cell, sources: Sources) -> Measured:
    (parts,) = load_folds(_SET, sources)
    network, seed, turn = str(cell["network"]), int(cell["seed"]), int(cell["turn"])
    updates = int(cell["updates"]) if "updates" in cell else None
    turns = _run_cycle(sources, network, seed, updates)
    if cell["learnt"] == _MISTAKES:
        return measure([attempt_model(turns[turn][0], parts)], [parts])
    names = {name for _, learnt in turns[: turn + 1] for name in learnt}
    known = [n for n, one in enumerate(parts.train.micrographs) if one.name in names]
    parts = parts.with_training(parts.train.take(known))
    options: Cell = {} if updates is None else {"updates": updates}
    return measure([attempt(network, parts, seed=seed, options=options)], [parts])


@lru_cache(maxsize=1)
def _run_cycle(
    sources: Sources, network: str, seed: int, updates: int | None
) -> list[tuple[Model, tuple[str, ...]]]:
    """The model after each turn, and the names of the micrographs that were new in it."""
    (parts,) = load_folds(_SET, sources)
    with tempfile.TemporaryDirectory() as folder:
        training = _write(parts.train, Path(folder))
        trained = train_in_cycles(
            training.micrographs,
            training.picks,
            training_set=Path(folder) / "set",
            n_cycles=_N_TURNS,
            valid_micrographs=parts.valid.micrographs,
            valid_picks=parts.valid.picks,
            diameter_px=parts.diameter_px,
            network=network,
            seed=seed,
            updates=updates,
        )
    return [(cycle.model, cycle.learnt) for cycle in trained.cycles]


def _write(labelled: Labelled, folder: Path) -> Labelled:
    """The same micrographs as files, which a training set needs."""
    for micrograph in labelled.micrographs:
        write_mrc(
            folder / f"{micrograph.name}.mrc",
            micrograph.pixels(),
            pixel_size_angstrom=micrograph.pixel_size_angstrom,
        )
    files = {file.name: file for file in find_micrographs(folder)}
    opened = tuple(open_micrograph(files[one.name]) for one in labelled.micrographs)
    return Labelled(opened, labelled.picks)


LEARNING_CYCLE = Study(
    name="learning_cycle",
    title="The learning cycle",
    about=(
        "The paper's Fig. S3. The first training is on two of four micrographs, with negatives at "
        "random places. In each of two turns the model picks a micrograph that it has not seen, "
        "its true and false picks and what it missed go into the training set, and training goes "
        f"on from its weights. «{_AT_ONCE}» is one training from new weights on the same "
        "micrographs that were known at that turn, without the mistakes: what the cycle has to "
        f"beat. {SIMULATED_SETS[_SET].about} Figures as in the study of accuracy."
    ),
    version=1,
    needs=find_needs([_SET]),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("network", "learnt", "turn"),
    columns=(
        PRECISION,
        RECALL,
        F1,
        AVERAGE_PRECISION,
        JUNK,
        DAMAGED,
    ),
    plots=(
        Plot(
            "turns",
            "F1 at the model's threshold, and junk picked for each micrograph, turn by turn.",
            partial(
                draw_against,
                x="turn",
                ys=[("f1", "F1"), ("junk_per_micrograph", "junk picked")],
                line=("network", "learnt"),
                x_title="turn",
            ),
        ),
    ),
)
