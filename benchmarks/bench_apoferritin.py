"""Accuracy and time of recipe ``paper`` on the real apoferritin set, by seed.

Trains on ``train/``, takes the threshold from ``valid/`` and the figures from ``test/``.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import deepem
from machine import print_head
from real_data import load

MATCH_PX = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    seeds = parser.parse_args().seeds
    listed = " ".join(map(str, seeds))
    print_head("Apoferritin", f"python benchmarks/bench_apoferritin.py --seeds {listed}")
    train, train_picks = load("apoferritin/train")
    valid, valid_picks = load("apoferritin/valid")
    test, truth = load("apoferritin/test")
    n_labels = [sum(map(len, picks)) for picks in (train_picks, valid_picks, truth)]
    print(
        "EMPIAR-10146, labels of the AutoCryoPicker study. Recipe `paper`, default settings. "
        f"Labels: {n_labels[0]} to train, {n_labels[1]} to validate, {n_labels[2]} to test. "
        f"Matched one to one within {MATCH_PX} px; particles and picks within half a diameter "
        "(32 px) of the edge do not count. Average precision is over all candidates, the other "
        "figures are at the model's threshold. Picking time includes reading.\n"
    )
    head = ("seed", "threshold", "precision", "recall", "F1", "F2", "average precision")
    print(f"| {' | '.join(head)} | best F1 | training, s | picking, s per micrograph |")
    print("|---" * (len(head) + 3) + "|")
    rows = []
    for seed in seeds:
        start = time.perf_counter()
        model = deepem.train(
            train,
            train_picks,
            network="deepem8",
            valid_micrographs=valid,
            valid_picks=valid_picks,
            seed=seed,
        )
        trained = time.perf_counter() - start
        picker = deepem.Picker(model, threshold=0)
        picker.pick(test[0])  # the first one warms up
        start = time.perf_counter()
        candidates = [picker.pick(micrograph) for micrograph in test]
        picked = (time.perf_counter() - start) / len(test)
        result = deepem.evaluate(
            candidates,
            truth,
            max_distance_px=MATCH_PX,
            edge_margin_px=model.header.scale.diameter_px / 2,
            threshold=model.header.threshold,
        )
        figures = (result.precision, result.recall, result.f1, result.f2, result.average_precision)
        row = (model.header.threshold, *figures, result.curve.f_beta(1).max(), trained, picked)
        rows.append(row)
        print(f"| {seed} | {format_row(row)} |", flush=True)
    print(f"| mean | {format_row(tuple(np.mean(rows, axis=0)))} |")


def format_row(row: tuple[float, ...]) -> str:
    *figures, trained, picked = row
    return " | ".join([*(f"{value:.4f}" for value in figures), f"{trained:.0f}", f"{picked:.2f}"])


if __name__ == "__main__":
    main()
