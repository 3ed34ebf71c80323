"""Methods on sets: the cells, the measurement and the pictures of studies that compare them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from deepem.studies.harness.drawing import draw_threshold_curves
from deepem.studies.harness.results import Result
from deepem.studies.harness.study import Cell, Measured, Plot, is_quick
from deepem.studies.methods.attempts import NETWORKS, attempt, measure
from deepem.studies.sets.benchmark_sets import load_folds
from deepem.studies.sets.data import Sources

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def make_cells(sets: Sequence[str], others: Sequence[str], n_seeds: int) -> list[Cell]:
    """Both networks with every seed, and each other method once, on every set."""
    cells: list[Cell] = []
    for name in sets:
        cells += [
            {"set": name, "method": network, "seed": seed}
            for network in NETWORKS
            for seed in range(n_seeds)
        ]
        cells += [{"set": name, "method": method} for method in others]
    return cells


def measure_cell(cell: Cell, sources: Sources) -> Measured:
    """What a method (``method``, ``seed``) finds on a set (``set``)."""
    folds = load_folds(str(cell["set"]), sources, is_quick=is_quick(cell))
    options: Cell = {"updates": cell["updates"]} if "updates" in cell else {}
    seed = int(cell.get("seed", 0))
    attempts = [attempt(str(cell["method"]), parts, seed=seed, options=options) for parts in folds]
    return measure(attempts, folds)


def _draw_set(figure: Figure, results: Sequence[Result], *, name: str) -> None:
    """Draw the curves of the methods on one set, first seed."""
    shown = [one for one in results if one.cell["set"] == name and one.cell.get("seed", 0) == 0]
    draw_threshold_curves(figure, shown, label=lambda result: str(result.cell["method"]))


def plot_sets(sets: Sequence[str]) -> tuple[Plot, ...]:
    """A picture of the curves for each set."""
    return tuple(
        Plot(
            name,
            f"{name}: precision and recall, and F2 over the threshold; dots are at the threshold "
            "of each method, first seed.",
            partial(_draw_set, name=name),
        )
        for name in sets
    )
