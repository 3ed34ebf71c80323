"""Time of each stage of picking, and peak memory, by size of the micrograph.

The yardstick of each row is reading the file and one cropped Fourier transform of it by scipy,
in the same run, with the same threads.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.fft
import torch

from deepem import Model, Picker, Picks, open_micrograph, write_mrc
from deepem.networks import (
    DeepEM8,
    ModelHeader,
    choose_scale,
    design_network,
    load_model,
    save_model,
)
from deepem.picking import find_peaks, scan
from deepem.preprocessing import prepare
from machine import print_head

SIZES = (1024, 2048, 4096, 8192)
DIAMETER_PX = 64


def make_inputs(folder: Path, size: int) -> tuple[Path, Path]:
    """A noise micrograph and an untrained model: the time does not depend on what they hold."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(size, size)).astype(np.float32)
    micrograph = write_mrc(folder / f"mic_{size}.mrc", pixels, overwrite=True)
    scale = choose_scale(DIAMETER_PX)
    design = design_network(scale.box_size)
    header = ModelHeader(
        design=design,
        scale=scale,
        micrograph_shape=(size, size),
        threshold=0.5,
        std_range=(0.0, 10.0),
        training={},
        versions={},
    )
    network = DeepEM8(design, generator=torch.Generator().manual_seed(0))
    return micrograph, save_model(Model(network, header), folder / "m.deepem", overwrite=True)


def time_stages(path: Path, model_path: Path) -> dict[str, float]:
    """Seconds of each stage, best of three."""
    model = load_model(model_path)
    scale, threads = model.header.scale, torch.get_num_threads()
    best: dict[str, float] = {}

    def clock(name: str, start: float) -> None:
        best[name] = min(best.get(name, np.inf), time.perf_counter() - start)

    for _ in range(3):
        start = time.perf_counter()
        pixels = np.array(open_micrograph(path).pixels(), dtype=np.float32)
        clock("read", start)
        start = time.perf_counter()
        spectrum = scipy.fft.rfft2(pixels, workers=threads)
        kept = int(pixels.shape[0] / scale.factor)
        half = kept // 2
        cropped = np.concatenate([spectrum[:half, : half + 1], spectrum[-half:, : half + 1]])
        scipy.fft.irfft2(cropped, workers=threads)
        clock("one Fourier crop", start)
        del pixels, spectrum, cropped
        start = time.perf_counter()
        image = prepare(
            open_micrograph(path), factor=scale.factor, box_size=scale.box_size, workers=threads
        )
        clock("read and prepare", start)
        start = time.perf_counter()
        score_map = scan(model.network, image, box_size=scale.box_size)
        clock("scan", start)
        start = time.perf_counter()
        find_peaks(score_map.scores, min_distance=0.8 * DIAMETER_PX / score_map.frame.step_px[0])
        clock("peaks", start)
        start = time.perf_counter()
        picks: Picks = Picker(model).pick(open_micrograph(path))
        clock("whole", start)
        del picks
    return best


def measure_memory(path: Path, model_path: Path) -> float:
    """Peak memory in MB of a process that picks one micrograph."""
    command = [sys.executable, __file__, "--memory-of", str(path), str(model_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(result.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory-of", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        path, model_path = arguments.memory_of
        Picker(load_model(model_path)).pick(open_micrograph(path))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    print_head("Picking: time and memory by size", "python benchmarks/bench_picking.py")
    print(
        f"Float32 noise, particle diameter {DIAMETER_PX} px, default settings (binned twice, four "
        "orientations). Seconds, best of three; memory is the peak of a whole process.\n"
    )
    stages = ("read", "one Fourier crop", "read and prepare", "scan", "peaks", "whole")
    print(f"| size | {' | '.join(stages)} | whole / (read + crop) | peak memory, MB |")
    print("|---" * (len(stages) + 3) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path, model_path = make_inputs(Path(folder), size)
            best = time_stages(path, model_path)
            ratio = best["whole"] / (best["read"] + best["one Fourier crop"])
            memory = measure_memory(path, model_path)
            times = " | ".join(f"{best[stage]:.3f}" for stage in stages)
            print(f"| {size} | {times} | {ratio:.1f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
