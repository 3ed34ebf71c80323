"""How long picking takes, stage by stage, beside one Fourier crop of the same micrograph."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np
import torch

from deepem.core import Micrograph
from deepem.networks import Model
from deepem.picking import Picker, find_peaks, scan
from deepem.preprocessing import find_junk, fourier_crop, prepare
from deepem.studies.harness.study import Cell, Column, Figures, Study, Target
from deepem.studies.sets.data import APOFERRITIN, BETA_GALACTOSIDASE, DATA_SETS, DataSet, Sources
from deepem.training import train

_Output = TypeVar("_Output")

_N_TIMES, _N_TIMES_QUICK = 7, 3
_UPDATES = 60
_SIZES = {APOFERRITIN.name: "1240 x 1200", BETA_GALACTOSIDASE.name: "1968 x 1968"}
_STAGES = ("prepare", "scan", "peaks", "junk")


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    n_times = _N_TIMES_QUICK if quick else _N_TIMES
    return [
        {"size": size, "data_set": name, "times": n_times, "repeat": repeat}
        for name, size in _SIZES.items()
        for repeat in range(n_seeds)
    ]


def _measure(cell: Cell, sources: Sources) -> Figures:
    data_set = DATA_SETS[str(cell["data_set"])]
    test = sources.load(f"{data_set.name}/test")
    opened = test.micrographs[0]
    micrograph = Micrograph.from_array(
        np.array(opened.pixels()),
        name=opened.name,
        pixel_size_angstrom=opened.pixel_size_angstrom,
    )
    picker = Picker(_train_briefly(sources, data_set))
    stages: dict[str, list[float]] = {}
    for number in range(int(cell["times"]) + 1):
        seconds = _time_once(picker, micrograph)
        if number:  # the first one warms up
            for name, value in seconds.items():
                stages.setdefault(name, []).append(value)
    figures = {name: float(np.median(values)) for name, values in stages.items()}
    figures["crops"] = figures["seconds"] / figures["crop_seconds"]
    return figures


@lru_cache(maxsize=1)
def _train_briefly(sources: Sources, data_set: DataSet) -> Model:
    """The default network at the default scale, trained until its score has peaks at particles.

    Random weights have ten times as many peaks, which takes time that picking does not.
    """
    test = sources.load(f"{data_set.name}/test")
    return train(
        test.micrographs[:1],
        test.picks[:1],
        complete=True,
        valid_micrographs=test.micrographs[1:2],
        valid_picks=test.picks[1:2],
        diameter_px=data_set.diameter_px,
        updates=_UPDATES,
    )


def _time_once(picker: Picker, micrograph: Micrograph) -> Figures:
    """Seconds of the whole, of each stage on its own, and of the yardstick, one after the other."""
    header = picker.model.header
    scale, workers = header.scale, torch.get_num_threads()
    seconds: Figures = {}

    def clock(name: str, work: Callable[[], _Output]) -> _Output:
        start = time.perf_counter()
        output = work()
        seconds[name] = time.perf_counter() - start
        return output

    clock("seconds", lambda: picker.pick(micrograph))
    image = clock(
        "prepare_seconds",
        lambda: prepare(micrograph, factor=scale.factor, box_size=scale.box_size, workers=workers),
    )
    scores = clock(
        "scan_seconds",
        lambda: scan(picker.model.network, image, box_size=scale.box_size),
    )
    distance = (header.min_distance_px or scale.diameter_px) / scores.frame.step_px[0]
    clock("peaks_seconds", lambda: find_peaks(scores.scores, min_distance=distance))
    margin = scale.box_size // 2
    inside = image.pixels[margin:-margin, margin:-margin]
    frame = image.frame.subgrid(inside.shape, origin=(margin, margin), step=1)
    clock(
        "junk_seconds",
        lambda: find_junk(inside, scale.diameter_px / scale.factor, frame=frame),
    )
    pixels = micrograph.pixels().astype(np.float32)
    clock("crop_seconds", lambda: fourier_crop(pixels, scale.factor, workers=workers))
    staged = sum(seconds[f"{name}_seconds"] for name in _STAGES)
    return {**seconds, "rest_seconds": seconds["seconds"] - staged}


def _column(figure: str, title: str) -> Column:
    return Column(f"{figure}_seconds", f"{title}, s", better="lower")


SPEED = Study(
    name="speed",
    title="Time of picking a micrograph",
    about=(
        "Default settings, default network, trained for 60 updates only: it is as fast as one that "
        "is fully trained, and not as good. The micrograph, one of apoferritin or of "
        "beta-galactosidase, is in memory; start-up, reading and writing are not in it. Median of "
        "seven, after one to warm up; each repeat is such a median. The yardstick is one Fourier "
        "crop of the micrograph to the scale of the model, which is also a part of «prepare». The "
        "stages are timed on their own; «rest» is what the whole takes beyond them. On a machine "
        "that others use, the ratio tells more than the seconds."
    ),
    version=1,
    needs=APOFERRITIN.needs("test") + BETA_GALACTOSIDASE.needs("test"),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("size", "data_set"),
    columns=(
        Column("seconds", "whole, s", better="lower"),
        *(_column(name, name) for name in _STAGES),
        _column("rest", "rest"),
        _column("crop", "one Fourier crop"),
        Column("crops", "whole / crop", decimals=1, better="lower"),
    ),
    targets=(
        Target("seconds", {"size": "1240 x 1200"}, at_most=0.1),
        Target("seconds", {"size": "1968 x 1968"}, at_most=0.25),
    ),
)
