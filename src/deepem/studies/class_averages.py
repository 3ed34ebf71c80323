"""What was picked: class averages and eigenimages of the picks (the paper's Fig. S5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from deepem.baselines.programs.relion_classes import classify_with_relion
from deepem.core import Micrograph, Picks
from deepem.evaluation import match_picks
from deepem.picking import Picker
from deepem.preprocessing import fourier_crop
from deepem.simulation import Optics, Scene
from deepem.studies.harness.results import Result
from deepem.studies.harness.study import (
    Arrays,
    Cell,
    Column,
    Figures,
    Measured,
    Plot,
    Study,
    Target,
)
from deepem.studies.harness.study import is_quick as is_quick_cell
from deepem.studies.images.class_judgement import N_VIEWS, judge_classes
from deepem.studies.images.eigenimages import find_eigenimages
from deepem.studies.images.image_rows import ImageRow, draw_image_rows
from deepem.studies.images.view_matching import match_views, project_views
from deepem.studies.images.white_boxes import cut_white_boxes
from deepem.studies.methods.attempts import learn
from deepem.studies.sets.data import Sources
from deepem.studies.sets.empty_places import draw_empty_places
from deepem.studies.sets.ribosomes import MAP, PIXEL_SIZE_ANGSTROM, Ribosomes, simulate_ribosomes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEVELS = (0.05, 0.01)
_PLACES = ("picks", "random places")
_METHODS = ("eigenimages", "RELION classes")
# Views are told apart in boxes that are binned by this.
_FACTOR = 2
_BOX_PX = 38
# The circle of RELION's mask, and outside of which the background is measured.
_CIRCLE_OVER_DIAMETER = 1.1
_N_CLASSES, _N_ITERATIONS = 12, 25
_QUICK_CLASSES, _QUICK_ITERATIONS, _QUICK_UPDATES = 3, 3, 60
_RESOLUTION_ANGSTROM = 25.0
_N_EIGENIMAGES = 8
_N_SHOWN = 12


@dataclass(frozen=True, eq=False)
class _Boxes:
    """Binned boxes of some places, and what is true about each."""

    pixels: NDArray[np.float32]
    optics: list[Optics]
    is_false: NDArray[np.bool_]
    directions: NDArray[np.float64]  # NaN where nothing is


def _make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    extra: Cell = {"updates": _QUICK_UPDATES} if quick else {}
    return [
        {"snr": snr, "places": places, "method": method, "seed": seed, **extra}
        for snr in (_LEVELS[:1] if quick else _LEVELS)
        for seed in range(n_seeds)
        for places in (_PLACES[:1] if quick else _PLACES)
        for method in _METHODS
    ]


def _measure(cell: Cell, sources: Sources) -> Measured:
    is_quick, seed = is_quick_cell(cell), int(cell["seed"])
    path, snr = sources.find(MAP), float(cell["snr"])
    ribosomes = simulate_ribosomes(path, snr, is_quick=is_quick)
    updates = int(cell["updates"]) if "updates" in cell else None
    places = _pick(path, snr, seed, updates, is_quick)
    if cell["places"] == "random places":
        places = [
            draw_empty_places(scene.truth, len(some), diameter_px=ribosomes.diameter_px, seed=seed)
            for scene, some in zip(ribosomes.parts["test"], places, strict=True)
        ]
    boxes = _cut(ribosomes, places)
    figures: Figures = {
        "boxes": float(len(boxes.pixels)),
        "false_share": float(boxes.is_false.mean()),
    }
    if cell["method"] == "eigenimages":
        measured = _measure_eigenimages(ribosomes, boxes)
    else:
        measured = _measure_classes(ribosomes, boxes, seed=seed, is_quick=is_quick)
    return Measured(figures | measured.figures, measured.arrays)


def _measure_eigenimages(ribosomes: Ribosomes, boxes: _Boxes) -> Measured:
    found = find_eigenimages(boxes.pixels, n_images=_N_EIGENIMAGES)
    scenes = [replace(scene, micrograph=_without_noise(scene)) for scene in ribosomes.parts["test"]]
    clean = _cut(
        Ribosomes(ribosomes.specimen, {"test": scenes}),
        [scene.truth for scene in scenes],
        normalise=False,
    ).pixels
    figures = {
        "mean_correlation": float(
            np.corrcoef(found.mean.ravel(), clean.mean(axis=0).ravel())[0, 1]
        ),
        "captured": found.measure_captured(clean),
    }
    images = np.concatenate([found.mean[None], found.images])
    return Measured(figures, {"images": images.astype(np.float16)})


def _measure_classes(ribosomes: Ribosomes, boxes: _Boxes, *, seed: int, is_quick: bool) -> Measured:
    pixel_size_angstrom = _FACTOR * PIXEL_SIZE_ANGSTROM
    classes = classify_with_relion(
        boxes.pixels,
        pixel_size_angstrom=pixel_size_angstrom,
        diameter_angstrom=_CIRCLE_OVER_DIAMETER * ribosomes.specimen.diameter_angstrom,
        n_classes=_QUICK_CLASSES if is_quick else _N_CLASSES,
        resolution_angstrom=_RESOLUTION_ANGSTROM,
        optics=boxes.optics,
        n_iterations=_QUICK_ITERATIONS if is_quick else _N_ITERATIONS,
        n_threads=torch.get_num_threads(),
        seed=seed,
    )
    projections = project_views(
        ribosomes.specimen, N_VIEWS, pixel_size_angstrom=pixel_size_angstrom, box_size_px=_BOX_PX
    )
    matches = match_views(classes.averages, projections)
    figures = judge_classes(
        classes.class_index,
        matches.correlation,
        matches.direction,
        is_false=boxes.is_false,
        directions=boxes.directions,
    )
    arrays: Arrays = {
        "images": classes.averages.astype(np.float16),
        "sizes": classes.sizes,
        "correlation": matches.correlation,
    }
    return Measured(figures, arrays)


@lru_cache(maxsize=1)
def _pick(path: Path, snr: float, seed: int, updates: int | None, is_quick: bool) -> list[Picks]:
    """What a network that learnt from other micrographs picks at its own threshold."""
    ribosomes = simulate_ribosomes(path, snr, is_quick=is_quick)
    options: Cell = {} if updates is None else {"updates": updates}
    model = learn("residual", ribosomes.to_parts(), seed=seed, options=options)
    picker = Picker(model)
    return [picker.pick(scene.micrograph) for scene in ribosomes.parts["test"]]


def _cut(ribosomes: Ribosomes, places: Sequence[Picks], *, normalise: bool = True) -> _Boxes:
    pixels, optics, is_false, directions = [], [], [], []
    for scene, some in zip(ribosomes.parts["test"], places, strict=True):
        small, step_px = fourier_crop(scene.micrograph.pixels(), _FACTOR)
        frame = replace(
            scene.micrograph.frame,
            shape=small.shape,
            origin_px=((step_px[0] - 1) / 2, (step_px[1] - 1) / 2),
            step_px=step_px,
        )
        x, y = frame.from_px(some.x_px, some.y_px)
        pixels.append(
            cut_white_boxes(
                small,
                Picks(some.micrograph, x, y),
                box_size_px=_BOX_PX,
                diameter_px=_CIRCLE_OVER_DIAMETER * ribosomes.diameter_px / _FACTOR,
                normalise=normalise,
            )
        )
        index = match_picks(
            some, scene.truth, max_distance_px=ribosomes.diameter_px / 2
        ).truth_index
        is_false.append(index < 0)
        directions.append(np.where((index < 0)[:, None], np.nan, scene.rotations[index, 2]))
        optics += [scene.optics] * len(some)
    return _Boxes(
        np.concatenate(pixels), optics, np.concatenate(is_false), np.concatenate(directions)
    )


def _without_noise(scene: Scene) -> Micrograph:
    return replace(scene.micrograph, read=lambda: scene.clean)


def _draw_classes(figure: Figure, results: Sequence[Result]) -> None:
    rows = [
        ImageRow(
            _say_row(result),
            result.arrays["images"],
            captions=tuple(
                f"{size}, {100 * correlation:.0f} %"
                for size, correlation in zip(
                    result.arrays["sizes"], result.arrays["correlation"], strict=True
                )
            ),
        )
        for result in results
        if result.cell["method"] == "RELION classes" and result.cell["seed"] == 0
    ]
    draw_image_rows(figure, rows, n_columns=_N_SHOWN)


def _draw_eigenimages(figure: Figure, results: Sequence[Result]) -> None:
    captions = ("mean", *(str(number + 1) for number in range(_N_EIGENIMAGES)))
    rows = [
        ImageRow(_say_row(result), result.arrays["images"], captions=captions)
        for result in results
        if result.cell["method"] == "eigenimages" and result.cell["seed"] == 0
    ]
    draw_image_rows(figure, rows, n_columns=1 + _N_EIGENIMAGES)


def _say_row(result: Result) -> str:
    return f"{result.cell['places']},\nSNR {result.cell['snr']}"


CLASS_AVERAGES = Study(
    name="class_averages",
    title="What was picked: class averages of simulated ribosomes",
    about=(
        "70S ribosomes (PDB 4V4R) from all directions, 5 Å per pixel, 1024 x 1024 pixels, 80 "
        "particles a micrograph, defocus 1.0 to 2.5 µm, white noise; the signal-to-noise ratio is "
        "that in boxes of 1.5 diameters. A residual network learns from four micrographs, takes "
        "its threshold from two, and picks six others. Its picks are cut out, binned to 10 Å per "
        "pixel, inverted and normalised, and sorted by RELION (relion_refine, 25 iterations, 12 "
        "classes, with the true defocus, detail to 25 Å), or, without any program, decomposed into "
        "eigenimages. Random places at which no particle is, as many as picks, show what the "
        "methods make of nothing. Since the map and every rotation are known, each class average "
        f"is compared with {N_VIEWS} projections of the map over rotations in the plane (in "
        "the picture: boxes in the class, correlation). A class of correlation 0.9 or more shows a "
        "particle; the mean of all projections, a blob without any view, has 0.97, so that this "
        "tells particles from nothing, not views from each other. A direction is covered where "
        "such a class shows one within 30 degrees; the error of view is the median angle between "
        "the true direction of a particle and that of its class, 90 degrees by chance. The mean of "
        "the boxes is compared with that of the particles without "
        "noise, of whose variance the first eight eigenimages capture a share."
    ),
    version=2,
    needs=(MAP,),
    make_cells=_make_cells,
    measure=_measure,
    group_by=("snr", "places", "method"),
    columns=(
        Column("boxes", "boxes", decimals=0, better=None),
        Column("false_share", "false", better="lower"),
        Column("correlation", "correlation of classes"),
        Column("shown_share", "boxes in classes that show a particle"),
        Column("shown_false_share", "false among these", better="lower"),
        Column("views_covered", "directions covered"),
        Column("view_error_deg", "error of view, degrees", decimals=0, better="lower"),
        Column("mean_correlation", "correlation of the mean"),
        Column("captured", "variance captured by eigenimages"),
    ),
    targets=(
        Target(
            "shown_share",
            {"places": "picks", "method": "RELION classes", "snr": 0.05},
            at_least=0.9,
        ),
        Target("shown_share", {"places": "random places", "method": "RELION classes"}, at_most=0.1),
        Target(
            "view_error_deg",
            {"places": "picks", "method": "RELION classes", "snr": 0.05},
            at_most=45,
        ),
        Target(
            "captured",
            {"places": "picks", "method": "eigenimages"},
            better_than=({"places": "random places"},),
        ),
    ),
    plots=(
        Plot(
            "classes",
            "Class averages by RELION, the most populous first: boxes in the class, and "
            "correlation with the best projection of the map.",
            _draw_classes,
        ),
        Plot(
            "eigenimages",
            "Mean of all boxes, unaligned, and their first eigenimages.",
            _draw_eigenimages,
        ),
    ),
    n_seeds=1,
)
