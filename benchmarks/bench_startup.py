"""Time of picking one small micrograph, start-up and all, against loading torch alone."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from deepem import Model, save_model, simulate_micrograph
from deepem.networks import ModelHeader, ResidualDesign, ResidualNetwork, choose_dense_scale
from deepem.simulation import make_phantom, write_scene
from machine import print_head

SHAPE = (512, 512)
PIXEL_SIZE_ANGSTROM = 2.0
WANTED_RATIO = 1.5


def make_inputs(folder: Path) -> tuple[Path, Path]:
    """A small micrograph, and an untrained model: the time does not depend on what it learnt."""
    particle = make_phantom("apoferritin")
    scene = simulate_micrograph(
        particle, shape=SHAPE, n_particles=12, pixel_size_angstrom=PIXEL_SIZE_ANGSTROM, seed=0
    )
    write_scene(scene, folder)
    design = ResidualDesign()
    header = ModelHeader(
        design=design,
        scale=choose_dense_scale(particle.diameter_angstrom / PIXEL_SIZE_ANGSTROM),
        pixel_size_angstrom=PIXEL_SIZE_ANGSTROM,
        micrograph_shape=SHAPE,
        threshold=0.5,
        std_range=(0.0, 10.0),
        training={},
        versions={},
    )
    network = ResidualNetwork(design, generator=torch.Generator().manual_seed(0))
    model = save_model(Model(network, header), folder / "m.deepem")
    (micrograph,) = folder.glob("*.mrc")
    return micrograph, model


def run(command: list[str], environment: dict[str, str]) -> float:
    """Seconds of a command."""
    start = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ended.returncode:
        sys.exit(ended.stderr)
    return time.perf_counter() - start


def time_commands(n_rounds: int) -> dict[str, list[float]]:
    """Seconds of each command in each round; the first command is the yardstick."""
    deepem = str(Path(sys.executable).with_name("deepem"))
    with tempfile.TemporaryDirectory() as folder:
        micrograph, model = make_inputs(Path(folder))
        pick = [deepem, "pick", str(micrograph), "--model", str(model), "--overwrite"]
        commands = {
            'python -c "import torch"': [sys.executable, "-c", "import torch"],
            "deepem pick, one micrograph": [*pick, "--out", str(Path(folder) / "out")],
            "deepem --help": [deepem, "--help"],
        }
        # All modules are compiled once, as where they are installed.
        environment = os.environ | {"PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for command in commands.values():
            run(command, environment)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(n_rounds):
            for name, command in commands.items():
                times[name].append(run(command, environment))
    return times


def summarise(times: dict[str, list[float]]) -> list[tuple[str, float, float, float]]:
    """Name, median and fastest seconds, and median of the ratios, of each command."""
    yardstick = next(iter(times.values()))
    return [
        (
            name,
            statistics.median(seconds),
            min(seconds),
            statistics.median(np.divide(seconds, yardstick)),
        )
        for name, seconds in times.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print_head("Starting up", f"python benchmarks/bench_startup.py --rounds {rounds}")
    print(
        f"Seconds of whole commands, one after the other in each of {rounds} rounds: the median, "
        "the fastest, and the median of the ratios within each round. The micrograph has "
        f"{SHAPE[1]} x {SHAPE[0]} pixels. Wanted: `deepem pick` in at most {WANTED_RATIO:g} x the "
        "time of loading torch.\n"
    )
    print("| command | seconds | fastest | / import torch |")
    print("|---|---|---|---|")
    for name, middle, fastest, ratio in summarise(time_commands(rounds)):
        print(f"| `{name}` | {middle:.2f} | {fastest:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
