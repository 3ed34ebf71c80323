"""The paper's KLH network, unbinned, trained and tested on real KLH micrographs.

Trains on two of the three micrographs and tests on the third. Also compares one update by direct
and by Fourier convolution.
"""

from __future__ import annotations

import argparse
import time
from unittest.mock import patch

import numpy as np
import torch

import deepem
from deepem.networks import PRESETS, DeepEM8
from deepem.training import TrainingSettings
from deepem.training.loop import fit
from deepem.training.samples import Samples
from machine import print_head
from real_data import DATA, load

TEST = "KLH_003"
DIAMETER_PX = 182


def time_update() -> float:
    """Seconds of one update with a batch of 50 unbinned boxes."""
    design = PRESETS["klh"].design
    rng = np.random.default_rng(0)
    boxes = rng.normal(size=(50, design.box_size, design.box_size)).astype(np.float32)
    samples = Samples(boxes, np.repeat(np.array([1, 0], np.float32), 25))
    held_out = Samples(boxes[:1], np.ones(1, np.float32))
    network = DeepEM8(design, generator=torch.Generator().manual_seed(0))
    start = time.perf_counter()
    fit(network, samples, held_out, settings=TrainingSettings(epochs=1))  # four updates
    return (time.perf_counter() - start) / 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="default: what recipe paper says")
    epochs = parser.parse_args().epochs
    option = f" --epochs {epochs}" if epochs else ""
    print_head("KLH, unbinned, the paper's network", f"python benchmarks/bench_klh.py{option}")
    fourier = time_update()
    with patch("deepem.networks.fft_convolution.is_fourier_faster", lambda kernels: False):
        direct = time_update()
    print(
        f"One update with 50 boxes of 272 px: {fourier:.2f} s by Fourier convolution, "
        f"{direct:.1f} s by direct convolution, {direct / fourier:.0f} times as long.\n"
    )

    opened, picks = load("klh/processed")
    micrographs = {micrograph.name: micrograph for micrograph in opened}
    labels = {particles.micrograph: particles for particles in picks}
    names = [name for name in micrographs if name != TEST]
    start = time.perf_counter()
    model = deepem.train(
        [micrographs[name] for name in names],
        [labels[name] for name in names],
        preset="klh",
        diameter_px=DIAMETER_PX,
        epochs=epochs,
    )
    trained = time.perf_counter() - start
    record = model.header.training
    print(
        f"Training on {', '.join(names)}: {record['n_positives']} + {record['n_negatives']} boxes "
        f"in four orientations, {record['epochs']} epochs, {trained / 60:.1f} minutes; accuracy on "
        f"held-out boxes {record['held_out_accuracy']:.3f}.\n"
    )
    start = time.perf_counter()
    candidates = deepem.Picker(model, threshold=0).pick(micrographs[TEST])
    picked = time.perf_counter() - start
    ignored = np.loadtxt(DATA / "klh" / "processed" / f"{TEST}.ignore.txt", ndmin=2)
    result = deepem.evaluate(
        candidates,
        labels[TEST],
        max_distance_px=DIAMETER_PX / 2,
        edge_margin_px=DIAMETER_PX / 2,
        ignore=deepem.Picks(TEST, ignored[:, 0], ignored[:, 1]),
        threshold=model.header.threshold,
    )
    print(
        f"{TEST}: {picked:.1f} s with reading; {result.n_truth} particles, precision "
        f"{result.precision:.3f}, recall {result.recall:.3f}, average precision "
        f"{result.average_precision:.3f}, best F1 {result.curve.f_beta(1).max():.3f}, matched "
        f"within {DIAMETER_PX / 2:.0f} px, threshold {model.header.threshold:.3f} from the "
        f"{record['threshold_from']}."
    )


if __name__ == "__main__":
    main()
