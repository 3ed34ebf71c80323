"""What the network sees: the maps of every layer, and how well each tells particles (Fig. S1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from deepem.networks import DeepEM8
from deepem.preprocessing import prepare
from deepem.studies.harness.results import Result
from deepem.studies.harness.study import Cell, Column, Measured, Plot, Study, Target
from deepem.studies.harness.study import is_quick as is_quick_cell
from deepem.studies.images.image_rows import ImageRow, draw_image_rows
from deepem.studies.images.separability import (
    measure_auc,
    probe_linearly,
    probe_mean_difference,
    probe_single_value,
)
from deepem.studies.methods.attempts import learn
from deepem.studies.sets.data import Sources
from deepem.studies.sets.ribosomes import MAP, N_PARTICLES, simulate_ribosomes
from deepem.training.samples import Samples, cut_samples, join_samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEVELS = (0.05, 0.005)
_LAYERS = ("input", "C1", "S2", "C3", "S4", "C5", "S6", "output")
_QUICK_LAYERS = ("input", "C1", "output")
_EPOCHS, _QUICK_EPOCHS = 50, 1
_PROBES = {
    "single": probe_single_value,
    "difference": probe_mean_difference,
    "linear": probe_linearly,
}
# Leaves a box of 40 px.
_FACTOR = 2
# Of either box.
_N_SHOWN = 6


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a network makes of boxes that it has not learnt from, before and after its training.

    Parameters
    ----------
    trained, untrained
        Maps of each layer, shape ``(n, maps, side, side)``.
    is_particle
        What each box holds, shape ``(n,)``.
    n_probe
        The first so many boxes are for probes to learn from, the others to measure on.
    """

    trained: dict[str, NDArray[np.float32]]
    untrained: dict[str, NDArray[np.float32]]
    is_particle: NDArray[np.bool_]
    n_probe: int


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    extra: Cell = {"epochs": _QUICK_EPOCHS} if quick else {}
    return [
        {"snr": snr, "layer": layer, "seed": seed, **extra}
        for snr in (_LEVELS[:1] if quick else _LEVELS)
        for seed in range(n_seeds)
        for layer in (_QUICK_LAYERS if quick else _LAYERS)
    ]


def _measure(cell: Cell, sources: Sources) -> Measured:
    epochs = int(cell["epochs"]) if "epochs" in cell else _EPOCHS
    seen = _look(
        sources.find(MAP), float(cell["snr"]), int(cell["seed"]), epochs, is_quick_cell(cell)
    )
    layer = str(cell["layer"])
    known, is_known_particle = slice(seen.n_probe), seen.is_particle[: seen.n_probe]
    tested, is_particle = slice(seen.n_probe, None), seen.is_particle[seen.n_probe :]
    figures: dict[str, float] = {}
    for when, layers in (("", seen.trained), ("_untrained", seen.untrained)):
        flat = layers[layer].reshape(len(seen.is_particle), -1)
        for name, probe in _PROBES.items():
            probed = probe(flat[known], is_known_particle, flat[tested])
            figures[f"{name}_auc{when}"] = measure_auc(probed, is_particle)
    maps = seen.trained[layer]
    figures |= {"maps": float(maps.shape[1]), "side_px": float(maps.shape[2])}
    scores = seen.trained["output"][tested, 0, 0, 0]
    arrays = {
        name: maps[tested][_find_typical(scores, some)].astype(np.float16)
        for name, some in (("particle", is_particle), ("other", ~is_particle))
    }
    return Measured(figures, arrays)


@lru_cache(maxsize=1)
def _look(path: Path, snr: float, seed: int, epochs: int, is_quick: bool) -> _Seen:
    ribosomes = simulate_ribosomes(path, snr, is_quick=is_quick)
    parts = ribosomes.to_parts()
    options: Cell = {"factor": _FACTOR, "epochs": epochs}
    model = learn("deepem8", parts, seed=seed, options=options)
    network = model.network
    if not isinstance(network, DeepEM8):
        raise TypeError(f"expected the eight-layer network, got {type(network).__name__}")
    # The same numbers that the training began with.
    untrained = DeepEM8(network.design, generator=torch.Generator().manual_seed(seed))
    scale = model.header.scale
    samples: list[Samples] = []
    for labelled in (parts.valid, parts.test):
        samples.append(
            join_samples(
                [
                    cut_samples(
                        prepare(micrograph, factor=scale.factor, box_size=scale.box_size),
                        picks,
                        box_size=scale.box_size,
                        diameter_px=parts.diameter_px,
                        n_random=N_PARTICLES,
                        seed=seed,
                    )
                    for micrograph, picks in zip(labelled.micrographs, labelled.picks, strict=True)
                ]
            )
        )
    boxes = join_samples(samples)
    return _Seen(
        _map_layers(network, boxes.boxes),
        _map_layers(untrained, boxes.boxes),
        boxes.targets == 1,
        len(samples[0]),
    )


def _map_layers(network: DeepEM8, boxes: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """All layers with their input, the output as one map of one pixel."""
    with torch.inference_mode():
        layers = network.layers(torch.from_numpy(boxes))
    maps = {name: layer.numpy() for name, layer in layers.items()}
    return {"input": boxes[:, None]} | maps | {"output": maps["output"][:, None, None, None]}


def _find_typical(scores: NDArray[np.float32], of: NDArray[np.bool_]) -> int:
    """Index of the box of median score among some."""
    members = np.flatnonzero(of)
    return int(members[np.argsort(scores[members])[len(members) // 2]])


def _draw_maps(figure: Figure, results: Sequence[Result], *, snr: float) -> None:
    first = [one for one in results if one.cell["seed"] == 0 and one.cell["snr"] == snr]
    draw_image_rows(figure, [make_row(one) for one in first], n_columns=2 * _N_SHOWN)


def make_row(result: Result) -> ImageRow:
    """A layer: maps of the particle on the left, the same maps of the other box on the right.

    Each map has its own grey scale, which is the same for both boxes.
    """
    particle, other = (result.arrays[name].astype(float) for name in ("particle", "other"))
    pairs = np.stack([particle, other])
    low = pairs.min(axis=(0, 2, 3), keepdims=True)
    span = pairs.max(axis=(0, 2, 3), keepdims=True) - low
    scaled = (pairs - low) / np.where(span > 0, span, 1)
    shown = np.full((2, _N_SHOWN, *scaled.shape[2:]), np.nan)
    n = min(_N_SHOWN, scaled.shape[1])
    shown[:, :n] = scaled[:, :n]
    captions = ("particle", *("",) * (_N_SHOWN - 1), "no particle", *("",) * (_N_SHOWN - 1))
    layer = str(result.cell["layer"])
    if layer == "output":
        # Of one pixel only its value can be shown.
        shown[:, 0] = pairs[:, 0]
        values = (f"{pairs[index].item():.2f}" for index in (0, 1))
        captions = tuple(next(values) if one else "" for one in captions)
    elif layer != "input":
        captions = ()
    return ImageRow(layer, shown.reshape(-1, *shown.shape[2:]), captions, limits=(0.0, 1.0))


FEATURE_MAPS = Study(
    name="feature_maps",
    title="What the network sees: feature maps of every layer",
    about=(
        "The eight-layer network of the paper learns simulated 70S ribosomes (PDB 4V4R) from four "
        "micrographs: all directions, 5 Å per pixel, binned to 10, 80 particles each, "
        "signal-to-noise ratio in boxes of 1.5 diameters. Boxes of others, half of them around a "
        "particle, half at least 0.7 diameters from every particle, go through it layer by layer. "
        "Three probes say how well the maps of a layer tell the two kinds apart: the one value of "
        "a map that does it best, the difference of the mean maps, and ridge regression. They are "
        "fitted on the boxes of two micrographs and measured on those of six, as the area under "
        "the receiver operating characteristic: how often a particle scores above a box without "
        "one, 0.5 by chance. The same network before its training is the control. The picture "
        "shows the particle and the other box whose scores are the median of their kind."
    ),
    version=1,
    needs=(MAP,),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("snr", "layer"),
    columns=(
        Column("maps", "maps", decimals=0, better=None),
        Column("side_px", "side, px", decimals=0, better=None),
        Column("single_auc", "area, one value", decimals=4),
        Column("difference_auc", "mean difference", decimals=4),
        Column("linear_auc", "ridge regression", decimals=4),
        Column("single_auc_untrained", "one value, before training", decimals=4),
        Column("difference_auc_untrained", "mean difference, before training", decimals=4),
        Column("linear_auc_untrained", "ridge regression, before training", decimals=4),
    ),
    targets=(
        Target("single_auc", {"layer": "output"}, better_than=({"layer": "input"},)),
        Target(
            "linear_auc", {"snr": _LEVELS[-1], "layer": "output"}, better_than=({"layer": "input"},)
        ),
    ),
    plots=tuple(
        Plot(
            f"maps-{snr}",
            f"Maps of every layer at a ratio of {snr}: a particle on the left, background on the "
            "right; each map has one grey scale for both.",
            partial(_draw_maps, snr=snr),
        )
        for snr in _LEVELS
    ),
    n_seeds=1,
)
