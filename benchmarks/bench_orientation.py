"""Whether coordinates fit their images: how often the check is right, silent and wrong.

The labels of real micrographs are given as they are, in the seven other orientations, and
rescaled. Right is a check that finds what was done to them, silent one that cannot tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from time import perf_counter

import numpy as np

import deepem
from deepem import Micrograph, Picks
from deepem.core import Orientation
from deepem.orientation import Verdict, check_orientation
from machine import print_head
from real_data import DATA, load

FOLDERS = (
    "apoferritin/train",
    "apoferritin/valid",
    "apoferritin/test",
    "beta_galactosidase/train",
    "beta_galactosidase/valid",
    "beta_galactosidase/test",
    "klh/processed",
    "klh/raw_crop",
)
TURNED = [
    Orientation(swap_xy=swap, flip_x=flip_x, flip_y=flip_y)
    for swap, flip_x, flip_y in product((False, True), repeat=3)
]
RESCALED = [Orientation(scale=scale) for scale in (2, 4, 1 / 2, 1 / 4)]
RESCALED += [Orientation(scale=scale, flip_y=True) for scale in (2, 1 / 2)]
READINGS = TURNED + RESCALED
N_PICKS = (1, 3, 5, 10, 20, 50)
N_TRIALS = 60
N_RANDOM = 100


def main() -> None:
    print_head("The check of the orientation", "python benchmarks/bench_orientation.py")
    sets = {folder: load(folder) for folder in FOLDERS}

    print_table("All labels of a set, and each micrograph alone: 14 readings of each")
    for folder, (micrographs, picks) in sets.items():
        start = perf_counter()
        answers = Counter(judge(micrographs, picks, reading) for reading in READINGS)
        seconds = (perf_counter() - start) / len(READINGS)
        print_row(f"{folder}, all {len(micrographs)}, {seconds:.2f} s a check", answers)
        pairs = list(zip(micrographs, picks, strict=True))
        print_row(
            f"{folder}, each alone",
            Counter(judge([m], [p], reading) for m, p in pairs for reading in READINGS),
        )

    print_table(f"A few labels of one micrograph, drawn {N_TRIALS} times, each read in one way")
    for name in ("apoferritin/train", "beta_galactosidase/train", "klh/processed"):
        for n_picks in N_PICKS:
            words = f"{n_picks} pick{'' if n_picks == 1 else 's'}"
            print_row(f"{name}, {words}", judge_subsets(*sets[name], n_picks))

    print_table("Nothing to find: «right» is a check that says that it cannot tell")
    for name in ("apoferritin/train", "beta_galactosidase/train", "klh/processed", "klh/raw_crop"):
        for n_picks in (5, 50, 500):
            print_row(f"{name}, {n_picks} random places", judge_random(*sets[name], n_picks))

    print_table("Corners of the boxes for centres, as they are and with flip-y")
    for folder, (micrographs, picks) in sets.items():
        readings = (Orientation(), Orientation(flip_y=True))
        answers = Counter(judge_corners(micrographs, picks, reading) for reading in readings)
        print_row(folder, answers)

    print_table("Simulated micrographs of 600 x 900 px with 25 ribosomes: 14 readings of five each")
    for snr in (0.05, 0.02, 0.01, 0.005):
        print_row(f"signal-to-noise ratio {snr:g}", judge_simulated(snr))

    print("\n## Bad automatic picks\n")
    micrograph = deepem.open_micrograph(DATA / "ice_crystal/Ucsf_stack_1142_DW.mrc")
    (autopick,) = deepem.read_picks(DATA / "ice_crystal/autopick.star")
    print(check_orientation([micrograph], [autopick]).summary())


def misread(picks: Picks, shape: tuple[int, int], reading: Orientation) -> Picks:
    """The same picks as a file would hold them that has to be read in the given way."""
    turned = replace(reading, scale=1.0).inverse()
    in_file = turned.apply(picks, shape[::-1] if reading.swap_xy else shape)
    return Orientation(scale=1 / reading.scale).apply(in_file, shape)


def judge(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    reading: Orientation,
    *,
    seed: int = 0,
) -> str:
    """Check misread picks and say whether the answer is right, silent or wrong."""
    pairs = zip(picks, micrographs, strict=True)
    given = [misread(p, m.shape, reading) for p, m in pairs]
    check = check_orientation(micrographs, given, seed=seed)
    if check.verdict is Verdict.CANNOT_TELL:
        return "silent"
    wanted = Verdict.FITS if reading.is_identity else Verdict.OTHER_FITS
    is_right = check.verdict is wanted and check.best == reading and not check.exceptions
    return "right" if is_right else "wrong"


def judge_subsets(
    micrographs: Sequence[Micrograph], picks: Sequence[Picks], n_picks: int
) -> Counter[str]:
    """Judge random choices of few picks; the readings take turns."""
    rng = np.random.default_rng(n_picks)
    large = [i for i, p in enumerate(picks) if len(p) >= n_picks]
    answers: Counter[str] = Counter()
    for seed in range(N_TRIALS if large else 0):
        index = int(rng.choice(large))
        few = picks[index].take(rng.choice(len(picks[index]), n_picks, replace=False))
        reading = READINGS[seed % len(READINGS)]
        answers[judge([micrographs[index]], [few], reading, seed=seed)] += 1
    return answers


def judge_random(
    micrographs: Sequence[Micrograph], picks: Sequence[Picks], n_picks: int
) -> Counter[str]:
    """Check random places; anything but silence is wrong."""
    rng = np.random.default_rng(n_picks)
    answers: Counter[str] = Counter()
    for seed in range(N_RANDOM):
        micrograph = micrographs[seed % len(micrographs)]
        x_px, y_px = rng.random((2, n_picks)) * np.array(micrograph.shape[::-1])[:, None] - 0.5
        places = Picks(micrograph.name, x_px, y_px, box_size_px=picks[0].box_size_px)
        check = check_orientation([micrograph], [places], seed=seed)
        answers["right" if check.verdict is Verdict.CANNOT_TELL else "wrong"] += 1
    return answers


def judge_corners(
    micrographs: Sequence[Micrograph], picks: Sequence[Picks], reading: Orientation
) -> str:
    """Check the lower corners of boxes; right is what finds the centres to a tenth of a box."""
    given = []
    for m, p in zip(micrographs, picks, strict=True):
        half_px = (p.box_size_px or 0) / 2
        given.append(
            misread(replace(p, x_px=p.x_px - half_px, y_px=p.y_px - half_px), m.shape, reading)
        )
    check = check_orientation(micrographs, given)
    if check.verdict is Verdict.CANNOT_TELL:
        return "silent"
    is_near = check.offset_px is not None and np.allclose(
        check.offset_px, half_px, atol=0.2 * half_px
    )
    is_right = check.verdict is Verdict.OTHER_FITS and check.best == reading and is_near
    return "right" if is_right else "wrong"


def judge_simulated(snr: float) -> Counter[str]:
    """Judge every reading of five micrographs, each alone."""
    scenes = deepem.simulate_dataset(
        deepem.make_phantom("ribosome"),
        5,
        n_particles=25,
        pixel_size_angstrom=5,
        shape=(600, 900),
        snr=snr,
        seed=0,
    )
    return Counter(
        judge([scene.micrograph], [scene.truth], reading)
        for scene in scenes
        for reading in READINGS
    )


def print_table(title: str) -> None:
    print(f"\n## {title}\n")
    print("| coordinates | right | silent | wrong |")
    print("|---" * 4 + "|")


def print_row(name: str, answers: Counter[str]) -> None:
    if not answers:
        return  # no micrograph has as many picks
    cells = " | ".join(str(answers[answer]) for answer in ("right", "silent", "wrong"))
    print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
