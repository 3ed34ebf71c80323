"""Methods get the same micrographs, and their figures are pooled over the folds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepem.core import Micrograph, Picks
from deepem.simulation import Nuisances, Scene, make_phantom, simulate_micrograph
from deepem.studies.methods.attempts import attempt, attempt_scan, choose_threshold, measure
from deepem.studies.sets.benchmark_sets import Parts
from deepem.studies.sets.data import Labelled


def make_micrograph(name: str) -> Micrograph:
    return Micrograph.from_array(np.zeros((200, 200), np.float32), name=name)


def make_parts(name: str, *, has_valid: bool = True) -> Parts:
    """One micrograph a part, with three particles each."""

    def label(part: str) -> Labelled:
        micrograph = make_micrograph(f"{name}_{part}")
        truth = Picks(micrograph.name, [50, 100, 150], [50, 100, 150], frame=micrograph.frame)
        return Labelled((micrograph,), (truth,))

    nothing = Labelled((), ())
    valid = label("valid") if has_valid else nothing
    return Parts(label("train"), valid, label("test"), diameter_px=20, match_px=5)


def scanner(**scores: list[float]) -> Callable[[Micrograph], Picks]:
    """Finds the three particles and one false place (10, 150), with given scores a part."""

    def scan(micrograph: Micrograph) -> Picks:
        part = micrograph.name.split("_")[1]
        return Picks(
            micrograph.name,
            [50, 100, 150, 30],
            [50, 100, 150, 150],
            score=scores[part],
            frame=micrograph.frame,
        )

    return scan


def test_the_threshold_is_that_of_the_best_f2_on_the_validation_micrographs() -> None:
    scan = scanner(valid=[0.9, 0.8, 0.6, 0.5], test=[0.9, 0.55, 0.7, 0.65], train=[1, 1, 1, 1])
    one = attempt_scan(scan, make_parts("a"))
    assert one.threshold == pytest.approx(0.6)
    assert len(one.found.picks[0]) == 3
    figures = measure([one], [make_parts("a")]).figures
    # Of four, 0.9, 0.7 and the false 0.65 stay.
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["lower"] == pytest.approx(2 / 3)
    assert figures["f2"] == pytest.approx(2 / 3)
    assert figures["threshold"] == pytest.approx(0.6)


def test_without_validation_micrographs_the_training_micrographs_choose() -> None:
    scan = scanner(train=[0.9, 0.8, 0.7, 0.1], test=[0.9, 0.8, 0.7, 0.6])
    assert attempt_scan(scan, make_parts("a", has_valid=False)).threshold == pytest.approx(0.7)


def test_nothing_found_chooses_a_threshold_too() -> None:
    parts = make_parts("a")
    empty = [Picks(one.micrograph, frame=one.frame) for one in parts.valid.picks]
    assert choose_threshold(empty, parts.valid.picks, parts) == 0


def test_folds_are_pooled() -> None:
    good = attempt_scan(
        scanner(valid=[0.9, 0.8, 0.7, 0.1], test=[0.9, 0.8, 0.7, 0.1]), make_parts("a")
    )
    bad = attempt_scan(
        scanner(valid=[0.9, 0.8, 0.7, 0.1], test=[0.9, 0.1, 0.1, 0.8]), make_parts("b")
    )
    pooled = measure([good, bad], [make_parts("a"), make_parts("b")])
    assert pooled.figures["recall"] == pytest.approx(4 / 6)
    assert pooled.figures["precision"] == pytest.approx(4 / 5)
    assert pooled.arrays["recall"].max() == 1


def test_picks_on_nuisances_and_overlapping_particles_are_counted() -> None:
    scene = simulate_micrograph(
        make_phantom("apoferritin"),
        n_particles=30,
        pixel_size_angstrom=5,
        seed=1,
        name="a_test",
        shape=(300, 300),
        min_distance_px=15,
        nuisances=Nuisances(contaminants=2, broken=2),
    )
    parts = _with_scene(scene)
    everything = Picks(
        "a_test",
        np.concatenate([scene.truth.x_px, scene.decoys["contaminants"].x_px]),
        np.concatenate([scene.truth.y_px, scene.decoys["contaminants"].y_px]),
        score=np.full(32, 0.9),
        frame=scene.micrograph.frame,
    )
    one = attempt_scan(lambda micrograph: everything, parts)
    figures = measure([one], [parts]).figures
    n_inside = (scene.decoys["contaminants"].edge_distance_px() >= 0.4 * 25).sum()
    assert figures["junk_per_micrograph"] == n_inside > 0
    assert figures["damaged_per_micrograph"] == 0
    assert scene.overlapping.any()
    assert figures["recall_of_overlapping"] == 1


def _with_scene(scene: Scene) -> Parts:
    labelled = Labelled((scene.micrograph,), (scene.truth,))
    return Parts(labelled, labelled, labelled, diameter_px=25, match_px=12.5, scenes=(scene,))


@pytest.mark.parametrize("method", ["matched filter", "templates", "LoG"])
def test_the_classical_methods_find_easy_particles(method: str) -> None:
    scene = simulate_micrograph(
        make_phantom("apoferritin"),
        n_particles=20,
        pixel_size_angstrom=5,
        seed=2,
        shape=(360, 360),
        snr=0.5,
    )
    parts = _with_scene(scene)
    figures = measure([attempt(method, parts)], [parts]).figures
    assert figures["lower"] > 0.9
    assert figures["picking_seconds"] > 0
