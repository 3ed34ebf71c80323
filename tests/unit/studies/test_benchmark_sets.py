"""Sets come in parts, each with what the figures need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Picks
from deepem.io import write_mrc, write_picks
from deepem.simulation import Nuisances, make_phantom
from deepem.studies import Sources
from deepem.studies.sets.benchmark_sets import SIMULATED_SETS, find_needs, load_folds

NAMES = ("KLH_1", "KLH_2", "KLH_3")


@pytest.fixture
def small_set(monkeypatch: pytest.MonkeyPatch) -> str:
    small = replace(
        SIMULATED_SETS["klh_like"],
        load=lambda sources: make_phantom("apoferritin"),
        pixel_size_angstrom=5.0,
        shape=(200, 260),
        n_particles=6,
        nuisances=Nuisances(broken=1),
        n_training=2,
    )
    monkeypatch.setitem(SIMULATED_SETS, "small", small)
    load_folds.cache_clear()
    return "small"


def test_a_simulated_set_has_its_parts_and_the_truth_of_the_test(small_set: str) -> None:
    (parts,) = load_folds(small_set, Sources())
    assert [len(one.micrographs) for one in (parts.train, parts.valid, parts.test)] == [2, 2, 3]
    assert parts.diameter_px == 25
    assert parts.match_px == 12.5
    everything = [*parts.train.micrographs, *parts.valid.micrographs, *parts.test.micrographs]
    assert len({one.name for one in everything}) == 7
    for scene, micrograph, picks in zip(
        parts.scenes, parts.test.micrographs, parts.test.picks, strict=True
    ):
        assert scene.micrograph is micrograph
        assert scene.truth is picks
        assert len(scene.decoys["broken"]) == 1


def test_a_quick_run_has_one_micrograph_a_part(small_set: str) -> None:
    (parts,) = load_folds(small_set, Sources(), is_quick=True)
    assert [len(one.micrographs) for one in (parts.train, parts.valid, parts.test)] == [1, 1, 1]


def test_every_klh_micrograph_is_tested_once_with_its_ignored_places(tmp_path: Path) -> None:
    folder = tmp_path / "klh" / "processed"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number, name in enumerate(NAMES):
        write_mrc(folder / f"{name}.mrc", rng.normal(size=(300, 320)).astype(np.float32))
        picks = Picks(name, [100.0 + number], [150.0], box_size_px=40)
        write_picks(picks, folder / f"{name}.box")
    (folder / "KLH_2.ignore.txt").write_text("10 20\n30 40\n")
    folds = load_folds("klh", Sources(data=tmp_path))
    assert [fold.test.micrographs[0].name for fold in folds] == list(NAMES)
    for fold in folds:
        learnt = {one.name for one in fold.train.micrographs}
        assert learnt == set(NAMES) - {fold.test.micrographs[0].name}
        assert fold.valid.micrographs == ()
    assert [len(fold.ignore[0]) for fold in folds] == [0, 2, 0]
    assert folds[1].ignore[0].x_px.tolist() == [10, 30]


def test_needs_are_named_once() -> None:
    needs = find_needs(["19s_like", "26s_sparse", "klh", "klh_like"])
    assert [(one.source, one.path) for one in needs] == [
        ("maps", "26s_4cr2_10A.mrc"),
        ("data", "klh/processed"),
    ]
