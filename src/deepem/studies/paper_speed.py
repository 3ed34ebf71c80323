"""Time per micrograph of the paper's four networks, unbinned, beside what the paper states."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from deepem.core import BOX_OVER_DIAMETER, Micrograph
from deepem.networks import (
    PRESETS,
    DeepEM8,
    Network,
    ResidualDesign,
    ResidualNetwork,
    Scale,
    choose_dense_scale,
)
from deepem.picking import find_peaks, scan
from deepem.preprocessing import prepare
from deepem.studies.harness.study import Cell, Column, Figures, Study, Target
from deepem.studies.sets.data import Sources

_DENSE, _BOXES, _RESIDUAL = "one dense pass", "box by box", "residual, default binning"
_MIN_DISTANCE_OVER_DIAMETER = 0.8
# The authors' step; ours is the largest of the design within it.
_PAPER_STEP_PX = 20
_N_TIMES = 3
_N_BOXES = 50


@dataclass(frozen=True)
class _Stated:
    """What the paper states for a micrograph: size ``(ny, nx)``, seconds on CPU and GTX 970."""

    shape: tuple[int, int]
    cpu_seconds: float
    gpu_seconds: float


_PAPER = {
    "klh": _Stated((2048, 2048), 7300, 190),
    "19s": _Stated((1855, 1919), 790, 50),
    "26s": _Stated((1855, 1919), 1160, 60),
    "inflammasome": _Stated((1855, 1919), 560, 40),
}


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    return [
        {"preset": name, "way": way, "repeat": repeat}
        for name in (["inflammasome"] if quick else _PAPER)
        for way in (_RESIDUAL, _DENSE, _BOXES)
        for repeat in range(n_seeds)
    ]


def _measure(cell: Cell, sources: Sources) -> Figures:
    name, way = str(cell["preset"]), str(cell["way"])
    seconds = _time_boxes(name) if way == _BOXES else _time_picking(name, way)
    stated = _PAPER[name]
    return {
        "seconds": seconds,
        "paper_cpu_seconds": stated.cpu_seconds,
        "paper_gpu_seconds": stated.gpu_seconds,
        "times_cpu": stated.cpu_seconds / seconds,
        "times_gpu": stated.gpu_seconds / seconds,
    }


def _time_picking(name: str, way: str) -> float:
    """Seconds from the micrograph in memory to all local maxima of the score."""
    design, shape = PRESETS[name].design, _PAPER[name].shape
    # Time depends neither on what the image holds nor on what the network has learnt.
    noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    micrograph = Micrograph.from_array(noise, name=name)
    diameter_px = design.box_size / BOX_OVER_DIAMETER
    generator = torch.Generator().manual_seed(0)
    network: Network
    if way == _RESIDUAL:
        scale = choose_dense_scale(diameter_px)
        network = ResidualNetwork(ResidualDesign(), generator=generator).eval()
        step = None
    else:
        scale = Scale(diameter_px, 1.0, design.box_size)
        network = DeepEM8(design, generator=generator).eval()
        step = next(one for one in design.steps if one <= _PAPER_STEP_PX)

    def pick() -> None:
        image = prepare(
            micrograph,
            factor=scale.factor,
            box_size=scale.box_size,
            workers=torch.get_num_threads(),
        )
        scores = scan(network, image, box_size=scale.box_size, step=step)
        distance = _MIN_DISTANCE_OVER_DIAMETER * diameter_px / scores.frame.step_px[0]
        find_peaks(scores.scores, min_distance=distance)

    return _time(pick)


def _time_boxes(name: str) -> float:
    """Seconds for all boxes of a micrograph one after the other, from those of fifty boxes."""
    design, shape = PRESETS[name].design, _PAPER[name].shape
    network = DeepEM8(design, generator=torch.Generator().manual_seed(0)).eval()
    boxes = torch.randn(_N_BOXES, design.box_size, design.box_size)
    step = next(one for one in design.steps if one <= _PAPER_STEP_PX)
    n_boxes = (shape[0] // step + 1) * (shape[1] // step + 1)

    def score() -> None:
        with torch.inference_mode():
            for turns in range(4):
                network(torch.rot90(boxes, turns, dims=(-2, -1)))

    return _time(score) * n_boxes / _N_BOXES


def _time(run: Callable[[], None]) -> float:
    """Median of three, after one to warm up."""
    seconds = []
    for _ in range(_N_TIMES + 1):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:]))


PAPER_SPEED = Study(
    name="paper_speed",
    title="Time per micrograph of the paper's four networks",
    about=(
        "The paper's boxes, networks and micrographs (`klh` 2048 x 2048, the others 1919 x 1855), "
        "unbinned, four orientations, boxes at the largest step of the design within the authors' "
        "20 px: from the micrograph in memory to all local maxima of the score. «box by box» puts "
        "each box through the network alone, as the paper did, estimated from fifty boxes and "
        "without preparing the micrograph. «residual, default binning» is what `deepem pick` does "
        "with its default network at that particle diameter. Networks have random weights and the "
        "micrograph is noise: neither changes the time. The paper's figures are for an unnamed CPU "
        "and a GTX 970 of 2014, so that part of the ratio is the age of the machines; the row "
        "«box by box» shows what today's machine does with the paper's way."
    ),
    version=1,
    needs=(),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("preset", "way"),
    columns=(
        Column("seconds", "s", decimals=2, better="lower"),
        Column("paper_cpu_seconds", "paper, CPU, s", decimals=0, better=None),
        Column("paper_gpu_seconds", "paper, GTX 970, s", decimals=0, better=None),
        Column("times_cpu", "times faster than its CPU", decimals=0),
        Column("times_gpu", "than its GPU", decimals=0),
    ),
    targets=tuple(
        Target("seconds", {"preset": preset, "way": way}, at_most=stated.gpu_seconds)
        for preset, stated in _PAPER.items()
        for way in (_DENSE, _RESIDUAL)
    ),
)
