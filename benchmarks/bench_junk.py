"""The junk mask: what it finds, what it takes from the labelled particles, and its time."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import deepem
from deepem import Micrograph, Picks
from deepem.preprocessing import JunkMask, find_junk, prepare
from deepem.simulation import make_phantom, simulate_micrograph
from machine import print_head
from real_data import DATA, load

DIAMETER_PX = 13  # across a particle, at the scale that the mask is made at
LABELLED = (("apoferritin", 63), ("beta_galactosidase", 54))
KLH_DIAMETER_PX = 182
ICE_DIAMETERS_PX = (30, 40, 60, 80)  # its particle is not known
SNRS = (0.02, 0.1, 0.5)
SIDE, SIMULATED_DIAMETER_PX = 1280, 40


def main() -> None:
    print_head("The junk mask", "python benchmarks/bench_junk.py")
    print(f"Micrographs are cropped to {DIAMETER_PX} pixels across a particle; one thread.\n")
    print_labelled()
    print_ice_crystal()
    print_classes()
    print_simulated()
    print_times()


def find(micrograph: Micrograph, diameter_px: float) -> JunkMask:
    """The junk of a micrograph, at the scale that is meant for it."""
    factor = max(1, round(diameter_px / DIAMETER_PX))
    image = prepare(micrograph, factor=factor, box_size=1)
    return find_junk(image.pixels, diameter_px / factor, frame=image.frame)


def print_labelled() -> None:
    print("## Labelled particles\n")
    print("| set | micrographs | labels | in the mask | share | masked area: mean | highest |")
    print("|---" * 7 + "|")
    for name, diameter_px in LABELLED:
        parts = [load(f"{name}/{part}") for part in ("train", "valid", "test")]
        micrographs = [one for part in parts for one in part[0]]
        picks = [one for part in parts for one in part[1]]
        print_losses(name, micrographs, picks, diameter_px)
    print_losses("klh", *load("klh/processed"), KLH_DIAMETER_PX)
    print(
        "\nOn beta-galactosidase the masked area is the carbon of five micrographs, where some "
        "labels lie too, and the damaged lines at the edges.\n"
    )


def print_losses(
    name: str, micrographs: list[Micrograph], picks: list[Picks], diameter_px: float
) -> None:
    masks = [find(micrograph, diameter_px) for micrograph in micrographs]
    lost = sum(int(m.is_junk(p.x_px, p.y_px).sum()) for m, p in zip(masks, picks, strict=True))
    n = sum(map(len, picks))
    shares = [mask.share for mask in masks]
    print(
        f"| {name} | {len(masks)} | {n} | {lost} | {lost / n:.2%} | {np.mean(shares):.1%} | "
        f"{max(shares):.1%} |"
    )


def print_ice_crystal() -> None:
    folder = DATA / "ice_crystal"
    micrograph = deepem.open_micrograph(folder / "Ucsf_stack_1142_DW.mrc")
    truth = deepem.open_micrograph(folder / "Ucsf_stack_1142_DW.junkmask.mrc").pixels() > 0.5
    (bad,) = deepem.read_picks(folder / "autopick.star", format="star")
    rows, columns = np.indices(truth.shape)
    in_truth = int(truth[np.rint(bad.y_px).astype(int), np.rint(bad.x_px).astype(int)].sum())
    print("## Ice crystal\n")
    print(
        f"Against the mask of MicrographCleaner, which covers {truth.mean():.1%} and {in_truth} of "
        f"the {len(bad)} bad picks. The diameter of the particle is not known.\n"
    )
    print("| diameter (px) | masked | IoU | recall | precision | bad picks in the mask |")
    print("|---" * 6 + "|")
    for diameter_px in ICE_DIAMETERS_PX:
        mask = find(micrograph, diameter_px)
        at = columns.ravel().astype(float), rows.ravel().astype(float)
        junk = mask.is_junk(*at).reshape(truth.shape)
        both = (junk & truth).sum()
        print(
            f"| {diameter_px} | {junk.mean():.1%} | {both / (junk | truth).sum():.2f} | "
            f"{both / truth.sum():.3f} | {both / junk.sum():.2f} | "
            f"{int(mask.is_junk(bad.x_px, bad.y_px).sum())} of {len(bad)} |"
        )
    print()


def print_classes() -> None:
    print("## Pictures by quality class\n")
    print(
        f"Their particle is taken to be {DIAMETER_PX} px wide. The first of `1Decent` is half "
        "carbon; the first column of most pictures is black, 0.4 % of the area.\n"
    )
    print("| class | masked area: mean | each picture |")
    print("|---" * 3 + "|")
    for folder in sorted((DATA / "junk_examples").iterdir()):
        paths = deepem.find_micrographs(folder)
        shares = [find(deepem.open_micrograph(path), DIAMETER_PX).share for path in paths]
        each = ", ".join(f"{share:.1%}" for share in shares)
        print(f"| {folder.name.split('_Aggregate')[0]} | {np.mean(shares):.1%} | {each} |")
    print()


def print_simulated() -> None:
    print("## Simulated\n")
    print(
        "Particles of 40 px on 1280 x 1280 px; «crowded patch» is a quarter of a nearly empty "
        "micrograph. Junk is added to 120 particles; those within half a diameter of it count as "
        "lost where they are masked.\n"
    )
    print("| scene | phantom | " + " | ".join(f"SNR {snr}: lost, found" for snr in SNRS) + " |")
    print("|---" * (2 + len(SNRS)) + "|")
    for phantom in ("apoferritin", "ribosome"):
        for scene in (*CLEAN_SCENES, *JUNK_SCENES):
            figures = [measure_simulated(phantom, scene, snr) for snr in SNRS]
            print(f"| {scene} | {phantom} | " + " | ".join(figures) + " |")
    print()


CLEAN_SCENES = {
    "8 particles": (8, 1.0),
    "120 particles": (120, 1.0),
    "400, touching": (400, 1.0),
    "450, overlapping": (450, 0.9),
    "crowded patch": (450, 0.9),
}


def measure_simulated(phantom: str, scene: str, snr: float) -> str:
    """The share of particles that is lost, and of the junk that is found."""
    n, distance = CLEAN_SCENES.get(scene, (120, 1.0))
    clean, truth, variance = simulate(phantom, n, distance)
    if scene == "crowded patch":
        sparse, few, _ = simulate(phantom, 8, 1.0)
        columns = SIDE // 4
        clean[:, columns:] = sparse[:, columns:]
        x_px = np.append(truth.x_px[truth.x_px < columns], few.x_px[few.x_px >= columns])
        y_px = np.append(truth.y_px[truth.x_px < columns], few.y_px[few.x_px >= columns])
        truth = Picks("patch", x_px, y_px)
    depth = 1.5 * float(np.sqrt(variance))
    junk = np.zeros(clean.shape, dtype=bool)
    if scene in JUNK_SCENES:
        added, junk = JUNK_SCENES[scene](depth)
        clean = clean + added
        is_free = ~junk[
            np.rint(truth.y_px).astype(int).clip(0, SIDE - 1),
            np.rint(truth.x_px).astype(int).clip(0, SIDE - 1),
        ]
        truth = truth.take(is_free)
    noise = np.random.default_rng(1).normal(size=clean.shape) * np.sqrt(variance / snr)
    mask = find(Micrograph.from_array(clean + noise), SIMULATED_DIAMETER_PX)
    lost = mask.is_junk(truth.x_px, truth.y_px).mean()
    if not junk.any():
        return f"{lost:.1%}"
    rows, columns_of = (axis.astype(float) for axis in np.nonzero(junk))
    return f"{lost:.1%}, {mask.is_junk(columns_of, rows).mean():.0%}"


def simulate(phantom: str, n: int, distance: float) -> tuple[NDArray[np.float64], Picks, float]:
    """A picture without noise, its particles, and the variance of the signal in their boxes."""
    specimen = make_phantom(phantom)
    scene = simulate_micrograph(
        specimen,
        n_particles=n,
        pixel_size_angstrom=specimen.diameter_angstrom / SIMULATED_DIAMETER_PX,
        seed=3,
        shape=(SIDE, SIDE),
        snr=1,
        min_distance_px=distance * SIMULATED_DIAMETER_PX,
        edge_distance_px=0,
    )
    noise = scene.micrograph.pixels().astype(np.float64) - scene.clean
    return scene.clean.astype(np.float64), scene.truth, float(noise.var())


Junk = tuple[NDArray[np.float64], NDArray[np.bool_]]


def make_carbon(depth: float) -> Junk:
    """A half plane that is darker, rougher, and has fringes along its edge."""
    rows, columns = np.indices((SIDE, SIDE))
    inside = (420 - 0.8 * columns - 0.5 * rows) / np.hypot(0.8, 0.5)
    grain = gaussian_filter(np.random.default_rng(5).normal(size=inside.shape), 1.5)
    added = (0.7 * grain / grain.std() - 1.4) * depth * (inside > 0)
    added -= 3 * depth * np.exp(-(((inside - 6) / 6) ** 2))
    added += 2 * depth * np.exp(-(((inside + 8) / 8) ** 2))
    return added, inside > 0


def make_dark_half_plane(depth: float) -> Junk:
    """A half plane that is only darker."""
    rows, columns = np.indices((SIDE, SIDE))
    inside = 0.8 * columns + 0.5 * rows < 420
    return -2 * depth * inside, inside


def make_rough_half_plane(depth: float) -> Junk:
    """A half plane that is only rougher, by as much as particles are deep."""
    rows, columns = np.indices((SIDE, SIDE))
    inside = 0.8 * columns + 0.5 * rows < 420
    grain = gaussian_filter(np.random.default_rng(5).normal(size=inside.shape), 1.5)
    return depth * grain / grain.std() * inside, inside


def make_ice(depth: float) -> Junk:
    """Six round crystals, 1.6 to 4 diameters wide."""
    rng = np.random.default_rng(5)
    rows, columns = np.indices((SIDE, SIDE))
    added, junk = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE), dtype=bool)
    for _ in range(6):
        row, column = rng.uniform(100, SIDE - 100, 2)
        radius = rng.uniform(0.8, 2.0) * SIMULATED_DIAMETER_PX
        distance = np.hypot(rows - row, columns - column)
        added -= 5 * depth * np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, 1))
        junk |= distance < radius
    return added, junk


def make_aggregates(depth: float) -> Junk:
    """Three heaps of thirty particles."""
    rng = np.random.default_rng(5)
    rows, columns = np.indices((SIDE, SIDE))
    added, junk = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE), dtype=bool)
    for _ in range(3):
        heap = rng.uniform(200, SIDE - 200, 2)
        for _ in range(30):
            row, column = heap + rng.normal(size=2) * 1.2 * SIMULATED_DIAMETER_PX
            disc = np.hypot(rows - row, columns - column) < 0.45 * SIMULATED_DIAMETER_PX
            added -= 1.3 * depth * disc
            junk |= disc
    return added, junk


def make_slope(depth: float) -> Junk:
    """Ice that gets thicker to one side: no junk."""
    columns = np.indices((SIDE, SIDE))[1]
    return -6 * depth * (columns / SIDE) ** 2, np.zeros((SIDE, SIDE), dtype=bool)


JUNK_SCENES: dict[str, Callable[[float], Junk]] = {
    "carbon edge": make_carbon,
    "darker half plane": make_dark_half_plane,
    "rougher half plane": make_rough_half_plane,
    "ice crystals": make_ice,
    "aggregates": make_aggregates,
    "thicker ice to one side": make_slope,
}


def print_times() -> None:
    print("## Time\n")
    print("Of `find_junk` alone: processor time, the least of twenty runs.\n")
    print("| image | pixels | milliseconds |")
    print("|---" * 3 + "|")
    rng = np.random.default_rng(0)
    images = {
        "noise, 310 x 300": rng.normal(size=(300, 310)),
        "noise, 492 x 492": rng.normal(size=(492, 492)),
    }
    for name in ("14_33_35_0", "15_30_21_0"):
        path = DATA / "beta_galactosidase" / "test" / f"Falcon_2012_06_12-{name}.mrc"
        micrograph = deepem.open_micrograph(path)
        images[f"beta-galactosidase with carbon, {name}"] = prepare(
            micrograph, factor=4, box_size=1
        ).pixels
    for name, image in images.items():
        pixels = image.astype(np.float32)
        times = []
        for _ in range(20):
            start = time.process_time()
            find_junk(pixels, 13.5)
            times.append(time.process_time() - start)
        print(f"| {name} | {pixels.shape[1]} x {pixels.shape[0]} | {1e3 * min(times):.0f} |")


if __name__ == "__main__":
    main()
