"""How the threshold is chosen from the F2 curve: figures on the test set, by margin.

The margin is how far below the highest F2 still counts as best; of all such thresholds the
highest is taken. 0 is the plain maximum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import deepem
from deepem import Selection
from deepem.evaluation import best_threshold
from machine import print_head
from real_data import load

MARGINS = (0.0, 0.0025, 0.005, 0.01)


@dataclass(frozen=True)
class DataSet:
    """A real set, the distance of a match in pixels, and the seeds to train with."""

    folder: str
    match_px: float
    seeds: tuple[int, ...]


DATA_SETS = (
    DataSet("apoferritin", 20, (0, 1, 2, 3, 4)),
    DataSet("beta_galactosidase", 15, (0,)),
)


def main() -> None:
    print_head("The margin of the threshold", "python benchmarks/bench_threshold.py")
    print(
        "Recipe `paper`, default settings; thresholds from `valid/`, figures on `test/`. Particles "
        "and picks within half a diameter of the edge do not count.\n"
    )
    print("| set | seed | margin | threshold | precision | recall | F1 | F2 | average precision |")
    print("|---" * 9 + "|")
    for data_set in DATA_SETS:
        figures = np.array([measure(data_set, seed) for seed in data_set.seeds])
        if len(figures) == 1:
            continue
        for margin, row in zip(MARGINS, figures.mean(axis=0), strict=True):
            print(f"| {data_set.folder} | mean | {margin} | {format_row(row)} |", flush=True)


def measure(data_set: DataSet, seed: int) -> list[list[float]]:
    """Train once and print and return the figures at each margin."""
    train, train_picks = load(f"{data_set.folder}/train")
    valid, valid_picks = load(f"{data_set.folder}/valid")
    test, truth = load(f"{data_set.folder}/test")
    model = deepem.train(
        train,
        train_picks,
        network="deepem8",
        valid_micrographs=valid,
        valid_picks=valid_picks,
        seed=seed,
    )
    picker = deepem.Picker(model)
    radius_px = model.header.scale.diameter_px / 2
    any_score = Selection(std_range=model.header.std_range)
    found = [deepem.select(picker.scan(micrograph), any_score) for micrograph in valid]
    curve = deepem.evaluate(
        found, valid_picks, max_distance_px=radius_px, edge_margin_px=radius_px
    ).curve
    candidates = [deepem.select(picker.scan(micrograph), any_score) for micrograph in test]
    rows = []
    for margin in MARGINS:
        threshold = best_threshold(curve, beta=2, tolerance=margin)
        result = deepem.evaluate(
            candidates,
            truth,
            max_distance_px=data_set.match_px,
            edge_margin_px=radius_px,
            threshold=threshold,
        )
        figures = [result.precision, result.recall, result.f1, result.f2, result.average_precision]
        rows.append([threshold, *figures])
        print(f"| {data_set.folder} | {seed} | {margin} | {format_row(rows[-1])} |", flush=True)
    return rows


def format_row(row: list[float]) -> str:
    return " | ".join(f"{value:.4f}" for value in row)


if __name__ == "__main__":
    main()
