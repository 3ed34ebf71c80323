"""The cells of each study are what its page promises."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from deepem.core import Frame, Micrograph, Picks
from deepem.studies import STUDIES, Study
from deepem.studies.added_noise import bury, measure_background
from deepem.studies.few_labels import click
from deepem.studies.harness.study import is_quick
from deepem.studies.methods.attempts import CLASSICAL
from deepem.studies.methods.programs import PROGRAMS
from deepem.studies.sets.benchmark_sets import SIMULATED_SETS


@pytest.fixture(params=STUDIES.values(), ids=STUDIES.keys())
def study(request: pytest.FixtureRequest) -> Study:
    chosen: Study = request.param
    return chosen


def count(study: Study, *names: str) -> Counter[tuple[object, ...]]:
    return Counter(tuple(cell.get(name) for name in names) for cell in study.cells())


def test_cells_are_distinct_and_plain(study: Study) -> None:
    marks = [json.dumps(cell, sort_keys=True) for cell in study.cells()]
    assert len(marks) == len(set(marks)) > 0
    assert [json.loads(mark) for mark in marks] == study.cells()


def test_quick_cells_are_few_and_say_so(study: Study) -> None:
    quick = study.cells(quick=True)
    assert 0 < len(quick) <= 3
    assert all(map(is_quick, quick))
    assert not any(map(is_quick, study.cells()))


def test_seeds_are_added_at_the_end(study: Study) -> None:
    few, many = study.cells(n_seeds=1), study.cells(n_seeds=4)
    assert all(cell in many for cell in few)
    assert len(many) > len(few)


def test_every_row_and_every_target_has_its_settings(study: Study) -> None:
    groups = [{n: c.get(n) for n in study.group_by} for c in study.cells()]
    figures = {column.figure for column in study.columns}
    for target in study.targets:
        assert target.figure in figures
        bounds = (target.at_least, target.at_most, target.better_than or None)
        assert sum(bound is not None for bound in bounds) == 1
        assert any(target.where.items() <= group.items() for group in groups)


def test_few_labels() -> None:
    assert count(STUDIES["few_labels"], "data_set", "labels", "unlabelled") == {
        ("apoferritin", 5, 4): 5,
        ("apoferritin", 10, 4): 5,
        ("apoferritin", 20, 4): 5,
        ("apoferritin", 40, 4): 5,
        ("apoferritin", 20, 0): 5,
        ("beta_galactosidase", 40, 4): 5,
    }


def test_full_labels() -> None:
    assert count(STUDIES["full_labels"], "data_set", "network") == {
        (data_set, network): 3
        for data_set in ("apoferritin", "beta_galactosidase")
        for network in ("residual", "deepem8")
    }


def test_accuracy() -> None:
    sets = ("klh_like", "19s_like", "apoferritin", "beta_galactosidase", "klh")
    methods = {"residual": 3, "deepem8": 3} | dict.fromkeys((*CLASSICAL, *PROGRAMS), 1)
    assert count(STUDIES["accuracy"], "set", "method") == {
        (name, method): n for name in sets for method, n in methods.items()
    }
    bounds = {
        t.where["set"]: t.at_least for t in STUDIES["accuracy"].targets if t.figure == "lower"
    }
    assert bounds == {"klh_like": 0.95, "19s_like": 0.9, "klh": 0.95}


def test_training_size_is_in_whole_micrographs() -> None:
    cells = count(STUDIES["training_size"], "particles", "network")
    assert cells == {
        (n, network): 3 for n in (100, 400, 800, 1200) for network in ("residual", "deepem8")
    }
    large = SIMULATED_SETS["19s_like_large"]
    assert {n % large.n_particles for n, _ in cells} == {0}
    assert max(n for n, _ in cells) == large.n_training * large.n_particles


def test_low_signal() -> None:
    levels = {2.0: (0.01, 0.008, 0.005, 0.003, 0.002, 0.001), 5.0: (0.01, 0.005, 0.0025, 0.00125)}
    methods = {"residual": 3, "deepem8": 3, "templates": 1, "matched filter": 1}
    methods["ideal observer"] = 1
    assert count(STUDIES["low_signal"], "pixel_size", "snr", "method") == {
        (pixel_size, snr, method): n
        for pixel_size, some in levels.items()
        for snr in some
        for method, n in methods.items()
    }


def test_learning_cycle_compares_each_turn_with_one_training() -> None:
    assert count(STUDIES["learning_cycle"], "learnt", "turn") == {
        ("turn by turn", 0): 6,
        ("turn by turn", 1): 6,
        ("turn by turn", 2): 6,
        ("at once", 1): 6,
        ("at once", 2): 6,
    }


def test_paper_speed_states_the_papers_seconds() -> None:
    study = STUDIES["paper_speed"]
    assert count(study, "preset", "way") == {
        (preset, way): 3
        for preset in ("klh", "19s", "26s", "inflammasome")
        for way in ("one dense pass", "box by box", "residual, default binning")
    }
    assert {t.where["preset"]: t.at_most for t in study.targets} == {
        "klh": 190,
        "19s": 50,
        "26s": 60,
        "inflammasome": 40,
    }


def test_added_noise() -> None:
    assert count(STUDIES["added_noise"], "snr_divided_by", "method") == {
        (level, method): n
        for level in (10, 20, 40)
        for method, n in (("residual", 3), ("matched filter", 1))
    }


def make_particles(n: int = 200) -> Picks:
    rng = np.random.default_rng(3)
    frame = Frame(shape=(400, 500))
    return Picks("m", rng.uniform(0, 499, n), rng.uniform(0, 399, n), frame=frame)


def test_clicks_are_whole_particles_that_depend_on_the_seed_alone() -> None:
    particles = make_particles()
    clicks = click(particles, 20, seed=1, diameter_px=60)
    assert len(clicks) == 20
    assert clicks.edge_distance_px().min() >= 30
    assert set(zip(clicks.x_px, clicks.y_px, strict=True)) <= set(
        zip(particles.x_px, particles.y_px, strict=True)
    )
    assert np.array_equal(clicks.x_px, click(particles, 20, seed=1, diameter_px=60).x_px)
    assert not np.array_equal(clicks.x_px, click(particles, 20, seed=2, diameter_px=60).x_px)


def test_few_clicks_are_among_many() -> None:
    particles = make_particles()
    few, many = (click(particles, n, seed=1, diameter_px=60) for n in (5, 40))
    assert set(few.x_px) < set(many.x_px)


def test_added_noise_multiplies_that_between_the_particles() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(100, 3, size=(400, 500)).astype(np.float32)
    picks = Picks("m", [100, 300], [100, 200])
    for x, y in ((100, 100), (300, 200)):
        pixels[y - 15 : y + 15, x - 15 : x + 15] += 5  # not to be taken for noise
    noisy = bury(Micrograph.from_array(pixels, name="m"), picks, 10, diameter_px=50)
    assert measure_background(pixels, picks, distance_px=30) == pytest.approx(9, rel=0.02)
    assert measure_background(noisy.pixels(), picks, distance_px=30) == pytest.approx(90, rel=0.02)
    again = bury(Micrograph.from_array(pixels, name="m"), picks, 10, diameter_px=50)
    assert np.array_equal(noisy.pixels(), again.pixels())
