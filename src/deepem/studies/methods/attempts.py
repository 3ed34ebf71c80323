"""Ways to find particles, each given the same labels and asked for every candidate."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from deepem.baselines import LogPicker, MatchedFilter, TemplatePicker
from deepem.core import Micrograph, Picks
from deepem.evaluation import evaluate, f_beta, match_picks
from deepem.networks import Model
from deepem.picking import Picker, Selection, select
from deepem.simulation import Scene, count_nuisances_picked
from deepem.simulation.nuisances import AREA_KINDS, DAMAGED_KINDS
from deepem.studies.harness.study import Cell, Figures, Measured
from deepem.studies.methods.measurement import Found, compare, find_particles, measure_curve
from deepem.studies.methods.programs import PROGRAMS
from deepem.studies.sets.benchmark_sets import Parts
from deepem.training import train

NETWORKS = ("residual", "deepem8")
TEMPLATES, ROUND_TEMPLATE, LOG = "templates", "matched filter", "LoG"
CLASSICAL = (TEMPLATES, ROUND_TEMPLATE, LOG)
# As `Picker` does: particles that the edge cuts are not picked.
_EDGE_MARGIN_OVER_DIAMETER = 0.4

Scan = Callable[[Micrograph], Picks]


@dataclass(frozen=True, eq=False)
class Attempt:
    """What a method found on the test micrographs of a set.

    Parameters
    ----------
    found
        Its candidates, and its picks at its own threshold.
    threshold
        The threshold.
    seconds
        ``training_seconds``, and ``picking_seconds`` for each test micrograph, as measured.
    """

    found: Found
    threshold: float
    seconds: Figures = field(default_factory=dict)


def attempt(method: str, parts: Parts, *, seed: int = 0, options: Cell | None = None) -> Attempt:
    """Let a method learn and pick.

    Networks choose their threshold on the validation micrographs as `deepem train` does; for the
    others it is where F2 is highest on the validation micrographs (without any, on the training
    micrographs).

    Parameters
    ----------
    method
        One of `NETWORKS`, `CLASSICAL` or `PROGRAMS`.
    parts
        The micrographs.
    seed
        Of the training.
    options
        Further options of `deepem.train`.
    """
    start = time.perf_counter()
    if method in NETWORKS:
        model = learn(method, parts, seed=seed, options=options or {})
        return attempt_model(model, parts, training_seconds=time.perf_counter() - start)
    if method in PROGRAMS:
        return _attempt_program(method, parts)
    scan = _make_baseline(method, parts, seed)
    return attempt_scan(scan, parts, training_seconds=time.perf_counter() - start)


def learn(network: str, parts: Parts, *, seed: int, options: Cell) -> Model:
    """Train a network on the training micrographs, all of whose particles are known."""
    return train(
        parts.train.micrographs,
        parts.train.picks,
        complete=True,
        valid_micrographs=parts.valid.micrographs,
        valid_picks=parts.valid.picks,
        network=network,  # type: ignore[arg-type]
        diameter_px=parts.diameter_px,
        seed=seed,
        **options,  # type: ignore[arg-type]
    )


def attempt_model(model: Model, parts: Parts, **seconds: float) -> Attempt:
    """Pick with a model, at its own settings."""
    found = find_particles(model, parts.test.micrographs)
    picker = Picker(model)
    start = time.perf_counter()
    for micrograph in parts.test.micrographs:
        picker.pick(micrograph)
    seconds["picking_seconds"] = (time.perf_counter() - start) / len(parts.test.micrographs)
    return Attempt(found, model.header.threshold, seconds)


def measure(attempts: Sequence[Attempt], folds: Sequence[Parts]) -> Measured:
    """Figures and curves of a method, pooled over the folds of a set.

    Parameters
    ----------
    attempts, folds
        What was found on each fold, and the fold.
    """
    scale = {"match_px": folds[0].match_px, "diameter_px": folds[0].diameter_px}
    found = Found(
        [some for one in attempts for some in one.found.candidates],
        [some for one in attempts for some in one.found.picks],
    )
    truth = [some for one in folds for some in one.test.picks]
    ignore = [some for one in folds for some in one.ignore] or None
    figures = compare(found, truth, **scale, ignore=ignore)
    figures["lower"] = float(np.nan_to_num(min(figures["precision"], figures["recall"])))
    figures["f2"] = float(np.nan_to_num(f_beta(figures["precision"], figures["recall"], beta=2)))
    figures["threshold"] = float(np.mean([one.threshold for one in attempts]))
    for name in attempts[0].seconds:
        figures[name] = float(np.mean([one.seconds[name] for one in attempts]))
    scenes = [scene for one in folds for scene in one.scenes]
    if scenes:
        figures |= _measure_scenes(found.picks, scenes, scale["diameter_px"] / 2)
    return Measured(figures, measure_curve(found.candidates, truth, **scale, ignore=ignore))


def attempt_scan(scan: Scan, parts: Parts, **seconds: float) -> Attempt:
    """Pick with anything that gives all candidates of a micrograph with scores."""
    tuned = [scan(one) for one in parts.tuned.micrographs]
    start = time.perf_counter()
    candidates = [scan(one) for one in parts.test.micrographs]
    seconds["picking_seconds"] = (time.perf_counter() - start) / len(candidates)
    return _choose(tuned, candidates, parts, seconds)


def _attempt_program(method: str, parts: Parts) -> Attempt:
    """All micrographs in one run, so that its start weighs as little as it can."""
    micrographs = [*parts.tuned.micrographs, *parts.test.micrographs]
    start = time.perf_counter()
    found = PROGRAMS[method](micrographs, parts)
    before = time.perf_counter() - start - found.seconds
    seconds = {"training_seconds": before, "picking_seconds": found.seconds / len(micrographs)}
    n_tuned = len(parts.tuned.micrographs)
    return _choose(found.picks[:n_tuned], found.picks[n_tuned:], parts, seconds)


def _choose(
    tuned: Sequence[Picks], candidates: Sequence[Picks], parts: Parts, seconds: Figures
) -> Attempt:
    threshold = choose_threshold(tuned, parts.tuned.picks, parts)
    margin_px = _EDGE_MARGIN_OVER_DIAMETER * parts.diameter_px
    selection = Selection(threshold=threshold, edge_margin_px=margin_px, allow_junk=True)
    picks = [select(some, selection) for some in candidates]
    return Attempt(Found(list(candidates), picks), threshold, seconds)


def choose_threshold(candidates: Sequence[Picks], truth: Sequence[Picks], parts: Parts) -> float:
    """Score at which F2 is highest (the paper's choice); 0 without candidates."""
    curve = evaluate(
        candidates,
        truth,
        max_distance_px=parts.match_px,
        edge_margin_px=parts.diameter_px / 2,
    ).curve
    f2 = curve.f_beta(2)
    return float(curve.threshold[np.nanargmax(f2)]) if len(f2) else 0.0


def _make_baseline(method: str, parts: Parts, seed: int) -> Scan:
    training = (parts.train.micrographs, parts.train.picks)
    if method == LOG:
        return LogPicker.from_particles(*training, diameter_px=parts.diameter_px).scan
    if method == TEMPLATES:
        return TemplatePicker.from_particles(
            *training, diameter_px=parts.diameter_px, seed=seed
        ).scan
    return MatchedFilter.from_particles(*training, diameter_px=parts.diameter_px).scan


def _measure_scenes(picks: Sequence[Picks], scenes: Sequence[Scene], radius_px: float) -> Figures:
    """What was picked that is no whole particle, and how many overlapping particles were found."""
    junk = damaged = n_found = n_overlapping = 0
    for some, scene in zip(picks, scenes, strict=True):
        counts = count_nuisances_picked(some, scene)
        junk += sum(counts.get(kind, 0) for kind in AREA_KINDS)
        damaged += sum(counts.get(kind, 0) for kind in DAMAGED_KINDS)
        matching = match_picks(
            some, scene.truth, max_distance_px=radius_px, edge_margin_px=radius_px
        )
        overlapping = scene.overlapping & matching.is_required
        n_overlapping += int(overlapping.sum())
        n_found += int((overlapping & ~matching.is_missed).sum())
    figures: Figures = {}
    if any(kind in scene.decoys or kind in scene.masks for scene in scenes for kind in AREA_KINDS):
        figures["junk_per_micrograph"] = junk / len(scenes)
    if any(kind in scene.decoys for scene in scenes for kind in DAMAGED_KINDS):
        figures["damaged_per_micrograph"] = damaged / len(scenes)
    if n_overlapping:
        figures["recall_of_overlapping"] = n_found / n_overlapping
    return figures
