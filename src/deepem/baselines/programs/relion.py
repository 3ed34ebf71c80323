"""RELION's automated picking (``relion_autopick``, measured with 3.1): blobs, and templates.

S. H. W. Scheres, J. Struct. Biol. 189:114, 2015, doi 10.1016/j.jsb.2014.11.010; blobs: J. Zivanov
et al., eLife 7:e42166, 2018, doi 10.7554/eLife.42166.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from deepem.baselines.particle_boxes import average_rotations, cut_boxes, require_particles
from deepem.baselines.programs.command import (
    ProgramPicks,
    adopt,
    find_program,
    run_program,
    write_micrographs,
)
from deepem.baselines.scores import squash
from deepem.core import BOX_OVER_DIAMETER, Micrograph, Picks, choose_box_size_px
from deepem.errors import ConfigError, ProgramError
from deepem.evaluation import evaluate
from deepem.io import read_picks, write_mrc

_CURE = "Install RELION (Debian and Ubuntu: the package 'relion'), or add it to the PATH"
# Low enough that every local maximum comes back.
_BLOB_THRESHOLD = -5.0
_MIN_DISTANCE_OVER_DIAMETER = 0.8
_MATCH_OVER_DIAMETER = 0.3
# Settings that are tried, on so many micrographs.
_GREY_SCALES = (0.5, 0.7, 1.0, 1.4, 2.0)
_THRESHOLDS = (0.1, 0.2, 0.4, 0.8)
_MOST_TRIED_ON = 3


def pick_with_relion_blobs(
    micrographs: Sequence[Micrograph],
    *,
    diameter_px: float,
    min_diameter_px: float | None = None,
    max_diameter_px: float | None = None,
) -> ProgramPicks:
    """Pick with RELION's Laplacian of Gaussians.

    Parameters
    ----------
    micrographs
        Particles are dark.
    diameter_px
        Diameter of the particle in unbinned pixels.
    min_diameter_px, max_diameter_px
        Range of diameters that RELION is told; None for 0.9 and 1.1 diameters.

    Returns
    -------
    ProgramPicks
        The score is ``(1 + m / (1 + abs(m))) / 2`` of RELION's figure of merit m.

    Raises
    ------
    deepem.errors.ProgramError
        RELION is not installed, or failed.
    ConfigError
        A diameter is not positive, or the smallest is larger than the largest.
    """
    smallest = 0.9 * diameter_px if min_diameter_px is None else min_diameter_px
    largest = 1.1 * diameter_px if max_diameter_px is None else max_diameter_px
    if not 0 < smallest <= largest:
        raise ConfigError(
            "min_diameter_px",
            f"must be above 0 and at most the largest diameter of {largest:g} px, got {smallest:g}",
        )
    return _autopick(
        micrographs,
        "--LoG",
        *("--LoG_diam_min", smallest, "--LoG_diam_max", largest),
        *("--LoG_adjust_threshold", _BLOB_THRESHOLD),
    )


def pick_with_relion_templates(
    micrographs: Sequence[Micrograph],
    training_micrographs: Sequence[Micrograph],
    training_picks: Sequence[Picks],
    *,
    diameter_px: float,
    grey_scale: float | None = None,
    threshold: float | None = None,
    lowpass_px: float | None = None,
) -> ProgramPicks:
    """Pick with the mean training particle as RELION's reference, averaged over all rotations.

    Parameters
    ----------
    micrographs
        What to pick on.
    training_micrographs, training_picks
        Micrographs and the particles on each, in the same order.
    diameter_px
        Diameter of the particle in unbinned pixels.
    grey_scale
        Contrast of the template over that of the mean particle; None for the best of 0.5 to 2.
    threshold
        Least figure of merit; None for the best of 0.1 to 0.8. What is best is what has the highest
        average precision on up to three training micrographs.
    lowpass_px
        Shortest wavelength that is left in the template, in unbinned pixels; None for a sixth of
        the diameter.

    Returns
    -------
    ProgramPicks
        The score is ``(1 + m / (1 + abs(m))) / 2`` of RELION's figure of merit m. The seconds are
        those of the picking alone.

    Raises
    ------
    deepem.errors.ProgramError
        RELION is not installed, or failed.
    ConfigError
        The diameter, the grey scale or the wavelength is not positive.
    TrainingDataError
        There is not a set of picks for each training micrograph, or no pick at all.

    Notes
    -----
    RELION wants particles bright, and the noise around them of mean 0 and deviation 1. It never
    picks within half a box of the edge. Its figure of merit compares the grey scale of the
    template with that of the micrograph, and where they do not fit it finds next to nothing,
    without a warning: 2 was best for crowded apoferritin (EMPIAR-10146), 0.5 to 0.7 for sparse
    simulated particles. Its search joins peaks that are not separated at the threshold, so that a
    low threshold finds less, not more: a curve from low thresholds on is not to be had.
    """
    for field, value in {
        "diameter_px": diameter_px,
        "grey_scale": 1.0 if grey_scale is None else grey_scale,
        "lowpass_px": 1.0 if lowpass_px is None else lowpass_px,
    }.items():
        if not value > 0:
            raise ConfigError(field, f"must be greater than 0, got {value:g}")
    require_particles(training_micrographs, training_picks)
    template = _average_bright(training_micrographs, training_picks, diameter_px)
    lowpass_px = diameter_px / 6 if lowpass_px is None else lowpass_px

    def pick(some: Sequence[Micrograph], scale: float, least: float) -> ProgramPicks:
        with TemporaryDirectory(prefix="deepem-relion-") as folder:
            # One image is a stack of one to RELION.
            stack = write_mrc(Path(folder) / "template.mrc", template * np.float32(scale))
            stack = stack.rename(stack.with_suffix(".mrcs"))
            return _autopick(
                some,
                *("--ref", stack, "--invert", "--ang", 360),
                *("--particle_diameter", diameter_px, "--lowpass", lowpass_px),
                *("--threshold", least),
                *("--min_distance", _MIN_DISTANCE_OVER_DIAMETER * diameter_px),
            )

    order = np.argsort([-len(some) for some in training_picks])[:_MOST_TRIED_ON]
    truth = [training_picks[i] for i in order]

    def measure(setting: tuple[float, float]) -> float:
        return evaluate(
            pick([training_micrographs[i] for i in order], *setting).picks,
            truth,
            max_distance_px=_MATCH_OVER_DIAMETER * diameter_px,
            edge_margin_px=BOX_OVER_DIAMETER * diameter_px / 2,
        ).average_precision

    scales = _GREY_SCALES if grey_scale is None else (grey_scale,)
    thresholds = _THRESHOLDS if threshold is None else (threshold,)
    settings = list(product(scales, thresholds))
    best = settings[0] if len(settings) == 1 else max(settings, key=measure)
    return pick(micrographs, *best)


def _average_bright(
    micrographs: Sequence[Micrograph], picks: Sequence[Picks], diameter_px: float
) -> NDArray[np.float32]:
    """Mean particle, bright, on a background of mean 0 and deviation 1; the side is even."""
    size = choose_box_size_px(diameter_px)
    offset = np.arange(size) - size // 2
    is_around = np.hypot(offset, offset[:, np.newaxis]) > diameter_px / 2
    total = np.zeros((size, size))
    for micrograph, some in zip(micrographs, picks, strict=True):
        for box in cut_boxes(micrograph.pixels().astype(np.float32), some, micrograph.frame, size):
            around = box[is_around].astype(np.float64)
            total -= (box - around.mean()) / max(around.std(), np.finfo(np.float32).tiny)
    return average_rotations(total / sum(map(len, picks))).astype(np.float32)


def _autopick(micrographs: Sequence[Micrograph], *options: object) -> ProgramPicks:
    program = find_program("relion_autopick", _CURE)
    with TemporaryDirectory(prefix="deepem-relion-") as name:
        folder = Path(name)
        files = write_micrographs(micrographs, folder, widen=_widen_to_even)
        outputs = [folder / "out" / f"{file.stem}_picks.star" for file in files]
        command = [program, "--i", "mic_*.mrc", "--odir", "out/", "--pickname", "picks"]
        command += ["--angpix", "1", "--verb", "0"]
        start = time.perf_counter()
        try:
            run_program("relion_autopick", [*command, *options], folder)
        except ProgramError:
            # Where it finds nothing at all, it is its summary that fails (a buffer overflow).
            if not all(file.exists() for file in outputs):
                raise
        seconds = time.perf_counter() - start
        found = [_read(file) for file in outputs]
    picks = [
        adopt(some, micrograph, squash(some.score))
        for some, micrograph in zip(found, micrographs, strict=True)
    ]
    return ProgramPicks(tuple(picks), seconds)


def _widen_to_even(shape: tuple[int, int]) -> tuple[int, int]:
    # With an odd number of columns, RELION 3.1 finds templates in wrong places.
    ny, nx = shape
    return ny + ny % 2, nx + nx % 2


def _read(path: Path) -> Picks:
    # Where RELION finds nothing, its file is empty.
    if not path.stat().st_size:
        return Picks(path.stem)
    (picks,) = read_picks(path, format="star")
    return picks
