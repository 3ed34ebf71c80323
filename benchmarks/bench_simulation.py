"""The simulator: time per micrograph, and whether noise and nuisances are what was asked for."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from deepem.simulation import (
    NUISANCE_LEVELS,
    DensityMap,
    Noise,
    Nuisances,
    Projectable,
    Scene,
    Specimen,
    make_phantom,
    simulate_micrograph,
)
from machine import print_head

N_PARTICLES, SIDE, DIAMETER_PX = 80, 1024, 50
N_SEEDS = 5
SCENES = {
    "particles and white noise": {},
    "with noise of the ice": {"noise": Noise(solvent_fraction=0.3)},
    "counted electrons": {"noise": Noise(dose_per_angstrom2=40)},
    "some nuisances": {"nuisances": NUISANCE_LEVELS["some"]},
    "many nuisances": {"nuisances": NUISANCE_LEVELS["many"]},
    "many nuisances, ice, electrons": {
        "nuisances": NUISANCE_LEVELS["many"],
        "noise": Noise(dose_per_angstrom2=40, solvent_fraction=0.3),
    },
}


def main() -> None:
    print_head("The simulator", "OMP_NUM_THREADS=1 python benchmarks/bench_simulation.py")
    specimens = {
        "ribosome": make_phantom("ribosome"),
        "apoferritin": make_phantom("apoferritin"),
        "map of the ribosome": rasterise(make_phantom("ribosome"), voxel_angstrom=5.0),
    }
    print_times(specimens)
    print_ratios(specimens["ribosome"])
    print_strengths(specimens)


def print_times(specimens: dict[str, Projectable]) -> None:
    print("## Time\n")
    print(
        f"Seconds per micrograph of {SIDE} x {SIDE} pixels with {N_PARTICLES} particles of "
        f"{DIAMETER_PX} px, least of three; last column: 4096 x 4096, 300 particles of 150 px, "
        "once.\n"
    )
    print("| scene | " + " | ".join(specimens) + " | ribosome, 4096 x 4096 |")
    print("|---" * (len(specimens) + 2) + "|")
    for name, options in SCENES.items():
        cells = []
        for specimen in specimens.values():
            times = []
            for _ in range(3):
                start = time.perf_counter()
                simulate(specimen, **options)
                times.append(time.perf_counter() - start)
            cells.append(f"{min(times):.2f}")
        start = time.perf_counter()
        simulate(specimens["ribosome"], side=4096, n_particles=300, diameter_px=150, **options)
        cells.append(f"{time.perf_counter() - start:.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def print_ratios(specimen: Projectable) -> None:
    print("## Signal-to-noise ratio\n")
    print(
        "Measured: variance of the clean particles in their boxes over variance of what is not in "
        f"the clean micrograph, ribosome without nuisances, mean and range of {N_SEEDS} seeds.\n"
    )
    print("| noise | foreseen | measured |")
    print("|---" * 3 + "|")
    pixel_size = specimen.diameter_angstrom / DIAMETER_PX
    for noise in (
        Noise(snr=0.02),
        Noise(snr=0.1),
        Noise(snr=0.1, solvent_fraction=0.5),
        Noise(dose_per_angstrom2=1),
        Noise(dose_per_angstrom2=1, solvent_fraction=0.5),
    ):
        ratios = [measure_ratio(simulate(specimen, seed=s, noise=noise)) for s in range(N_SEEDS)]
        label = f"SNR {noise.snr:g}" if noise.snr else f"{noise.dose_per_angstrom2:g} electrons/Å²"
        if noise.solvent_fraction:
            label += f", {noise.solvent_fraction:.0%} from the ice"
        print(
            f"| {label} | {noise.expected_snr(pixel_size):.4f} | {np.mean(ratios):.4f} "
            f"({min(ratios):.4f}–{max(ratios):.4f}) |"
        )
    print()


def measure_ratio(scene: Scene) -> float:
    half = scene.truth.box_size_px // 2
    centres = np.rint(np.column_stack([scene.truth.x_px, scene.truth.y_px])).astype(int)
    signal = [
        scene.clean[max(y - half, 0) : y + half, max(x - half, 0) : x + half].var()
        for x, y in centres
    ]
    return float(np.mean(signal) / (scene.micrograph.pixels() - scene.clean).var())


def print_strengths(specimens: dict[str, Projectable]) -> None:
    print("## Strength of the nuisances\n")
    print(
        "Mean contrast in the area, and its deviation there, in standard deviations of the clean "
        f"particles in their boxes, mean of {N_SEEDS} seeds; at a ratio of 0.05 the noise has 4.5 "
        "of these.\n"
    )
    print("| kind | " + " | ".join(f"{name}: mean, deviation" for name in specimens) + " |")
    print("|---" * (len(specimens) + 1) + "|")
    kinds = {
        "carbon": Nuisances(carbon_fraction=0.15),
        "ice_crystals": Nuisances(ice_crystals=4),
        "contaminants": Nuisances(contaminants=10),
        "aggregates": Nuisances(aggregates=3),
    }
    for kind, nuisances in kinds.items():
        cells = []
        for specimen in specimens.values():
            values = []
            for seed in range(N_SEEDS):
                scene = simulate(specimen, seed=seed, nuisances=nuisances, noise=Noise(snr=1))
                unit = np.sqrt(scene.snr) * (scene.micrograph.pixels() - scene.clean).std()
                inside = scene.clean[scene.masks[kind]] / unit
                values.append((inside.mean(), inside.std()))
            mean, deviation = np.mean(values, axis=0)
            cells.append(f"{mean:.1f}, {deviation:.1f}")
        print(f"| {kind.replace('_', ' ')} | " + " | ".join(cells) + " |")


def simulate(
    specimen: Projectable,
    *,
    seed: int = 0,
    side: int = SIDE,
    n_particles: int = N_PARTICLES,
    diameter_px: float = DIAMETER_PX,
    noise: Noise | None = None,
    nuisances: Nuisances = NUISANCE_LEVELS["none"],
) -> Scene:
    return simulate_micrograph(
        specimen,
        n_particles=n_particles,
        pixel_size_angstrom=specimen.diameter_angstrom / diameter_px,
        seed=seed,
        shape=(side, side),
        noise=noise,
        nuisances=nuisances,
    )


def rasterise(specimen: Specimen, *, voxel_angstrom: float) -> DensityMap:
    """The beads as a density on a grid."""
    n = 2 * int(np.ceil(specimen.extent_angstrom / voxel_angstrom / 2)) + 2
    grid = (np.arange(n) - n // 2) * voxel_angstrom
    x, y, z = (profile(grid, specimen, axis) for axis in range(3))
    density = np.einsum("zb,yb,xb->zyx", z, y, x, optimize=True).astype(np.float32)
    return DensityMap(specimen.name, density, voxel_angstrom, specimen.diameter_angstrom)


def profile(grid: NDArray[np.float64], specimen: Specimen, axis: int) -> NDArray[np.float64]:
    distance = (grid[:, np.newaxis] - specimen.beads_angstrom[:, axis]) / (
        specimen.bead_sigma_angstrom
    )
    return np.exp(-(distance**2) / 2)


if __name__ == "__main__":
    main()
